"""Whether the end of a run is to be told as a failure or as a recovery, and to whom.

What is to be told becomes a row; the next tick makes messages of these, one for many.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.runs import Status
from chalicelib.domain.tasks import Task
from chalicelib.repositories import alerts
from chalicelib.repositories.alerts import Standing
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.logs import Attempt


def consider(tx: Transaction, attempt: Attempt, task: Task, status: Status, now: datetime) -> None:
    """After the last attempt of a run; the caller holds the task's row.

    A run that somebody cancelled is neither a failure nor a success.
    """
    if attempt.cancel_requested_at is not None or status == Status.CANCELLED:
        return
    before = alerts.standing(tx, task.id)
    if status == Status.FAILED:
        failures = before.failures_in_row + 1
        after = Standing(failures, before.alerted_at, before.alert_is_open)
        if _is_due(after, task, now):
            after = Standing(failures, now, True)
            _tell(tx, attempt, task, "alert", failures, now)
    else:
        after = Standing(0, before.alerted_at, False)
        if before.alert_is_open:
            _tell(tx, attempt, task, "recovery", before.failures_in_row, now)
    if after != before:
        alerts.set_standing(tx, task.id, after)


def _is_due(standing: Standing, task: Task, now: datetime) -> bool:
    quiet = timedelta(minutes=task.alert_quiet_minutes)
    is_quiet = standing.alerted_at is not None and now < standing.alerted_at + quiet
    enough = standing.failures_in_row >= task.alert_after_failures
    return enough and not is_quiet and any(_targets(task))


def _targets(task: Task) -> Iterator[dict[str, Any]]:
    """The `alert_webhook`, or without one what results go to; with `on_failure` that as well."""
    address = (task.alert_webhook or "").strip()
    if task.alert_on_failure and address:
        yield {"address": address}
    if (task.alert_on_failure and not address) or task.notify_when == "on_failure":
        for channel_id in dict.fromkeys(task.notify_channels or []):
            yield {"channel_id": channel_id}
        if task.notify_wecom_app_id is not None:
            yield {"wecom_app_id": task.notify_wecom_app_id}


def _tell(
    tx: Transaction, attempt: Attempt, task: Task, kind: str, failures: int, now: datetime
) -> None:
    nowhere = {"address": None, "channel_id": None, "wecom_app_id": None}
    fact = {
        "tenant_id": attempt.tenant_id,
        "task_id": task.id,
        "log_id": attempt.id,
        "kind": kind,
        "failures": failures,
        "now": now,
    }
    alerts.add(tx, [{**fact, **nowhere, **target} for target in _targets(task)])
