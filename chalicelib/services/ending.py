"""The end of an attempt, whoever brings the news: its row, its retry, its task, its messages."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.backfills import of_trace
from chalicelib.domain.runs import Status, Trigger, of_task, of_tenant
from chalicelib.domain.tasks import PLATFORM_TENANT, Task
from chalicelib.repositories import locks, log_waits, logs, outputs, tasks
from chalicelib.repositories.database import Transaction, encode_json
from chalicelib.repositories.logs import Attempt, NewAttempt
from chalicelib.services import alerting, notifying

log = logging.getLogger(__name__)
LONGEST_MESSAGE = 1000
#: Seconds that an interval which doubles grows to.
LONGEST_BACKOFF = 3600
SILENT = "执行环境失去联系,本次执行按丢失处理 / the environment fell silent; this attempt is lost"


@dataclass(frozen=True)
class End:
    """How an attempt ended."""

    status: Status
    error_kind: str | None = None
    error: str | None = None
    result: Any = None
    duration_ms: int | None = None
    #: Of a test run: what it would have changed (`domain/captured.py`).
    captured: dict[str, Any] | None = None
    #: Output that came with it: its offset in characters, its text.
    last_output: tuple[int, str] = (0, "")


def end(tx: Transaction, attempt: Attempt, task: Task | None, how: End, now: datetime) -> list[int]:
    """Write it all in the caller's transaction, which holds the rows of task and attempt.

    Returns the attempts that waited for its end and are to be sent now; a tick sends them too.
    """
    names = _names(attempt)
    for name in names:
        locks.hold_known(tx, name)
    output, has_chunks = outputs.whole(tx, attempt.id, how.last_output)
    written = logs.finish(
        tx,
        attempt.id,
        Status(attempt.status),
        {
            "status": str(how.status),
            "error_kind": how.error_kind,
            "error": how.error,
            "result": encode_json(how.result),
            "duration_ms": how.duration_ms,
            "captured": encode_json(how.captured),
            "output": output,
            "now": now,
        },
    )
    if not written:
        return []
    if has_chunks:
        outputs.clear(tx, attempt.id)
    if task is not None:
        _follow(tx, attempt, task, how, now)
    return [log_id for name in [*_own(attempt), *names] for log_id in log_waits.release(tx, name)]


def _own(attempt: Attempt) -> list[str]:
    if attempt.task_id is None:
        return []
    own = [of_task(attempt.task_id)]
    return [*own, of_trace(attempt.trace_id)] if attempt.trigger_type == Trigger.BACKFILL else own


def _names(attempt: Attempt) -> list[str]:
    """What else others may wait for while it runs; of what is its task's the row is held."""
    tenant = of_tenant(attempt.tenant_id or PLATFORM_TENANT)
    return [tenant] if attempt.slot is None else [attempt.slot, tenant]


def _follow(tx: Transaction, attempt: Attempt, task: Task, how: End, now: datetime) -> None:
    """What the end of a task's attempt brings: its retry, or its messages."""
    tasks.record_end(tx, task.id, str(how.status), (how.error or "")[-LONGEST_MESSAGE:] or None)
    again = attempt.retry_count < task.retry_count and attempt.cancel_requested_at is None
    if how.status == Status.FAILED and again:
        _retry(tx, attempt, task, now)
    else:
        alerting.consider(tx, attempt, task, how.status, now)
    if how.status == Status.SUCCESS and how.result not in (None, []):
        notifying.add_deliveries(tx, attempt, task, how.result, now)


def lose_silent(tx: Transaction, log_id: int, task: Task | None, now: datetime) -> bool:
    """End a running attempt as lost if its lease has passed; False if it lives after all.

    The caller holds the task's row.
    """
    attempt = logs.get(tx, log_id, lock=True)
    if attempt is None or attempt.status != Status.RUNNING:
        return True
    if attempt.lease_until is not None and attempt.lease_until >= now:
        return False
    end(tx, attempt, task, End(Status.FAILED, "lost", SILENT), now)
    log.warning("an attempt is lost", extra={"log_id": log_id})
    return True


def retry_delay(task: Task, retries: int) -> timedelta:
    """How long after its failure an attempt that has been tried so often is tried again."""
    if task.retry_backoff == "exponential":
        longest = max(task.retry_interval, LONGEST_BACKOFF)
        return timedelta(seconds=min(task.retry_interval << retries, longest))
    return timedelta(seconds=task.retry_interval)


def _retry(tx: Transaction, attempt: Attempt, task: Task, now: datetime) -> None:
    logs.plan(
        tx,
        [
            NewAttempt(
                trace_id=attempt.trace_id,
                task_id=task.id,
                tenant_id=attempt.tenant_id,
                task_name=attempt.task_name,
                due_at=now + retry_delay(task, attempt.retry_count),
                scheduled_for=attempt.scheduled_for,
                trigger_type=Trigger(attempt.trigger_type),
                retry_count=attempt.retry_count + 1,
                input_params=attempt.input_params,
            )
        ],
        now,
    )
