"""The ledger at a glance: what was due in a span of time, what became of it, and what comes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from chalicelib.domain.errors import FieldError, Invalid
from chalicelib.domain.percentiles import Counted, spread
from chalicelib.domain.runs import Status, Trigger
from chalicelib.domain.schedule import between
from chalicelib.domain.text import Text
from chalicelib.repositories import forecasts, overviews
from chalicelib.repositories.database import Row, Transaction
from chalicelib.repositories.due_tasks import DueTask
from chalicelib.repositories.overviews import Span
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

Distributions = dict[Any, list[Counted]]


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
        of_tenants = _spreads(tx, span, "tenant_id", None)
        tasks = overviews.tasks(tx, span, TOP)
        of_tasks = _spreads(tx, span, "task_id", [row["task_id"] for row in tasks])
        coming = _coming(tx, tenant_id, now)
    tenants = {"tenants": _tenants(counted, of_tenants)} if with_tenants else {}
    return {
        "from": span.start,
        "to": span.end,
        "tenant_id": tenant_id,
        **_counts(counted),
        **of_tenants.whole(),
        "tasks": _firsts(tasks, of_tasks),
        **tenants,
        "next_24h": coming,
    }


@dataclass(frozen=True)
class _Spreads:
    """The distributions of lateness and duration of each tenant or task."""

    lateness: Distributions
    duration: Distributions

    def of(self, name: Any) -> dict[str, Any]:
        return self._told(self.lateness.get(name, ()), self.duration.get(name, ()))

    def whole(self) -> dict[str, Any]:
        return self._told(
            [pair for pairs in self.lateness.values() for pair in pairs],
            [pair for pairs in self.duration.values() for pair in pairs],
        )

    @staticmethod
    def _told(late: Sequence[Counted], took: Sequence[Counted]) -> dict[str, Any]:
        return {
            "started": sum(many for _, many in late),
            "lateness_ms": {**spread(late), "max": max((value for value, _ in late), default=None)},
            "duration_ms": spread(took),
        }


def _spreads(
    tx: Transaction, span: Span, by: overviews.Grouping, tasks: Sequence[int] | None
) -> _Spreads:
    def read(measure: overviews.Measure) -> Distributions:
        found: Distributions = {}
        for row in overviews.distribution(tx, span, measure, by, tasks):
            found.setdefault(row["name"], []).append((int(row["value"]), row["n"]))
        return found

    return _Spreads(read("lateness"), read("duration"))


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


_TOTALS = ("total", "success", "failed", "skipped", "cancelled")


def _tenants(counted: Iterable[Row], spreads: _Spreads) -> list[dict[str, Any]]:
    """Those with most runs first."""
    totals: dict[str | None, Counter[str]] = defaultdict(Counter)
    for row in counted:
        totals[row["tenant_id"]].update({"total": row["n"], row["status"]: row["n"]})
    first = sorted(totals, key=lambda tenant: (-totals[tenant]["total"], tenant or ""))
    return [
        {"tenant_id": tenant, **{n: totals[tenant][n] for n in _TOTALS}, **spreads.of(tenant)}
        for tenant in first[:MOST_TENANTS]
    ]


def _firsts(rows: list[Row], spreads: _Spreads) -> dict[str, Any]:
    """The tasks that fail most, start latest, and run most."""
    failing = sorted((row for row in rows if row["failed"]), key=lambda row: row["by_failed"])
    late = sorted((row for row in rows if row["latest"]), key=lambda row: row["by_late"])
    lists = {"failing": failing, "late": late, "busiest": rows}
    return {name: [_task(row, spreads) for row in found[:TOP]] for name, found in lists.items()}


def _task(row: Row, spreads: _Spreads) -> dict[str, Any]:
    named = ("task_id", "task_name", "tenant_id", *_TOTALS)
    return {**{name: row[name] for name in named}, **spreads.of(row["task_id"])}


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
