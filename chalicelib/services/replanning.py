"""What a change of a task does to the rows that are planned; its row is locked by the caller."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from chalicelib.domain.errors import Invalid
from chalicelib.domain.runs import LOOK_AHEAD, SkipReason, Status
from chalicelib.domain.tasks import Task
from chalicelib.repositories import due_tasks, holds, logs
from chalicelib.repositories.database import Row, Transaction
from chalicelib.services.planning import Plan, Window, plan
from chalicelib.services.schedules import own_days, schedule_of

_TICK = timedelta(microseconds=1)


def catch_up(tx: Transaction, before: Task, now: datetime) -> list[str]:
    """Plan what was due until now and has no row, as ticks were late; returns the runs planned.

    To be called before a change: afterwards nobody would know what the old schedule asked for.
    """
    if not before.is_enabled or before.next_run_at is None or before.next_run_at > now:
        return []
    # A stored schedule that cannot be read asked for nothing.
    with suppress(Invalid):
        rested = holds.over(tx, before.tenant_id, before.next_run_at, now)
        window = Window(before.next_run_at, now, now + _TICK, rested)
        attempts = plan(before, schedule_of(before, own_days(tx, [before])), window).attempts
        logs.plan(tx, attempts, now)
        return [attempt.trace_id for attempt in attempts]
    return []


def replan(tx: Transaction, task: Task, now: datetime) -> list[str]:
    """Bring the planned rows in line with the task's schedule; returns the runs that it holds.

    Rows that the schedule still holds stay, the others are skipped, and one that was skipped for
    this comes back. The window is planned here, since a tick passes over a row that is locked.
    """
    made = _planned(tx, task, now) if task.is_enabled else None
    wanted = {attempt.trace_id: attempt for attempt in (made.attempts if made else ())}
    found = logs.planned_after(tx, task.id, now)
    gone = [row["id"] for row in found if _waits(row) and row["trace_id"] not in wanted]
    back = [row["id"] for row in found if _went(row) and row["trace_id"] in wanted]
    logs.lock(tx, [*gone, *back])
    logs.skip(tx, gone, SkipReason.RESCHEDULED, now)
    logs.revive(tx, back)
    there = {row["trace_id"] for row in found}
    logs.plan(tx, [new for trace_id, new in wanted.items() if trace_id not in there], now)
    due_tasks.advance(tx, {task.id: made.next_run_at if made else None})
    return list(wanted)


def _planned(tx: Transaction, task: Task, now: datetime) -> Plan:
    window = Window(now + _TICK, now, now + LOOK_AHEAD)
    return plan(task, schedule_of(task, own_days(tx, [task])), window)


def _waits(row: Row) -> bool:
    return bool(row["status"] == Status.QUEUED)


def _went(row: Row) -> bool:
    return bool(row["skip_reason"] == SkipReason.RESCHEDULED)
