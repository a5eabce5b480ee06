"""`platform_data_sources`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pymysql

from chalicelib.domain.data_sources import DataSource
from chalicelib.repositories.database import NEWEST_FIRST, Row, Transaction

_SELECT = """
    SELECT id, tenant_id, name, dsn_sealed, dsn_shown, tls_ca, created_at, updated_at
    FROM platform_data_sources
    WHERE
"""
_COUNT = "SELECT COUNT(*) AS n FROM platform_data_sources WHERE "
_OF_TENANT = " (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s) "


class Taken(Exception):
    """The tenant has a data source already."""


def page(tx: Transaction, tenant_id: str | None, *, offset: int, limit: int) -> list[DataSource]:
    """Newest first; of one tenant, or all."""
    rows = tx.all(
        _SELECT + _OF_TENANT + NEWEST_FIRST,
        {"tenant_id": tenant_id, "offset": offset, "limit": limit},
    )
    return [DataSource(**row) for row in rows]


def count(tx: Transaction, tenant_id: str | None) -> int:
    row = tx.one(
        _COUNT + _OF_TENANT,
        {"tenant_id": tenant_id},
    )
    return int(row["n"]) if row else 0


def get(tx: Transaction, source_id: int) -> DataSource | None:
    return _one(tx.one(_SELECT + "id = %(id)s", {"id": source_id}))


def of_tenant(tx: Transaction, tenant_id: str | None) -> DataSource | None:
    """The one that a tenant's scripts read; None is the platform."""
    return _one(tx.one(_SELECT + "tenant_id <=> %(tenant_id)s", {"tenant_id": tenant_id}))


def add(tx: Transaction, values: dict[str, Any], now: datetime) -> int:
    """Store tenant_id, name, dsn_sealed, dsn_shown, tls_ca; raises Taken."""
    try:
        return tx.insert(
            """
            INSERT INTO platform_data_sources
                (tenant_id, name, dsn_sealed, dsn_shown, tls_ca, created_at, updated_at)
            VALUES
                (%(tenant_id)s, %(name)s, %(dsn_sealed)s, %(dsn_shown)s, %(tls_ca)s,
                 %(now)s, %(now)s)
            """,
            {**values, "now": now},
        )
    except pymysql.err.IntegrityError:
        raise Taken from None


def update(tx: Transaction, source_id: int, values: dict[str, Any], now: datetime) -> None:
    """Replace name, dsn_sealed, dsn_shown and tls_ca; the tenant stays."""
    tx.execute(
        """
        UPDATE platform_data_sources
        SET name = %(name)s, dsn_sealed = %(dsn_sealed)s, dsn_shown = %(dsn_shown)s,
            tls_ca = %(tls_ca)s, updated_at = %(now)s
        WHERE id = %(id)s
        """,
        {**values, "id": source_id, "now": now},
    )


def delete(tx: Transaction, source_id: int) -> bool:
    """False where there is no such one."""
    deleted = tx.execute("DELETE FROM platform_data_sources WHERE id = %(id)s", {"id": source_id})
    return deleted == 1


def platform_tables(tx: Transaction) -> list[str]:
    """The names, in lower case, of the platform's own tables, which no data source may show."""
    rows = tx.all(
        "SELECT LOWER(table_name) AS name FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name LIKE 'platform\\\\_%'"
    )
    return [row["name"] for row in rows]


def _one(row: Row | None) -> DataSource | None:
    return DataSource(**row) if row else None
