"""`platform_tenants`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.repositories.database import LOCK, Row, Transaction, like

_SELECT = """
    SELECT tenant_id, tenant_name, is_enabled, max_running, created_at, updated_at
    FROM platform_tenants
    WHERE
"""


@dataclass(frozen=True)
class TenantFilter:
    """What a list of tenants is narrowed to; None leaves a field free."""

    tenant_id: str | None = None
    search: str | None = None
    is_enabled: bool | None = None

    def params(self) -> dict[str, Any]:
        return {**self.__dict__, "pattern": like(self.search)}


_COUNT = "SELECT COUNT(*) AS n FROM platform_tenants WHERE "
_FILTER = """
    (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)
    AND (%(pattern)s IS NULL OR tenant_name LIKE %(pattern)s ESCAPE '!'
         OR tenant_id COLLATE utf8mb4_general_ci LIKE %(pattern)s ESCAPE '!')
    AND (%(is_enabled)s IS NULL OR is_enabled = %(is_enabled)s)
"""


def _tenant(row: Row) -> Row:
    return {**row, "is_enabled": bool(row["is_enabled"])}


def page(tx: Transaction, wanted: TenantFilter, *, offset: int, limit: int) -> list[Row]:
    """In the order of their ids."""
    rows = tx.all(
        _SELECT + _FILTER + "ORDER BY tenant_id LIMIT %(limit)s OFFSET %(offset)s",
        {**wanted.params(), "offset": offset, "limit": limit},
    )
    return [_tenant(row) for row in rows]


def count(tx: Transaction, wanted: TenantFilter) -> int:
    row = tx.one(_COUNT + _FILTER, wanted.params())
    return int(row["n"]) if row else 0


def names(tx: Transaction, tenant_id: str | None) -> list[Row]:
    """`tenant_id`, `tenant_name`, `is_enabled` of one tenant, or of all."""
    rows = tx.all(
        "SELECT tenant_id, tenant_name, is_enabled FROM platform_tenants"
        " WHERE (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s) ORDER BY tenant_id",
        {"tenant_id": tenant_id},
    )
    return [_tenant(row) for row in rows]


def get(tx: Transaction, tenant_id: str, *, lock: bool = False) -> Row | None:
    row = tx.one(
        _SELECT + "tenant_id = %(tenant_id)s" + (LOCK if lock else ""), {"tenant_id": tenant_id}
    )
    return _tenant(row) if row else None


def add(tx: Transaction, tenant_id: str, tenant_name: str, is_enabled: bool, now: datetime) -> bool:
    """Store a new tenant; False where there is one of this id.

    Either way nobody deletes it until this transaction ends, as the row is held.
    """
    return (
        tx.execute(
            """
            INSERT IGNORE INTO platform_tenants
                (tenant_id, tenant_name, is_enabled, created_at, updated_at)
            VALUES (%(tenant_id)s, %(tenant_name)s, %(is_enabled)s, %(now)s, %(now)s)
            """,
            {
                "tenant_id": tenant_id,
                "tenant_name": tenant_name,
                "is_enabled": is_enabled,
                "now": now,
            },
        )
        == 1
    )


def update(tx: Transaction, tenant_id: str, change: Mapping[str, Any], now: datetime) -> None:
    """Set tenant_name, is_enabled and max_running."""
    tx.execute(
        "UPDATE platform_tenants SET tenant_name = %(tenant_name)s, is_enabled = %(is_enabled)s,"
        " max_running = %(max_running)s, updated_at = %(now)s WHERE tenant_id = %(tenant_id)s",
        {**change, "tenant_id": tenant_id, "now": now},
    )


@dataclass(frozen=True)
class Terms:
    """What a tenant's runs are held to; `max_running` None: as the setting has it."""

    is_enabled: bool = True
    max_running: int | None = None


def terms(tx: Transaction, tenant_id: str) -> Terms:
    """Not locked; of a tenant that nobody registered, what holds for any."""
    row = tx.one(
        "SELECT is_enabled, max_running FROM platform_tenants WHERE tenant_id = %(tenant_id)s",
        {"tenant_id": tenant_id},
    )
    return Terms(bool(row["is_enabled"]), row["max_running"]) if row else Terms()


def belongings(tx: Transaction, tenant_id: str) -> Row:
    """How many rows of each kind a tenant has; of its keys those that live."""
    row = tx.one(
        """
        SELECT
          (SELECT COUNT(*) FROM platform_scheduled_tasks
           WHERE tenant_id = %(tenant_id)s) AS tasks,
          (SELECT COUNT(*) FROM platform_task_notify_channels
           WHERE tenant_id = %(tenant_id)s) AS channels,
          (SELECT COUNT(*) FROM platform_api_keys
           WHERE tenant_id = %(tenant_id)s AND revoked_at IS NULL) AS api_keys,
          (SELECT COUNT(*) FROM platform_secrets WHERE tenant_id = %(tenant_id)s) AS secrets,
          (SELECT COUNT(*) FROM platform_data_sources
           WHERE tenant_id = %(tenant_id)s) AS data_sources,
          (SELECT COUNT(*) FROM platform_ai_providers
           WHERE tenant_id = %(tenant_id)s) AS ai_providers,
          (SELECT COUNT(*) FROM platform_calendar_days
           WHERE tenant_id = %(tenant_id)s) AS calendar_days
        """,
        {"tenant_id": tenant_id},
    )
    assert row is not None  # a number of each, whatever there is
    return row


def delete(tx: Transaction, tenant_id: str) -> None:
    tx.execute(
        "DELETE FROM platform_tenants WHERE tenant_id = %(tenant_id)s", {"tenant_id": tenant_id}
    )
