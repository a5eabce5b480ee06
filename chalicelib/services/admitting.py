"""Whether a run may start at its claim: it runs, it waits for another, or it is skipped.

The caller holds the rows of task and attempt; then the key is held and then the tenant, by claims
and ends alike, so that none deadlock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.backfills import of_trace
from chalicelib.domain.holds import Hold, covering
from chalicelib.domain.runs import SkipReason, Trigger, of_key, of_task, of_tenant
from chalicelib.domain.tasks import PLATFORM_TENANT, Task
from chalicelib.repositories import backfills, holds, locks, log_waits, logs, tenants
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.logs import Attempt
from chalicelib.repositories.tenants import Terms
from chalicelib.services.ending import lose_silent
from chalicelib.services.platform import Platform

#: So many occurrences of a task may wait; more are skipped.
MOST_WAITING = 100
#: A run that starts so much after its time was missed, for a task that skips what it missed.
TOO_LATE = timedelta(seconds=60)


@dataclass(frozen=True)
class Admission:
    """`skip` says why it never runs, `wait_for` what it waits for; neither: it runs, in `slot`."""

    skip: str | None = None
    wait_for: str | None = None
    slot: str | None = None


def admit(tx: Transaction, platform: Platform, attempt: Attempt, task: Task | None) -> Admission:
    """Decide on a queued attempt of a task, or on a test run, which has none."""
    now = platform.now()
    if task is None and attempt.task_id is not None:
        return Admission(skip=SkipReason.DELETED)
    terms = tenants.terms(tx, attempt.tenant_id) if attempt.tenant_id else Terms()
    if not terms.is_enabled:
        return Admission(skip=SkipReason.TENANT_DISABLED)
    if task is not None and (own := _by_its_trigger(tx, attempt, task, now)):
        return own
    limit = terms.max_running
    most = platform.settings.tenant_max_running if limit is None else limit
    return _meets_others(tx, attempt, task, most)


def _by_its_trigger(
    tx: Transaction, attempt: Attempt, task: Task, now: datetime
) -> Admission | None:
    """What a schedule or a backfill has to say; None: nothing against it."""
    if attempt.trigger_type == Trigger.SCHEDULE:
        return _on_schedule(tx, attempt, task, now)
    if attempt.trigger_type == Trigger.BACKFILL and (name := _not_its_turn(tx, attempt, task, now)):
        return Admission(wait_for=name)
    return None


def _on_schedule(tx: Transaction, attempt: Attempt, task: Task, now: datetime) -> Admission | None:
    if reason := _no_longer_due(tx, attempt, task, now):
        return Admission(skip=reason)
    if hold := _held(tx, attempt, task, now):
        return Admission(skip=hold.skip_reason)
    return _meets_its_own(tx, attempt, task, now)


def _no_longer_due(
    tx: Transaction, attempt: Attempt, task: Task, now: datetime
) -> SkipReason | None:
    if not task.is_enabled:
        return SkipReason.RESCHEDULED
    instant = attempt.scheduled_for
    # What had to wait was in time.
    if instant is None or attempt.retry_count > 0 or attempt.waited_at is not None:
        return None
    late = now - (attempt.due_at or instant)
    if task.missed_policy == "skip" and late > TOO_LATE:
        return SkipReason.MISSED
    if task.missed_policy == "all":
        window = timedelta(seconds=task.missed_window_seconds)
        return SkipReason.MISSED if late > window else None
    # After an outage rows of before it wait too; of all that is late, the last one runs.
    waits = task.overlap_policy == "queue" and late <= TOO_LATE
    if task.missed_policy == "run_once" and not waits and logs.has_later(tx, task.id, instant, now):
        return SkipReason.MISSED
    return None


def _held(tx: Transaction, attempt: Attempt, task: Task, now: datetime) -> Hold | None:
    """The pause or maintenance window in which an attempt is due, or would start.

    A first attempt counts by its occurrence, as a preview does, and not by its jitter.
    """
    first = attempt.retry_count == 0
    due = (attempt.scheduled_for if first else None) or attempt.due_at or now
    found = holds.over(tx, task.tenant_id, min(due, now), max(due, now))
    return covering(found, due, now)


def _meets_its_own(
    tx: Transaction, attempt: Attempt, task: Task, now: datetime
) -> Admission | None:
    if task.overlap_policy == "allow":
        return None
    name = of_task(task.id)
    if task.overlap_policy == "queue":
        behind = log_waits.is_behind(tx, task.id, attempt.id, attempt.due_at or now)
        if not (behind or _running(tx, task, now)):
            return None
        # One that waits already is among those that may.
        if attempt.waited_at is not None or log_waits.waiting(tx, name) < MOST_WAITING:
            return Admission(wait_for=name)
        return Admission(skip=SkipReason.OVERLAP)
    running = _running(tx, task, now)
    # What is due now is no less wanted because somebody fills in the past.
    if running == {Trigger.BACKFILL} and log_waits.waiting(tx, name) < MOST_WAITING:
        return Admission(wait_for=name)
    return Admission(skip=SkipReason.OVERLAP) if running else None


def _running(tx: Transaction, task: Task, now: datetime) -> set[str]:
    """Why attempts of the task run, if one does with its lease alive.

    One that fell silent is lost from now on, or it might come back to life beside the new one.
    """
    running = logs.running_of(tx, task.id)
    if any(row["lease_until"] and row["lease_until"] > now for row in running):
        return {row["trigger_type"] for row in running}
    return {row["trigger_type"] for row in running if not lose_silent(tx, row["id"], task, now)}


def _not_its_turn(tx: Transaction, attempt: Attempt, task: Task, now: datetime) -> str | None:
    """What a run of a backfill waits for: those before it, the end of a pause (a tick looks every
    minute), and, unless overlap is allowed, the task's other runs, also what is due just now."""
    resting = covering(holds.over(tx, task.tenant_id, now, now), now)
    if resting or backfills.is_behind(tx, attempt.trace_id):
        return of_trace(attempt.trace_id)
    if task.overlap_policy == "allow":
        return None
    busy = log_waits.is_behind(tx, task.id, attempt.id, now) or _running(tx, task, now)
    return of_task(task.id) if busy else None


def _meets_others(tx: Transaction, attempt: Attempt, task: Task | None, most: int) -> Admission:
    """Runs of other tasks that hold the same key, and of the whole tenant, which has `most`."""
    slot = slot_of(task) if task else None
    if task and slot:
        locks.hold(tx, slot)
        if log_waits.is_taken(tx, slot):
            skips = task.overlap_policy == "skip" and attempt.trigger_type != Trigger.BACKFILL
            return Admission(skip=SkipReason.OVERLAP) if skips else Admission(wait_for=slot)
    if most:
        tenant = of_tenant(attempt.tenant_id or PLATFORM_TENANT)
        locks.hold(tx, tenant)
        if log_waits.running_of_tenant(tx, attempt.tenant_id) >= most:
            return Admission(wait_for=tenant)
    return Admission(slot=slot)


def slot_of(task: Task) -> str | None:
    """The name of a task's concurrency key."""
    if not task.concurrency_key:
        return None
    return of_key(task.tenant_id or PLATFORM_TENANT, task.concurrency_key)
