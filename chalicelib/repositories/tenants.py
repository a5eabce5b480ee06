"""`platform_tenants`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.repositories.database import LOCK, Row, Transaction, like

_SELECT = """
    SELECT tenant_id, tenant_name, is_enabled, created_at, updated_at
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


def update(
    tx: Transaction, tenant_id: str, tenant_name: str, is_enabled: bool, now: datetime
) -> None:
    tx.execute(
        "UPDATE platform_tenants SET tenant_name = %(tenant_name)s, is_enabled = %(is_enabled)s,"
        " updated_at = %(now)s WHERE tenant_id = %(tenant_id)s",
        {
            "tenant_id": tenant_id,
            "tenant_name": tenant_name,
            "is_enabled": is_enabled,
            "now": now,
        },
    )


def is_disabled(tx: Transaction, tenant_id: str) -> bool:
    """Whether the tenant was switched off; not locked."""
    row = tx.one(
        "SELECT is_enabled FROM platform_tenants WHERE tenant_id = %(tenant_id)s",
        {"tenant_id": tenant_id},
    )
    return row is not None and not row["is_enabled"]


def belongings(tx: Transaction, tenant_id: str) -> Row:
    """How many `tasks`, `channels` and live `api_keys` a tenant has."""
    row = tx.one(
        """
        SELECT
          (SELECT COUNT(*) FROM platform_scheduled_tasks
           WHERE tenant_id = %(tenant_id)s) AS tasks,
          (SELECT COUNT(*) FROM platform_task_notify_channels
           WHERE tenant_id = %(tenant_id)s) AS channels,
          (SELECT COUNT(*) FROM platform_api_keys
           WHERE tenant_id = %(tenant_id)s AND revoked_at IS NULL) AS api_keys
        """,
        {"tenant_id": tenant_id},
    )
    assert row is not None  # three numbers, whatever there is
    return row


def delete(tx: Transaction, tenant_id: str) -> None:
    tx.execute(
        "DELETE FROM platform_tenants WHERE tenant_id = %(tenant_id)s", {"tenant_id": tenant_id}
    )
