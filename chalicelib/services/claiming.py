"""The claim: an environment asks whether a run is its to carry out, and gets what it needs for it.

Overlap is decided here, under the task's row lock, and not when the run was planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.runs import LEASE, SkipReason, Status, Trigger
from chalicelib.domain.tasks import Task
from chalicelib.repositories import logs, tasks
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.logs import Attempt
from chalicelib.services.attempts import hold
from chalicelib.services.ending import lose_silent
from chalicelib.services.platform import Platform


def claim(platform: Platform, log_id: int, token: str, nonce: str) -> dict[str, Any]:
    """Answer `{"run": …}`, or `{"run": None, "reason": …}` when there is nothing to do.

    Asked again with the same nonce after a lost answer, it answers the same.
    """
    now = platform.now()
    with platform.database.transaction() as tx:
        attempt, task = hold(tx, log_id, token)
        if attempt.status == Status.RUNNING and attempt.nonce == nonce:
            return {"run": order(attempt, task), "reason": None}
        if attempt.status != Status.QUEUED:
            return {"run": None, "reason": f"already {attempt.status}"}
        if attempt.task_id is not None and (reason := _reason_to_skip(tx, attempt, task, now)):
            logs.skip(tx, [log_id], reason, now)
            return {"run": None, "reason": reason}
        version = task.version if task else None
        terms = {"nonce": nonce, "now": now, "lease_until": now + LEASE, "task_version": version}
        logs.claim(tx, log_id, terms)
        if task:
            tasks.record_start(tx, task.id, now)
        return {"run": order(attempt, task), "reason": None}


def _reason_to_skip(
    tx: Transaction, attempt: Attempt, task: Task | None, now: datetime
) -> SkipReason | None:
    if task is None:
        return SkipReason.DELETED
    if attempt.trigger_type != Trigger.SCHEDULE:
        return None
    if not task.is_enabled:
        return SkipReason.RESCHEDULED
    # After an outage rows of before it wait too; of all that is late, the last one runs.
    instant = attempt.scheduled_for if attempt.retry_count == 0 else None
    if instant and logs.has_later(tx, task.id, instant, now):
        return SkipReason.MISSED
    return SkipReason.OVERLAP if _another_runs(tx, task, now) else None


def _another_runs(tx: Transaction, task: Task, now: datetime) -> bool:
    """Whether an attempt of the task runs, with its lease alive.

    One that fell silent is lost from now on, or it might come back to life beside the new one.
    """
    running = logs.running_of(tx, task.id)
    if any(row["lease_until"] and row["lease_until"] > now for row in running):
        return True
    return not all(lose_silent(tx, row["id"], task, now) for row in running)


def order(attempt: Attempt, task: Task | None) -> dict[str, Any]:
    """What the sandbox is told of a run: the task as it is now, or a test run's own spec."""
    what: Mapping[str, Any] = task.spec if task else attempt.spec or {}
    instant = attempt.scheduled_for
    return {
        "log_id": attempt.id,
        "trace_id": attempt.trace_id,
        # A test of an existing task's new script has the task's id in its spec alone.
        "task_id": attempt.task_id or what.get("task_id"),
        "tenant_id": attempt.tenant_id,
        "task_name": attempt.task_name or "",
        "execution_type": what.get("execution_type", "script"),
        "script_content": what.get("script_content"),
        "webhook_url": what.get("webhook_url"),
        "input_params": {**(what.get("input_params") or {}), **(attempt.input_params or {})},
        "timezone": what.get("timezone") or "Asia/Shanghai",
        "timeout_seconds": what.get("timeout_seconds") or 300,
        "retry_count": attempt.retry_count,
        "scheduled_for": f"{instant:%Y-%m-%dT%H:%M:%SZ}" if instant else None,
        "is_test": attempt.trigger_type == Trigger.TEST,
    }
