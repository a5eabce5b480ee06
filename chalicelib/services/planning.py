"""Which rows a schedule asks for in a window of time; decides, and writes nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from chalicelib.domain.holds import Hold, covering
from chalicelib.domain.runs import SkipReason, Status, jitter, scheduled_trace_id
from chalicelib.domain.schedule import Schedule, between, next_after
from chalicelib.repositories.logs import NewAttempt
from chalicelib.services.schedules import Scheduled

#: After a long outage so many missed occurrences of a task get rows; the oldest of these counts
#: those before it.
MOST_MISSED = 1000
_TICK = timedelta(microseconds=1)


class Policy(Protocol):
    """What becomes of occurrences that were missed."""

    @property
    def missed_policy(self) -> Any: ...
    @property
    def missed_window_seconds(self) -> int: ...


class Plannable(Scheduled, Policy, Protocol):
    """As much of a task as planning needs."""

    @property
    def id(self) -> int: ...
    @property
    def task_name(self) -> str: ...
    @property
    def jitter_seconds(self) -> int: ...


@dataclass(frozen=True)
class Window:
    """What of time is planned: from `start` (inclusive) to `horizon` (exclusive), at `now`.

    `holds` are the pauses and maintenance windows of what is past by then.
    """

    start: datetime
    now: datetime
    horizon: datetime
    holds: Sequence[Hold] = ()


@dataclass(frozen=True)
class Plan:
    """The rows to insert, and when to look at the task again (None: never)."""

    attempts: list[NewAttempt]
    next_run_at: datetime | None


@dataclass(frozen=True)
class Times:
    """What a schedule asks for in a window: each instant, with why it is not run."""

    instants: list[tuple[datetime, str | None]]
    next_run_at: datetime | None


def plan(task: Plannable, schedule: Schedule, window: Window) -> Plan:
    """Plan the occurrences in a window."""
    times = times_of(task, schedule, window)
    return Plan(attempts_of(task, times), times.next_run_at)


def times_of(policy: Policy, schedule: Schedule, window: Window) -> Times:
    """The occurrences in a window: the same for all tasks of a schedule and policy.

    Of those that are past, the last one runs, late, and the others are `missed`, or as the
    policy has it: after an outage a task runs once and not once for each time. What fell into a
    pause or a maintenance window is skipped for that; of what is to come the claim decides.
    """
    past: deque[datetime] = deque(maxlen=MOST_MISSED + 1)
    dropped: list[datetime] = []
    coming: list[tuple[datetime, str | None]] = []
    for instant in between(schedule, window.start, window.horizon):
        if instant > window.now:
            coming.append((instant, None))
            continue
        if len(past) == past.maxlen:
            dropped = [*dropped[:1], past[0]]
        past.append(instant)
    return Times(
        [*_late(policy, past, dropped, window), *coming],
        next_after(schedule, window.horizon - _TICK),
    )


def _late(
    policy: Policy, past: deque[datetime], dropped: list[datetime], window: Window
) -> Iterable[tuple[datetime, str | None]]:
    held = {instant: covering(window.holds, instant) for instant in past}
    last = max((instant for instant, hold in held.items() if hold is None), default=None)
    for number, (instant, hold) in enumerate(held.items()):
        if number == 0 and dropped:
            yield instant, f"missed, as all before it since {dropped[0]:%FT%TZ}"
        elif hold is None and _still_runs(policy, instant, window.now, is_last=instant == last):
            yield instant, None
        else:
            yield instant, hold.skip_reason if hold else SkipReason.MISSED


def _still_runs(policy: Policy, instant: datetime, now: datetime, *, is_last: bool) -> bool:
    """Whether an occurrence of the past is worth a run; the claim looks again."""
    if policy.missed_policy == "all":
        return now - instant <= timedelta(seconds=policy.missed_window_seconds)
    return is_last


def attempts_of(task: Plannable, times: Times) -> list[NewAttempt]:
    """The rows of one task."""
    return [_attempt(task, instant, reason) for instant, reason in times.instants]


def _attempt(task: Plannable, instant: datetime, skip_reason: str | None) -> NewAttempt:
    trace_id = scheduled_trace_id(task.id, instant)
    return NewAttempt(
        trace_id=trace_id,
        task_id=task.id,
        tenant_id=task.tenant_id,
        task_name=task.task_name,
        due_at=instant + jitter(trace_id, task.jitter_seconds),
        scheduled_for=instant,
        status=Status.SKIPPED if skip_reason else Status.QUEUED,
        skip_reason=skip_reason,
    )
