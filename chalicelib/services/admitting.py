"""Whether a run may start at its claim: it runs, it waits for another, or it is skipped.

The caller holds the rows of task and attempt; then the key is held and then the tenant, by claims
and ends alike, so that none deadlock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.runs import SkipReason, Trigger, of_key, of_task, of_tenant
from chalicelib.domain.tasks import PLATFORM_TENANT, Task
from chalicelib.repositories import locks, log_waits, logs, tenants
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

    skip: SkipReason | None = None
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
    if task is not None and attempt.trigger_type == Trigger.SCHEDULE:
        if reason := _no_longer_due(tx, attempt, task, now):
            return Admission(skip=reason)
        if meeting := _meets_its_own(tx, attempt, task, now):
            return meeting
    most = platform.settings.tenant_max_running
    if terms.max_running is not None:
        most = terms.max_running
    return _meets_others(tx, attempt, task, most)


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


def _meets_its_own(
    tx: Transaction, attempt: Attempt, task: Task, now: datetime
) -> Admission | None:
    if task.overlap_policy == "allow":
        return None
    name = of_task(task.id)
    if task.overlap_policy == "queue":
        behind = log_waits.is_behind(tx, task.id, attempt.id, attempt.due_at or now)
        if not (behind or _another_runs(tx, task, now)):
            return None
        if attempt.waited_at is not None or log_waits.waiting(tx, name) < MOST_WAITING:
            return Admission(wait_for=name)
        return Admission(skip=SkipReason.OVERLAP)
    return Admission(skip=SkipReason.OVERLAP) if _another_runs(tx, task, now) else None


def _another_runs(tx: Transaction, task: Task, now: datetime) -> bool:
    """Whether an attempt of the task runs, with its lease alive.

    One that fell silent is lost from now on, or it might come back to life beside the new one.
    """
    running = logs.running_of(tx, task.id)
    if any(row["lease_until"] and row["lease_until"] > now for row in running):
        return True
    return not all(lose_silent(tx, row["id"], task, now) for row in running)


def _meets_others(tx: Transaction, attempt: Attempt, task: Task | None, most: int) -> Admission:
    """Runs of other tasks that hold the same key, and of the whole tenant, which has `most`."""
    slot = slot_of(task) if task else None
    if task and slot:
        locks.hold(tx, slot)
        if log_waits.is_taken(tx, slot):
            skips = task.overlap_policy == "skip"
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
