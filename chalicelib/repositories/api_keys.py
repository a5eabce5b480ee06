"""`platform_api_keys`."""

from __future__ import annotations

from datetime import datetime

from chalicelib.repositories.database import Row, Transaction


def add(tx: Transaction, key: Row) -> int:
    """Store a key: tenant_id, role, name, prefix, key_hash, now."""
    return tx.insert(
        """
        INSERT INTO platform_api_keys (tenant_id, role, name, prefix, key_hash, created_at)
        VALUES (%(tenant_id)s, %(role)s, %(name)s, %(prefix)s, %(key_hash)s, %(now)s)
        """,
        key,
    )


def by_hash(tx: Transaction, key_hash: bytes) -> Row | None:
    """The live key with this hash, and whether its tenant is switched on."""
    return tx.one(
        """
        SELECT k.id, k.tenant_id, k.role, k.name, k.last_used_at,
               COALESCE(t.is_enabled, 1) AS tenant_is_enabled
        FROM platform_api_keys k
        LEFT JOIN platform_tenants t ON t.tenant_id = k.tenant_id
        WHERE k.key_hash = %(key_hash)s AND k.revoked_at IS NULL
        """,
        {"key_hash": key_hash},
    )


def touch(tx: Transaction, key_id: int, now: datetime) -> None:
    tx.execute(
        "UPDATE platform_api_keys SET last_used_at = %(now)s WHERE id = %(id)s",
        {"id": key_id, "now": now},
    )


def page(tx: Transaction, tenant_id: str | None, *, offset: int, limit: int) -> list[Row]:
    """Newest first, revoked ones too; of one tenant, or all."""
    return tx.all(
        """
        SELECT id, tenant_id, role, name, prefix, created_at, last_used_at, revoked_at
        FROM platform_api_keys
        WHERE (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)
        ORDER BY id DESC LIMIT %(limit)s OFFSET %(offset)s
        """,
        {"tenant_id": tenant_id, "offset": offset, "limit": limit},
    )


def count(tx: Transaction, tenant_id: str | None) -> int:
    row = tx.one(
        "SELECT COUNT(*) AS n FROM platform_api_keys"
        " WHERE (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)",
        {"tenant_id": tenant_id},
    )
    return int(row["n"]) if row else 0


def revoke(tx: Transaction, key_id: int, tenant_id: str | None, now: datetime) -> bool:
    """End a key; False where there is no such live key."""
    return (
        tx.execute(
            "UPDATE platform_api_keys SET revoked_at = %(now)s WHERE id = %(id)s"
            " AND revoked_at IS NULL AND (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)",
            {"id": key_id, "tenant_id": tenant_id, "now": now},
        )
        == 1
    )
