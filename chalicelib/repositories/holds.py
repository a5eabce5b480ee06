"""`platform_holds`: pauses and maintenance windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain.holds import FOR_EVER, Hold, scopes_over
from chalicelib.repositories.database import Row, Transaction

_COLUMNS = """
    SELECT id, scope, kind, starts_at, ends_at, reason, created_by, created_at
    FROM platform_holds
"""


def over(tx: Transaction, tenant_id: str | None, since: datetime, until: datetime) -> list[Hold]:
    """What touches the time from `since` to `until` (inclusive) for a tenant's tasks, or for the
    platform's own (None); pauses first."""
    return of_tenants(tx, [tenant_id], since, until)[tenant_id]


def of_tenants(
    tx: Transaction, tenants: Iterable[str | None], since: datetime, until: datetime
) -> dict[str | None, list[Hold]]:
    """The same of each of these tenants; one query for all."""
    wanted = set(tenants)
    if not wanted:
        return {}
    scopes = {scope for tenant in wanted for scope in scopes_over(tenant)}
    rows = tx.all(
        _OVER + " ORDER BY kind, id",
        {"scopes": tuple(sorted(scopes)), "since": since, "until": until},
    )
    found = [Hold(**row) for row in rows]
    return {
        tenant: [hold for hold in found if hold.scope in scopes_over(tenant)] for tenant in wanted
    }


_OVER = """
    SELECT id, scope, kind, starts_at, ends_at, reason FROM platform_holds
    WHERE scope IN %(scopes)s AND ends_at > %(since)s AND starts_at <= %(until)s
"""


@dataclass(frozen=True)
class HoldFilter:
    """What a list is narrowed to: a kind, some scopes (empty: all), and those in force after."""

    kind: str
    scopes: Sequence[str] = ()
    after: datetime | None = None

    def params(self) -> dict[str, Any]:
        scopes = tuple(self.scopes)
        return {**self.__dict__, "scopes": scopes or ("",), "all_scopes": not scopes}


_COUNT = "SELECT COUNT(*) AS n FROM platform_holds"
_FILTER = """
    WHERE kind = %(kind)s AND (%(all_scopes)s OR scope IN %(scopes)s)
      AND (%(after)s IS NULL OR ends_at > %(after)s)
"""


def page(tx: Transaction, wanted: HoldFilter, *, offset: int, limit: int) -> list[Row]:
    """The last to start first."""
    return tx.all(
        _COLUMNS + _FILTER + " ORDER BY starts_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s",
        {**wanted.params(), "offset": offset, "limit": limit},
    )


def count(tx: Transaction, wanted: HoldFilter) -> int:
    row = tx.one(_COUNT + _FILTER, wanted.params())
    return int(row["n"]) if row else 0


def get(tx: Transaction, hold_id: int, kind: str, *, lock: bool = False) -> Row | None:
    sql = _COLUMNS + " WHERE id = %(id)s AND kind = %(kind)s" + (" FOR UPDATE" if lock else "")
    return tx.one(sql, {"id": hold_id, "kind": kind})


def add(tx: Transaction, hold: Mapping[str, Any]) -> int:
    """Store scope, kind, starts_at, ends_at, reason, created_by, now; returns the id."""
    return tx.insert(
        "INSERT INTO platform_holds"
        " (scope, kind, starts_at, ends_at, reason, created_by, created_at) VALUES"
        " (%(scope)s, %(kind)s, %(starts_at)s, %(ends_at)s, %(reason)s, %(created_by)s, %(now)s)",
        hold,
    )


def change(tx: Transaction, hold_id: int, hold: Mapping[str, Any]) -> None:
    """Set starts_at, ends_at and reason."""
    tx.execute(
        "UPDATE platform_holds SET starts_at = %(starts_at)s, ends_at = %(ends_at)s,"
        " reason = %(reason)s WHERE id = %(id)s",
        {**hold, "id": hold_id},
    )


def delete(tx: Transaction, hold_id: int) -> None:
    tx.execute("DELETE FROM platform_holds WHERE id = %(id)s", {"id": hold_id})


def end_pauses(tx: Transaction, scope: str, now: datetime) -> int:
    """End the pauses of a scope that go on; returns how many."""
    return tx.execute(
        "UPDATE platform_holds SET ends_at = GREATEST(starts_at, %(now)s)"
        " WHERE scope = %(scope)s AND kind = 'pause' AND ends_at = %(for_ever)s",
        {"scope": scope, "now": now, "for_ever": FOR_EVER},
    )


def forget(tx: Transaction, scope: str) -> None:
    """Delete all of a scope: its tenant is gone."""
    tx.execute("DELETE FROM platform_holds WHERE scope = %(scope)s", {"scope": scope})
