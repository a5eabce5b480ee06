"""The claim: an environment asks whether a run is its to carry out, and gets what it needs for it.

Overlap is decided here, under the task's row lock, and not when the run was planned.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.backfills import of_trace
from chalicelib.domain.runs import LEASE, SkipReason, Status, Trigger, of_task
from chalicelib.domain.tasks import Task
from chalicelib.gateways.bundles import StoreFailed
from chalicelib.repositories import log_waits, logs, tasks
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.logs import Attempt
from chalicelib.services.admitting import Admission, admit
from chalicelib.services.attempts import hold
from chalicelib.services.platform import Platform

log = logging.getLogger(__name__)


def claim(platform: Platform, log_id: int, token: str, nonce: str) -> dict[str, Any]:
    """Answer `{"run": …}`, or `{"run": None, "reason": …}` when there is nothing to do.

    Asked again with the same nonce after a lost answer, it answers the same, but for the address
    of a bundle.
    """
    answer = _claim(platform, log_id, token, nonce)
    if answer["run"] and (key := answer["run"]["bundle"]):
        # When no row is locked any more: whoever signs first loads a library for it.
        answer["run"]["bundle"] = {"key": key, "url": _address(platform, key)}
    return answer


def _address(platform: Platform, key: str) -> str | None:
    """None if there is no store: the run then fails, with words, and is not lost."""
    try:
        return platform.bundles.url(key)
    except StoreFailed:
        log.exception("no address for a bundle", extra={"bundle": key})
        return None


def _claim(platform: Platform, log_id: int, token: str, nonce: str) -> dict[str, Any]:
    now = platform.now()
    with platform.database.transaction() as tx:
        attempt, task = hold(tx, log_id, token)
        if attempt.status == Status.RUNNING and attempt.nonce == nonce:
            return {"run": order(attempt, task), "reason": None}
        if attempt.status != Status.QUEUED:
            return {"run": None, "reason": f"already {attempt.status}"}
        admission = _admit(tx, platform, attempt, task)
        if admission.skip or admission.wait_for:
            return {"run": None, "reason": admission.skip or f"waits for {admission.wait_for}"}
        terms = {
            "nonce": nonce,
            "now": now,
            "lease_until": now + LEASE,
            "task_version": task.version if task else None,
            "slot": admission.slot,
        }
        logs.claim(tx, log_id, terms)
        if task:
            tasks.record_start(tx, task.id, now)
        return {"run": order(attempt, task), "reason": None}


def _admit(tx: Transaction, platform: Platform, attempt: Attempt, task: Task | None) -> Admission:
    admission = admit(tx, platform, attempt, task)
    if admission.skip:
        logs.skip(tx, [attempt.id], admission.skip, platform.now())
        if attempt.task_id is not None and admission.skip != SkipReason.OVERLAP:
            # Whoever waited behind it may wait for nothing now.
            log_waits.release(tx, of_task(attempt.task_id))
        if attempt.trigger_type == Trigger.BACKFILL:
            log_waits.release(tx, of_trace(attempt.trace_id))
    elif admission.wait_for:
        log_waits.wait(tx, attempt.id, admission.wait_for, platform.now())
    return admission


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
        "bundle": task.deps_bundle if task else what.get("deps_bundle"),
    }
