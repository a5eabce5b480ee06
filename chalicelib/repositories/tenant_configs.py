"""`platform_tenant_configs`: what the platform keeps for each tenant, by app and key."""

from __future__ import annotations

from datetime import datetime

from chalicelib.repositories.database import Row, Transaction

_THIS = """
    FROM platform_tenant_configs
    WHERE tenant_id = %(tenant_id)s AND app_code = %(app_code)s AND config_key = %(key)s
"""
_FILTER = """
    FROM platform_tenant_configs
    WHERE tenant_id = %(tenant_id)s AND (%(app_code)s IS NULL OR app_code = %(app_code)s)
"""


def get(tx: Transaction, tenant_id: str, app_code: str, key: str) -> Row | None:
    """`value` (JSON text), `created_at` and `updated_at`."""
    return tx.one(
        "SELECT config_value AS value, created_at, updated_at" + _THIS,
        {"tenant_id": tenant_id, "app_code": app_code, "key": key},
    )


def page(
    tx: Transaction, tenant_id: str, app_code: str | None, *, offset: int, limit: int
) -> list[Row]:
    """A tenant's configs, of one app or all, in the order of app and key."""
    return tx.all(
        "SELECT app_code, config_key AS `key`, config_value AS value, created_at, updated_at"
        + _FILTER
        + "ORDER BY app_code, config_key LIMIT %(limit)s OFFSET %(offset)s",
        {"tenant_id": tenant_id, "app_code": app_code, "offset": offset, "limit": limit},
    )


def count(tx: Transaction, tenant_id: str, app_code: str | None = None) -> int:
    row = tx.one("SELECT COUNT(*) AS n" + _FILTER, {"tenant_id": tenant_id, "app_code": app_code})
    return int(row["n"]) if row else 0


def of_all(tx: Transaction, tenant_id: str | None, app_code: str, key: str) -> list[Row]:
    """One config of every tenant that has it, or of one tenant, with the tenants' names."""
    return tx.all(
        """
        SELECT c.tenant_id, t.tenant_name, t.is_enabled, c.config_value AS value
        FROM platform_tenant_configs c
        JOIN platform_tenants t ON t.tenant_id = c.tenant_id
        WHERE c.app_code = %(app_code)s AND c.config_key = %(key)s
          AND (%(tenant_id)s IS NULL OR c.tenant_id = %(tenant_id)s)
        ORDER BY c.tenant_id
        """,
        {"tenant_id": tenant_id, "app_code": app_code, "key": key},
    )


def put(tx: Transaction, config: Row, now: datetime) -> None:
    """Store a config: tenant_id, app_code, key, value (JSON text)."""
    tx.execute(
        """
        INSERT INTO platform_tenant_configs
            (tenant_id, app_code, config_key, config_value, created_at, updated_at)
        VALUES (%(tenant_id)s, %(app_code)s, %(key)s, %(value)s, %(now)s, %(now)s)
        ON DUPLICATE KEY UPDATE config_value = %(value)s, updated_at = %(now)s
        """,
        {**config, "now": now},
    )


def delete(tx: Transaction, tenant_id: str, app_code: str, key: str) -> bool:
    """False where there was no such config."""
    deleted = tx.execute(
        "DELETE" + _THIS,
        {"tenant_id": tenant_id, "app_code": app_code, "key": key},
    )
    return deleted == 1


def delete_all(tx: Transaction, tenant_id: str) -> None:
    tx.execute(
        "DELETE FROM platform_tenant_configs WHERE tenant_id = %(tenant_id)s",
        {"tenant_id": tenant_id},
    )
