"""`platform_ai_providers`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymysql.err import IntegrityError

from chalicelib.domain.ai_providers import Provider, ProviderSpec, origin
from chalicelib.repositories.database import LOCK, MINE, NEWEST_FIRST, Row, Transaction

_SELECT = """
    SELECT id, tenant_id, name, base_url, api_key, models, is_enabled, created_at, updated_at
    FROM platform_ai_providers
    WHERE
"""
_COUNT = "SELECT COUNT(*) AS n FROM platform_ai_providers WHERE "
_FILTER = "(%(tenant_id)s IS NULL OR tenant_key = %(tenant_id)s)"


class NameTaken(Exception):
    """The tenant has a provider of that name already."""


@dataclass(frozen=True)
class ProviderRow:
    """What is written: the spec, and its key sealed."""

    spec: ProviderSpec
    sealed_key: str | None
    now: datetime

    def values(self) -> dict[str, Any]:
        spec = self.spec.model_dump(exclude={"api_key", "models"})
        models = json.dumps(self.spec.models)
        kept = {"api_key": self.sealed_key, "key_origin": origin(self.spec.base_url)}
        return {**spec, **kept, "models": models, "now": self.now}


def _provider(row: Row) -> Provider:
    return Provider(
        id=row["id"],
        tenant_id=row["tenant_id"],
        name=row["name"],
        base_url=row["base_url"],
        sealed_key=row["api_key"],
        models=tuple(json.loads(row["models"])),
        is_enabled=bool(row["is_enabled"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def page(tx: Transaction, tenant_id: str | None, *, offset: int, limit: int) -> list[Provider]:
    """Of one tenant (`_platform`: of the platform), or all; newest first."""
    values = {"tenant_id": tenant_id, "offset": offset, "limit": limit}
    return [_provider(row) for row in tx.all(f"{_SELECT} {_FILTER} {NEWEST_FIRST}", values)]


def count(tx: Transaction, tenant_id: str | None) -> int:
    row = tx.one(_COUNT + _FILTER, {"tenant_id": tenant_id})
    return int(row["n"]) if row else 0


def usable(tx: Transaction, tenant_id: str | None) -> list[Provider]:
    """Those that are on, of a tenant and of the platform; oldest first."""
    rows = tx.all(
        _SELECT + "is_enabled = 1 AND (tenant_id IS NULL OR tenant_id = %(tenant_id)s) ORDER BY id",
        {"tenant_id": tenant_id},
    )
    return [_provider(row) for row in rows]


def get(
    tx: Transaction, provider_id: int, tenant_id: str | None = None, *, lock: bool = False
) -> Provider | None:
    """`tenant_id` None: of any tenant."""
    row = tx.one(
        _SELECT + MINE + (LOCK if lock else ""), {"id": provider_id, "tenant_id": tenant_id}
    )
    return _provider(row) if row else None


def add(tx: Transaction, row: ProviderRow) -> int:
    """Raises NameTaken."""
    try:
        return tx.insert(
            """
            INSERT INTO platform_ai_providers
                (tenant_id, name, base_url, api_key, key_origin, models, is_enabled, created_at,
                 updated_at)
            VALUES
                (%(tenant_id)s, %(name)s, %(base_url)s, %(api_key)s, %(key_origin)s, %(models)s,
                 %(is_enabled)s, %(now)s, %(now)s)
            """,
            row.values(),
        )
    except IntegrityError:
        raise NameTaken from None


def update(tx: Transaction, provider_id: int, row: ProviderRow) -> None:
    """Raises NameTaken."""
    try:
        tx.execute(
            """
            UPDATE platform_ai_providers
            SET name = %(name)s, base_url = %(base_url)s, api_key = %(api_key)s,
                key_origin = %(key_origin)s, models = %(models)s,
                is_enabled = %(is_enabled)s, updated_at = %(now)s
            WHERE id = %(id)s
            """,
            {**row.values(), "id": provider_id},
        )
    except IntegrityError:
        raise NameTaken from None


def delete(tx: Transaction, provider_id: int) -> None:
    tx.execute("DELETE FROM platform_ai_providers WHERE id = %(id)s", {"id": provider_id})
