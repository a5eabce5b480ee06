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
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from chalicelib.domain.errors import Invalid
from chalicelib.domain.holds import Hold
from chalicelib.domain.runs import LOOK_AHEAD
from chalicelib.domain.workdays import Exceptions
from chalicelib.repositories import due_tasks, holds, logs, ticks
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.due_tasks import DueTask
from chalicelib.repositories.logs import NewAttempt
from chalicelib.services import alert_digests, delivering, recovering, sending, thinning
from chalicelib.services.planning import Times, Window, attempts_of, times_of
from chalicelib.services.platform import Platform
from chalicelib.services.schedules import Days, own_days, schedule_of

log = logging.getLogger(__name__)
BATCH = 1000
#: After an outage one task may have a thousand rows; a transaction ends when it has so many.
MOST_ROWS = 5000
#: What one tick has walked: by what the tasks say, their tenant's own days, and since when.
Walked = dict[tuple[str, Exceptions | None, datetime, tuple[Hold, ...]], Times]
MOST_WALKED = 10_000


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
    platform.database.run(lambda tx: ticks.record(tx, platform.now()))
    thinning.thin(platform)


def plan_due(platform: Platform) -> int:
    """Plan all that is due within the look-ahead; returns the number of tasks."""
    now = platform.now()
    walked: Walked = {}
    last: DueTask | None = None
    total = 0
    while True:
        planned = platform.database.run(partial(_plan_batch, now, walked, last))
        if not planned:
            return total
        total += len(planned)
        last = planned[-1]


def _plan_batch(
    now: datetime, walked: Walked, last: DueTask | None, tx: Transaction
) -> list[DueTask]:
    due = due_tasks.due(tx, now + LOOK_AHEAD, BATCH, last)
    return due[: plan_tasks(tx, due, now, walked)]


def plan_tasks(tx: Transaction, due: Sequence[DueTask], now: datetime, walked: Walked) -> int:
    """Plan tasks that are held; returns how many of them, from the first on.

    `walked` carries schedules from batch to batch of the same tick.
    """
    attempts: list[NewAttempt] = []
    next_runs: dict[int, datetime | None] = {}
    planned = 0
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
        window = Window(task.next_run_at, now, now + LOOK_AHEAD, held)
        if times := _times(tx, task, days, window, walked):
            attempts += attempts_of(task, times)
            next_runs[task.id] = times.next_run_at
    logs.plan(tx, attempts, now)
    if next_runs:
        due_tasks.advance(tx, next_runs)
    return planned


def _times(
    tx: Transaction, task: DueTask, days: Days, window: Window, walked: Walked
) -> Times | None:
    """Walked once for all tasks that say the same."""
    key = (task.terms, days.get(task.tenant_id), task.next_run_at, tuple(window.holds))
    times = walked.get(key)
    if times is None and (times := _walk(tx, task, days, window)):
        if len(walked) >= MOST_WALKED:
            walked.clear()
        walked[key] = times
    return times


def _walk(tx: Transaction, task: DueTask, days: Days, window: Window) -> Times | None:
    try:
        return times_of(task, schedule_of(task, days), window)
    except Invalid as error:
        why = "; ".join(f"{e.field}: {e.message.zh} / {e.message.en}" for e in error.errors)
        due_tasks.stop(tx, task.id, f"调度已停止 / no longer scheduled: {why}")
        log.error("a stored schedule cannot be read", extra={"task_id": task.id})
        return None
