"""`platform_secrets`: what scripts ask for by name, sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.secrets import Secret
from chalicelib.repositories.database import LOCK, MINE, NEWEST_FIRST, Row, Transaction

TABLE = "platform_secrets"
_SELECT = """
    SELECT id, tenant_id, secret_key, ciphertext, description, is_shared, created_at, updated_at,
       updated_by
    FROM platform_secrets
    WHERE
"""
_OF = "(%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)"
_DELETE = "DELETE FROM platform_secrets WHERE "
_COUNT = "SELECT COUNT(*) AS n FROM platform_secrets WHERE "


@dataclass(frozen=True)
class Sealed:
    """A secret and its value as it lies there."""

    secret: Secret
    ciphertext: str


def _sealed(row: Row) -> Sealed:
    fields = {**row, "is_shared": bool(row["is_shared"])}
    ciphertext = fields.pop("ciphertext")
    return Sealed(Secret.model_construct(**fields), ciphertext)


def page(tx: Transaction, tenant_id: str | None, *, offset: int, limit: int) -> list[Sealed]:
    """Newest first; of one tenant, or all."""
    rows = tx.all(
        f"{_SELECT} {_OF} {NEWEST_FIRST}",
        {"tenant_id": tenant_id, "offset": offset, "limit": limit},
    )
    return [_sealed(row) for row in rows]


def count(tx: Transaction, tenant_id: str | None) -> int:
    row = tx.one(_COUNT + _OF, {"tenant_id": tenant_id})
    return int(row["n"]) if row else 0


def get(
    tx: Transaction, secret_id: int, tenant_id: str | None = None, *, lock: bool = False
) -> Sealed | None:
    row = tx.one(_SELECT + MINE + (LOCK if lock else ""), {"id": secret_id, "tenant_id": tenant_id})
    return _sealed(row) if row else None


def find(tx: Transaction, tenant_id: str | None, key: str) -> Sealed | None:
    """What a script of this tenant (None: the platform's) reads by this name: its tenant's own,
    else the platform's if that is shared."""
    row = tx.one(
        _SELECT
        + """
            secret_key = %(key)s AND (owner_id = COALESCE(%(tenant_id)s, '_platform')
                OR (owner_id = '_platform' AND is_shared = 1))
            ORDER BY owner_id = '_platform' LIMIT 1
        """,
        {"tenant_id": tenant_id, "key": key},
    )
    return _sealed(row) if row else None


def add(tx: Transaction, secret: dict[str, Any]) -> int | None:
    """Store a secret: tenant_id, secret_key, ciphertext, description, is_shared, by, now.

    None where its owner has one of that name; the server decides, so two at once make one.
    """
    new_id = tx.insert(
        """
        INSERT IGNORE INTO platform_secrets
            (tenant_id, secret_key, ciphertext, description, is_shared, created_at, updated_at,
             updated_by)
        VALUES
            (%(tenant_id)s, %(secret_key)s, %(ciphertext)s, %(description)s, %(is_shared)s,
             %(now)s, %(now)s, %(by)s)
        """,
        secret,
    )
    # The server answers no id where it ignored the row.
    return new_id or None


def update(tx: Transaction, secret_id: int, secret: dict[str, Any]) -> None:
    """Store ciphertext, description, is_shared, by, now."""
    tx.execute(
        """
        UPDATE platform_secrets
        SET ciphertext = %(ciphertext)s, description = %(description)s,
            is_shared = %(is_shared)s, updated_at = %(now)s, updated_by = %(by)s
        WHERE id = %(id)s
        """,
        {**secret, "id": secret_id},
    )


def delete(tx: Transaction, secret_id: int, tenant_id: str | None) -> bool:
    """False where there is no such secret."""
    return tx.execute(_DELETE + MINE, {"id": secret_id, "tenant_id": tenant_id}) == 1
