"""What schedules asked for while they held, and whether the rows account for all of it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from chalicelib.domain.runs import LEASE, LOOK_AHEAD
from chalicelib.domain.schedule import between, parse
from chalicelib.repositories.database import Row, Transaction
from chalicelib.services.admitting import MOST_WAITING

_TICK = timedelta(microseconds=1)
_SINCE = "missed, as all before it since "
ENDED = ("success", "failed", "cancelled")


@dataclass
class Period:
    """A time in which nothing of a task changed; `end` None: it lasts."""

    task: Row
    start: datetime
    end: datetime | None = None

    def occurrences(self, now: datetime, beyond: timedelta = timedelta(0)) -> Iterator[datetime]:
        """Those after its start, up to its end or now, or so much beyond that."""
        return self._between(self.start + _TICK, (self.end or now) + beyond + _TICK)

    def asks_for(self, instant: datetime) -> bool:
        """Whether its schedule holds the instant, be it earlier or later."""
        return any(self._between(instant, instant + _TICK))

    def _between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        if not self.task["is_enabled"]:
            return iter(())
        points = json.loads(self.task["time_points"] or "null")
        kind, zone = self.task["schedule_type"], self.task["timezone"]
        return between(parse(kind, points, self.task["cron_expression"], zone), start, end)

    def holds(self, instant: datetime) -> bool:
        """Whether it covers the instant, ends included."""
        return self.start <= instant and (self.end is None or instant <= self.end)


#: How many occurrences ended in each way: by status, and where it is `skipped` by the reason.
Tally = Counter[str]


def tally(tx: Transaction) -> Tally:
    """Of occurrences, by the status of their first attempts."""
    rows = tx.all(
        "SELECT status, SUBSTRING_INDEX(skip_reason, ',', 1) AS reason, COUNT(*) AS n"
        " FROM platform_task_logs WHERE trigger_type = 'schedule' AND retry_count = 0"
        " GROUP BY status, reason"
    )
    return Counter({f"{row['status']} {row['reason'] or ''}".strip(): row["n"] for row in rows})


class Ledger:
    """Watches the tasks; in the end it accounts for every occurrence, attempt and delivery."""

    def __init__(self) -> None:
        self.periods: dict[int, list[Period]] = defaultdict(list)

    def observe(self, tx: Transaction, now: datetime) -> None:
        """Note what has changed; to be called whenever something may have."""
        rows = tx.all(
            "SELECT id, is_enabled, schedule_type, time_points, cron_expression, timezone,"
            " retry_count, notify_channels, overlap_policy, concurrency_key, missed_policy,"
            " alert_on_failure, alert_webhook"
            " FROM platform_scheduled_tasks"
        )
        found = {row["id"]: row for row in rows}
        for task_id, periods in self.periods.items():
            if periods[-1].end is None and periods[-1].task != found.get(task_id):
                periods[-1].end = now
        for task_id, row in found.items():
            if not self.periods[task_id] or self.periods[task_id][-1].end is not None:
                self.periods[task_id].append(Period(row, now))

    def check(self, tx: Transaction, now: datetime, alive: Mapping[int, list[datetime]]) -> None:
        """Raise AssertionError for whatever is not accounted for, once all is quiet again.

        `alive` says when each attempt gave a sign of life.
        """
        rows = tx.all("SELECT * FROM platform_task_logs ORDER BY id")
        ran = [row for row in rows if row["started_at"]]
        for task_id, periods in self.periods.items():
            mine = [row for row in rows if row["task_id"] == task_id]
            _check_occurrences(periods, mine, now)
            for row in mine:
                _check_reason(periods, row, mine, ran)
                _check_start(periods, row, mine, alive)
                _check_end(row, now)
            _check_last_run(tx, task_id, mine)
        _check_slots(rows)
        _check_retries(self.periods, rows)
        _check_deliveries(self.periods, rows, tx)
        _check_alerts(self.periods, rows, tx)


def _check_occurrences(periods: list[Period], rows: list[Row], now: datetime) -> None:
    first = [r for r in rows if r["trigger_type"] == "schedule" and r["retry_count"] == 0]
    has_row = {row["scheduled_for"] for row in first}
    assert len(has_row) == len(first), "an occurrence has two rows"
    summed = [(_since(row), row["scheduled_for"]) for row in first if _since(row)]
    owed = {at for period in periods for at in period.occurrences(now)}
    lost = {at for at in owed - has_row if not any(a <= at < b for a, b in summed if a)}
    assert not lost, f"occurrences without a row: {sorted(lost)[:5]}"
    planned = {at for period in periods for at in period.occurrences(now, LOOK_AHEAD)}
    assert has_row <= planned, f"rows without an occurrence: {sorted(has_row - planned)[:5]}"
    ran = {r["scheduled_for"] for r in first if r["started_at"]}
    assert ran <= owed, f"ran although the schedule held it no more: {sorted(ran - owed)[:5]}"


def _since(row: Row) -> datetime | None:
    reason = row["skip_reason"] or ""
    if not reason.startswith(_SINCE):
        return None
    return datetime.strptime(reason[len(_SINCE) :], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _check_reason(periods: list[Period], row: Row, mine: list[Row], ran: list[Row]) -> None:
    """`mine` are all attempts of its task, `ran` those of all tasks that were started."""
    if row["status"] != "skipped":
        assert row["skip_reason"] is None, row
        return
    at, instant = row["finished_at"], row["scheduled_for"]
    true: dict[str, Callable[[], bool]] = {
        "overlap": lambda: (
            any(_ran_at(other, at) and other["id"] != row["id"] for other in mine)
            or _key_was_held(periods, at, ran)
            or sum(_waited_at(other, at) for other in mine) >= MOST_WAITING
        ),
        "missed": lambda: (
            any((other["scheduled_for"] or instant) > instant for other in mine)
            or bool(_had(periods, at, "missed_policy") & {"skip", "all"})
        ),
        "rescheduled": lambda: (
            any(not p.asks_for(instant) for p in periods if p.holds(at))
            and (at >= instant or not any(instant in p.occurrences(instant) for p in periods))
        ),
        "deleted": lambda: (periods[-1].end or at) < at or periods[-1].end == at,
    }
    assert true[row["skip_reason"].split(",")[0]](), f"skipped without that reason: {row}"


def _had(periods: list[Period], at: datetime, field: str) -> set[Any]:
    """The values of a field of the task at an instant; two when it was changed just then."""
    return {period.task[field] for period in periods if period.holds(at)}


def _waited_at(row: Row, at: datetime) -> bool:
    until = row["started_at"] or row["finished_at"] or at
    return bool(row["waited_at"] and row["waited_at"] <= at <= until)


def _key_was_held(periods: list[Period], at: datetime, ran: list[Row]) -> bool:
    """Whether a run held the key that the task had."""
    keys = tuple(f":{key}" for key in _had(periods, at, "concurrency_key") - {None})
    return any(_ran_at(other, at) and str(other["slot"]).endswith(keys) for other in ran if keys)


def _check_slots(rows: list[Row]) -> None:
    """Of the runs that share a key, none begins before the one before it has ended."""
    held: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["slot"]:
            held[row["slot"]].append(row)
    for runs in held.values():
        runs.sort(key=lambda row: (row["started_at"], row["finished_at"]))
        for before, after in pairwise(runs):
            assert before["finished_at"] <= after["started_at"], (before, after)


def _ran_at(row: Row, at: datetime) -> bool:
    return bool(row["started_at"] and row["started_at"] <= at <= (row["finished_at"] or at))


def _check_start(
    periods: list[Period], row: Row, rows: list[Row], alive: Mapping[int, list[datetime]]
) -> None:
    """What runs by schedule belongs to a task that is on, and runs alone."""
    at = row["started_at"]
    if row["trigger_type"] != "schedule" or at is None:
        return
    assert any(p.holds(at) and p.task["is_enabled"] for p in periods), f"ran while off: {row}"
    if "allow" in _had(periods, at, "overlap_policy"):
        return
    for other in rows:
        beside = other["started_at"] and other["started_at"] < at < (other["finished_at"] or at)
        signs = alive.get(other["id"], [])
        assert not (beside and any(at - LEASE < sign <= at for sign in signs)), (row, other)


def _check_end(row: Row, now: datetime) -> None:
    if row["status"] == "queued":
        assert row["due_at"] > now - timedelta(minutes=5), f"waits for ever: {row}"
        return
    assert row["status"] != "running", f"runs for ever: {row}"
    assert row["finished_at"], row
    assert (row["status"] != "failed") or row["error_kind"], row


def _check_last_run(tx: Transaction, task_id: int, rows: list[Row]) -> None:
    task = tx.one(
        "SELECT last_run_status FROM platform_scheduled_tasks WHERE id = %(id)s", {"id": task_id}
    )
    ended = [row for row in rows if row["status"] in ENDED]
    if task is None or not ended:
        return
    newest = max(row["finished_at"] for row in ended)
    said = {row["status"] for row in ended if row["finished_at"] == newest}
    assert task["last_run_status"] in said, (task, said)


def _check_retries(periods: dict[int, list[Period]], rows: list[Row]) -> None:
    runs: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        runs[row["trace_id"]].append(row)
    for attempts in runs.values():
        attempts.sort(key=lambda row: int(row["retry_count"]))
        assert [row["retry_count"] for row in attempts] == list(range(len(attempts)))
        assert all(row["status"] == "failed" for row in attempts[:-1]), attempts
        allowed = {p.task["retry_count"] for p in periods.get(attempts[0]["task_id"] or 0, [])}
        assert len(attempts) - 1 <= max(allowed, default=0), attempts
        last = attempts[-1]
        deleted = periods[last["task_id"]][-1].end is not None if last["task_id"] else True
        if last["status"] == "failed" and not deleted and not last["cancel_requested_at"]:
            assert last["retry_count"] >= min(allowed), f"not tried again: {last}"


def _check_deliveries(
    periods: dict[int, list[Period]], rows: Iterable[Row], tx: Transaction
) -> None:
    enabled = {
        row["id"]
        for row in tx.all("SELECT id FROM platform_task_notify_channels WHERE is_enabled = 1")
    }
    made: dict[int, list[Row]] = defaultdict(list)
    for row in tx.all("SELECT log_id, channel_id, status, kind FROM platform_task_deliveries"):
        assert row["status"] != "pending", f"waits for ever: {row}"
        if row["kind"] == "result":
            made[row["log_id"]].append(row)
    for row in rows:
        channels = sorted(delivery["channel_id"] for delivery in made.pop(row["id"], []))
        assert channels in _wanted(periods, row, enabled), (row, channels)
    assert not made, f"deliveries of no run: {made}"


def _wanted(periods: dict[int, list[Period]], row: Row, enabled: set[int]) -> list[list[Any]]:
    """The channels that a run's result goes to; several answers when they changed just then."""
    if row["status"] != "success" or row["result"] in (None, "[]"):
        return [[]]
    when = [p for p in periods.get(row["task_id"] or 0, []) if p.holds(row["finished_at"])]
    lists = [json.loads(p.task["notify_channels"] or "[]") for p in when]
    deleted = not when or any(p.end == row["finished_at"] for p in when)
    return [sorted(enabled & set(wanted)) for wanted in lists] + ([[]] if deleted else [])


def _check_alerts(periods: dict[int, list[Period]], rows: Iterable[Row], tx: Transaction) -> None:
    """Every run that failed for good is told once to each of its targets, and no other is."""
    channels = tx.all("SELECT id FROM platform_task_notify_channels WHERE is_enabled = 1")
    enabled = {row["id"] for row in channels}
    told: dict[int, int] = defaultdict(int)
    for alert in tx.all(
        "SELECT log_id, delivery_id FROM platform_task_alerts WHERE kind = 'alert'"
    ):
        assert alert["delivery_id"] is not None, f"told by nobody: {alert}"
        told[alert["log_id"]] += 1
    tries: dict[str, int] = defaultdict(int)
    for row in rows:
        tries[row["trace_id"]] = max(tries[row["trace_id"]], row["retry_count"])
    for row in rows:
        is_last = row["retry_count"] == tries[row["trace_id"]]
        failed = row["status"] == "failed" and is_last and not row["cancel_requested_at"]
        wanted = _alerts_wanted(periods, row, enabled) if failed else {0}
        assert told.pop(row["id"], 0) in wanted, (row, wanted)
    assert not told, f"alerts of no run: {told}"


def _alerts_wanted(periods: dict[int, list[Period]], row: Row, enabled: set[int]) -> set[int]:
    """How many targets a failure has; several answers when the task changed just then."""
    when = [p for p in periods.get(row["task_id"] or 0, []) if p.holds(row["finished_at"])]
    wanted = {0} if not when or any(p.end == row["finished_at"] for p in when) else set()
    for task in (period.task for period in when):
        own = enabled & set(json.loads(task["notify_channels"] or "[]"))
        count = 1 if task["alert_webhook"] else len(own)
        wanted.add(count if task["alert_on_failure"] else 0)
    return wanted
