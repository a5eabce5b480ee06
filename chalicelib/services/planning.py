"""Which rows a schedule asks for in a window of time; decides, and writes nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

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
    """What of time is planned: from `start` (inclusive) to `horizon` (exclusive), at `now`."""

    start: datetime
    now: datetime
    horizon: datetime


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
    policy has it: after an outage a task runs once and not once for each time.
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
        [*_late(policy, past, dropped, window.now), *coming],
        next_after(schedule, window.horizon - _TICK),
    )


def _late(
    policy: Policy, past: deque[datetime], dropped: list[datetime], now: datetime
) -> Iterable[tuple[datetime, str | None]]:
    for number, instant in enumerate(past):
        if _still_runs(policy, instant, now, is_last=number == len(past) - 1):
            yield instant, None
        elif number == 0 and dropped:
            yield instant, f"missed, as all before it since {dropped[0]:%FT%TZ}"
        else:
            yield instant, SkipReason.MISSED


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
