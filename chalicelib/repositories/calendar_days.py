"""`platform_calendar_days`: a tenant's own working days and days off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from chalicelib.domain.day_rule import day_number
from chalicelib.domain.tasks import PLATFORM_TENANT
from chalicelib.domain.workdays import Exceptions
from chalicelib.repositories.database import MINE, Row, Transaction

_ONE = "SELECT id, tenant_id, day FROM platform_calendar_days WHERE "


def page(
    tx: Transaction, tenant_id: str | None, year: int | None, *, offset: int, limit: int
) -> list[Row]:
    """Of one tenant, or all; in the order of days."""
    rows = tx.all(
        "SELECT id, tenant_id, day, is_workday, note, created_at FROM platform_calendar_days"
        " WHERE (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)"
        " AND (%(year)s IS NULL OR YEAR(day) = %(year)s)"
        " ORDER BY day, id LIMIT %(limit)s OFFSET %(offset)s",
        {"tenant_id": tenant_id, "year": year, "offset": offset, "limit": limit},
    )
    return [{**row, "is_workday": bool(row["is_workday"])} for row in rows]


def count(tx: Transaction, tenant_id: str | None, year: int | None) -> int:
    row = tx.one(
        "SELECT COUNT(*) AS n FROM platform_calendar_days"
        " WHERE (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)"
        " AND (%(year)s IS NULL OR YEAR(day) = %(year)s)",
        {"tenant_id": tenant_id, "year": year},
    )
    return int(row["n"]) if row else 0


def put(tx: Transaction, day: Mapping[str, object]) -> None:
    """Store a day: tenant_id, day, is_workday, note, now; what it was before is replaced."""
    tx.execute(
        "INSERT INTO platform_calendar_days (tenant_id, day, is_workday, note, created_at)"
        " VALUES (%(tenant_id)s, %(day)s, %(is_workday)s, %(note)s, %(now)s)"
        " ON DUPLICATE KEY UPDATE is_workday = %(is_workday)s, note = %(note)s",
        dict(day),
    )


def on(tx: Transaction, tenant_id: str | None, day: date) -> Row | None:
    row = tx.one(
        "SELECT id, tenant_id, day, is_workday, note, created_at FROM platform_calendar_days"
        " WHERE tenant_key = %(tenant)s AND day = %(day)s",
        {"tenant": tenant_id or PLATFORM_TENANT, "day": day},
    )
    return {**row, "is_workday": bool(row["is_workday"])} if row else None


def get(tx: Transaction, day_id: int, tenant_id: str | None) -> Row | None:
    """One day; with a `tenant_id`, only if it is that tenant's."""
    return tx.one(_ONE + MINE, {"id": day_id, "tenant_id": tenant_id})


def delete(tx: Transaction, day_id: int) -> None:
    tx.execute("DELETE FROM platform_calendar_days WHERE id = %(id)s", {"id": day_id})


def of_tenants(tx: Transaction, tenants: Iterable[str | None]) -> dict[str | None, Exceptions]:
    """The days of each tenant (None is the platform), for schedules; one query for all."""
    keys = {tenant or PLATFORM_TENANT: tenant for tenant in tenants}
    if not keys:
        return {}
    rows = tx.all(
        "SELECT tenant_key, day, is_workday FROM platform_calendar_days"
        " WHERE tenant_key IN %(tenants)s",
        {"tenants": tuple(keys)},
    )
    days: dict[tuple[str, bool], set[int]] = defaultdict(set)
    for row in rows:
        days[row["tenant_key"], bool(row["is_workday"])].add(day_number(row["day"]))
    return {
        tenant: Exceptions(frozenset(days[key, True]), frozenset(days[key, False]))
        for key, tenant in keys.items()
    }
