"""`dispatch`: every minute, plan what is due soon, send it, and find what got lost.

1. Plan: claim tasks whose next occurrence is within the look-ahead, insert their rows, move them
   on; one short transaction for each batch, so a crash loses nothing and doubles nothing.
2. Send every queued row that has no message.
3. Recover: attempts that fell silent, messages that nobody claimed, deliveries that wait; what
   is to be told of failures becomes messages first.
4. Thin: some rows that are older than they are kept.

Planning comes first, so that nothing that went wrong before can make the next runs late.
"""

from __future__ import annotations

import logging
from datetime import datetime

from chalicelib.domain.errors import Invalid
from chalicelib.domain.runs import LOOK_AHEAD
from chalicelib.repositories import holds, logs, tasks, ticks
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.logs import NewAttempt
from chalicelib.repositories.tasks import DueTask
from chalicelib.services import alert_digests, delivering, recovering, sending, thinning
from chalicelib.services.planning import Plan, Window, plan
from chalicelib.services.platform import Platform
from chalicelib.services.schedules import Days, own_days, schedule_of

log = logging.getLogger(__name__)
BATCH = 500
#: After an outage one task may have a thousand rows; a transaction ends when it has so many.
MOST_ROWS = 5000


def dispatch(platform: Platform) -> None:
    """One tick; it may come late, twice, at once with another, or not at all."""
    plan_due(platform)
    sending.send_waiting(platform)
    recovering.recover(platform)
    # The first time it passed over tasks that a claim or a report held just then.
    plan_due(platform)
    sending.send_waiting(platform)
    alert_digests.make_messages(platform)
    delivering.send_due(platform)
    with platform.database.transaction() as tx:
        ticks.record(tx, platform.now())
    thinning.thin(platform)


def plan_due(platform: Platform) -> int:
    """Plan all that is due within the look-ahead; returns the number of tasks."""
    now = platform.now()
    total = 0
    while True:
        with platform.database.transaction() as tx:
            planned = plan_batch(tx, now, now + LOOK_AHEAD)
        total += planned
        if planned == 0:
            return total


def plan_batch(tx: Transaction, now: datetime, horizon: datetime) -> int:
    """Plan a batch of tasks; returns how many, 0 when there is none left that nobody holds."""
    attempts: list[NewAttempt] = []
    next_runs: dict[int, datetime | None] = {}
    planned = 0
    due = tasks.due(tx, horizon, BATCH)
    days = own_days(tx, due)
    late = [task for task in due if task.next_run_at <= now]
    # Only what is late asks: the rest is decided at the claim.
    since = min((task.next_run_at for task in late), default=now)
    rested = holds.of_tenants(tx, {task.tenant_id for task in late}, since, now)
    for task in due:
        if len(attempts) >= MOST_ROWS:
            break
        planned += 1
        held = rested.get(task.tenant_id, ())
        if made := _plan(tx, task, days, Window(task.next_run_at, now, horizon, held)):
            attempts += made.attempts
            next_runs[task.id] = made.next_run_at
    logs.plan(tx, attempts, now)
    if next_runs:
        tasks.advance(tx, next_runs)
    return planned


def _plan(tx: Transaction, task: DueTask, days: Days, window: Window) -> Plan | None:
    try:
        return plan(task, schedule_of(task, days), window)
    except Invalid as error:
        why = "; ".join(f"{e.field}: {e.message.zh} / {e.message.en}" for e in error.errors)
        tasks.stop(tx, task.id, f"调度已停止 / no longer scheduled: {why}")
        log.error("a stored schedule cannot be read", extra={"task_id": task.id})
        return None
