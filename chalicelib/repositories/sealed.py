"""Every column that holds what is sealed, for the rotation of master keys."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.repositories.database import Row, Transaction


@dataclass(frozen=True)
class Holder:
    """A table with `id` and `tenant_id`, the column that names a row and the one that is sealed.

    Its rows are sealed in the context `context_of(table, tenant_id, name)`.
    """

    table: str
    name: str
    column: str


@dataclass(frozen=True)
class SealedRow:
    """One row of a holder."""

    id: int
    tenant_id: str | None
    name: str
    sealed: str = field(repr=False)


#: Whoever seals something adds a line here.
HOLDERS = (
    Holder("platform_ai_providers", "key_origin", "api_key"),
    Holder("platform_data_sources", "name", "dsn_sealed"),
    Holder("platform_secrets", "secret_key", "ciphertext"),
    # Their tokens are not here: one that cannot be opened is fetched anew.
    Holder("platform_wecom_apps", "corpid", "secret_sealed"),
)


def others(
    tx: Transaction, holder: Holder, key_id: str, *, after_id: int, limit: int
) -> list[SealedRow]:
    """Rows behind `after_id`, by id, that are sealed under another key than this one."""
    rows: list[Row] = tx.all(
        _SELECT.format(**holder.__dict__),
        {"key_id": key_id, "after_id": after_id, "limit": limit},
    )
    return [SealedRow(row["id"], row["tenant_id"], row["name"], row["sealed"]) for row in rows]


def replace(tx: Transaction, holder: Holder, row: SealedRow, sealed: str) -> bool:
    """Store the same sealed anew; False if somebody changed or deleted the row meanwhile."""
    changed = tx.execute(
        _UPDATE.format(**holder.__dict__), {"id": row.id, "before": row.sealed, "sealed": sealed}
    )
    return changed == 1


# The names are those of HOLDERS, never a user's.
_SELECT = """
    SELECT id, tenant_id, {name} AS name, {column} AS sealed FROM {table}
    WHERE id > %(after_id)s AND {column} IS NOT NULL
        AND SUBSTRING_INDEX({column}, '.', 1) <> %(key_id)s
    ORDER BY id LIMIT %(limit)s
"""
_UPDATE = "UPDATE {table} SET {column} = %(sealed)s WHERE id = %(id)s AND {column} = %(before)s"
