"""The ledger at a glance: what was due in a span of time, what became of it, and what comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from chalicelib.domain.errors import FieldError, Invalid
from chalicelib.domain.runs import Status, Trigger
from chalicelib.domain.schedule import between
from chalicelib.domain.text import Text
from chalicelib.repositories import forecasts, overviews
from chalicelib.repositories.database import Row, Transaction
from chalicelib.repositories.overviews import Span
from chalicelib.repositories.tasks import DueTask
from chalicelib.services.platform import Platform
from chalicelib.services.schedules import Days, own_days, schedule_of

DEFAULT_SPAN = timedelta(hours=24)
LONGEST_SPAN = timedelta(days=31)
AHEAD = timedelta(hours=24)
#: How many tasks of a list of the first ones, and how many tenants.
TOP = 10
MOST_TENANTS = 100
#: Of what is to come, so many tasks and occurrences are counted; beyond, `is_exact` is false.
MOST_TASKS = 5000
MOST_OCCURRENCES = 200_000


def overview(
    platform: Platform,
    tenant_id: str | None,
    start: datetime | None,
    end: datetime | None,
    *,
    with_tenants: bool,
) -> dict[str, Any]:
    """Numbers of one tenant, or of all; the last 24 hours if no span is given. Raises Invalid."""
    now = platform.now()
    span = _span(start, end, tenant_id, now)
    with platform.database.transaction() as tx:
        counted = overviews.counts(tx, span)
        whole = overviews.numbers(tx, span, "1", 1)
        tasks = overviews.numbers(tx, span, "task_id", TOP)
        tenants = overviews.numbers(tx, span, "tenant_id", MOST_TENANTS) if with_tenants else []
        coming = _coming(tx, tenant_id, now)
    return {
        "from": span.start,
        "to": span.end,
        "tenant_id": tenant_id,
        **_counts(counted),
        **_spread(whole[0] if whole else None),
        "tasks": _firsts(tasks),
        **({"tenants": [_tenant(row) for row in tenants]} if with_tenants else {}),
        "next_24h": coming,
    }


def _span(
    start: datetime | None, end: datetime | None, tenant_id: str | None, now: datetime
) -> Span:
    until = end or (start + DEFAULT_SPAN if start else now)
    since = start or until - DEFAULT_SPAN
    if since >= until:
        raise Invalid(FieldError("to", Text("须晚于 from", "must be later than from")))
    if until - since > LONGEST_SPAN:
        text = Text("时间范围最长 31 天,请缩短", "a span has at most 31 days; shorten it")
        raise Invalid(FieldError("from", text))
    return Span(since, until, tenant_id)


def _counts(counted: Iterable[Row]) -> dict[str, Any]:
    by: dict[str, Counter[str]] = {
        name: Counter() for name in ("status", "trigger_type", "skip_reason", "error_kind")
    }
    total = 0
    for row in counted:
        total += row["n"]
        for name, counter in by.items():
            if row[name] is not None:
                counter[row[name]] += row["n"]
    return {
        "total": total,
        "by_status": {status: by["status"][status] for status in Status},
        "by_trigger": {trigger: by["trigger_type"][trigger] for trigger in Trigger},
        "skipped_by_reason": dict(by["skip_reason"].most_common()),
        "failed_by_kind": dict(by["error_kind"].most_common()),
    }


def _spread(row: Row | None) -> dict[str, Any]:
    found = row or {}
    return {
        "started": found.get("started", 0),
        "lateness_ms": {name: found.get(f"late_{name}") for name in ("p50", "p99", "max")},
        "duration_ms": {name: found.get(f"took_{name}") for name in ("p50", "p99")},
    }


def _group(row: Row) -> dict[str, Any]:
    counted = ("total", "success", "failed", "skipped", "cancelled")
    return {**{name: row[name] for name in counted}, **_spread(row)}


def _tenant(row: Row) -> dict[str, Any]:
    return {"tenant_id": row["name"], **_group(row)}


def _task(row: Row) -> dict[str, Any]:
    named = {"task_id": row["name"], "task_name": row["task_name"], "tenant_id": row["tenant_id"]}
    return {**named, **_group(row)}


def _firsts(rows: list[Row]) -> dict[str, Any]:
    """The tasks that fail most, start latest, and run most."""
    failing = sorted((row for row in rows if row["failed"]), key=lambda row: row["by_failed"])
    late = sorted((row for row in rows if row["late_p99"]), key=lambda row: row["by_late"])
    busiest = sorted(rows, key=lambda row: row["by_total"])
    lists = {"failing": failing, "late": late, "busiest": busiest}
    return {name: [_task(row) for row in found[:TOP]] for name, found in lists.items()}


def _coming(tx: Transaction, tenant_id: str | None, now: datetime) -> dict[str, Any]:
    """What the schedules hold for the next 24 hours, planned or not."""
    until = now + AHEAD
    waiting = forecasts.planned_before(tx, tenant_id, until)
    found = forecasts.tasks_before(tx, tenant_id, until, MOST_TASKS + 1)
    some = found[:MOST_TASKS]
    counted, is_whole = _occurrences(some, own_days(tx, some), until)
    return {
        "occurrences": waiting + counted,
        "is_exact": is_whole and len(found) <= MOST_TASKS,
    }


def _occurrences(tasks: Iterable[DueTask], days: Days, until: datetime) -> tuple[int, bool]:
    """How many are not planned yet, and whether that is all; equal schedules are walked once."""
    alike: Counter[Any] = Counter()
    for task in tasks:
        try:
            alike[schedule_of(task, days), task.next_run_at] += 1
        except Invalid:
            continue  # the tick that comes to it stops it and says why
    total, walked = 0, 0
    for (schedule, start), many in alike.items():
        left = MOST_OCCURRENCES - walked
        found = sum(1 for _ in islice(between(schedule, start, until), left + 1))
        walked += found
        total += many * found
        if found > left:
            return total, False
    return total, True
