"""`dispatch`: every minute, plan what is due soon, send it, and find what got lost.

1. Plan: claim tasks whose next occurrence is within the look-ahead, insert their rows, move them
   on; one short transaction for each batch, so a crash loses nothing and doubles nothing.
2. Send every queued row that has no message.
3. Recover: attempts that fell silent, messages that nobody claimed, deliveries that wait.

Planning comes first, so that nothing that went wrong before can make the next runs late.
"""

from __future__ import annotations

import logging
from datetime import datetime

from chalicelib.domain.errors import Invalid
from chalicelib.domain.runs import LOOK_AHEAD
from chalicelib.repositories import logs, tasks, ticks
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.tasks import DueTask
from chalicelib.services import delivering, recovering, sending
from chalicelib.services.planning import Plan, plan
from chalicelib.services.platform import Platform

log = logging.getLogger(__name__)
BATCH = 500


def dispatch(platform: Platform) -> None:
    """One tick; it may come late, twice, at once with another, or not at all."""
    plan_due(platform)
    sending.send_waiting(platform)
    recovering.recover(platform)
    sending.send_waiting(platform)
    delivering.send_due(platform)
    with platform.database.transaction() as tx:
        ticks.record(tx, platform.now())


def plan_due(platform: Platform) -> int:
    """Plan all that is due within the look-ahead; returns the number of tasks."""
    now = platform.now()
    total = 0
    while True:
        with platform.database.transaction() as tx:
            planned = plan_batch(tx, now, now + LOOK_AHEAD)
        total += planned
        if planned < BATCH:
            return total


def plan_batch(tx: Transaction, now: datetime, horizon: datetime) -> int:
    due = tasks.due(tx, horizon, BATCH)
    plans = {task.id: made for task in due if (made := _plan(tx, task, now, horizon))}
    logs.plan(tx, [attempt for made in plans.values() for attempt in made.attempts], now)
    if plans:
        tasks.advance(tx, {task_id: made.next_run_at for task_id, made in plans.items()})
    return len(due)


def _plan(tx: Transaction, task: DueTask, now: datetime, horizon: datetime) -> Plan | None:
    try:
        return plan(task, task.next_run_at, now, horizon)
    except Invalid as error:
        why = "; ".join(f"{e.field}: {e.message.zh} / {e.message.en}" for e in error.errors)
        tasks.stop(tx, task.id, f"调度已停止 / no longer scheduled: {why}")
        log.error("a stored schedule cannot be read", extra={"task_id": task.id})
        return None
