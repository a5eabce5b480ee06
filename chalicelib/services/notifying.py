"""The messages that a run's result becomes: one for each channel of its task, if it is wanted."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.tasks import Task
from chalicelib.repositories import channels, deliveries, notices, wecom_apps
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.deliveries import NewDelivery
from chalicelib.repositories.logs import Attempt

#: Who sends a message has this long; then a tick has it sent again, under the same uuid.
DELIVERY_LEASE = timedelta(seconds=180)


def add_deliveries(
    tx: Transaction, attempt: Attempt, task: Task, result: Any, now: datetime
) -> None:
    """Put a result into the outbox as `notify_when` says; the caller holds the task's row.

    `on_change` compares with the last result that was sent. One that no channel took does not
    count: it comes again.
    """
    if task.notify_when == "on_failure":
        return
    digest = _hash(result)
    if task.notify_when == "on_change" and notices.is_last(tx, task.id, digest):
        return
    made = [*_deliveries(tx, attempt, task, result)]
    for delivery in made:
        deliveries.add(tx, delivery, now=now, lease_until=now + DELIVERY_LEASE)
    if made and task.notify_when == "on_change":
        notices.remember(tx, task.id, digest, attempt.id)


def _hash(result: Any) -> bytes:
    """The same for the same JSON value, whatever the order of its keys."""
    text = json.dumps(result, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _deliveries(
    tx: Transaction, attempt: Attempt, task: Task, result: Any
) -> Iterator[NewDelivery]:
    wanted = task.notify_channels or []
    found = channels.among(tx, wanted)
    for channel_id in dict.fromkeys(wanted):
        channel = found.get(channel_id)
        if channel is None or not channel.is_enabled:
            continue
        yield NewDelivery(
            log_id=attempt.id,
            tenant_id=attempt.tenant_id,
            channel_id=channel.id,
            channel_name=channel.channel_name,
            channel_type=channel.channel_type,
            uuid=uuid.uuid4().hex,
            title=task.task_name,
            result=result,
        )
    if task.notify_wecom_app_id is not None:
        app = wecom_apps.get(tx, task.notify_wecom_app_id)
        if app is not None and app.app.is_enabled:
            yield NewDelivery(
                log_id=attempt.id,
                tenant_id=attempt.tenant_id,
                channel_id=None,
                channel_name=app.app.app_name,
                channel_type="wecom_app",
                uuid=uuid.uuid4().hex,
                title=task.task_name,
                result=result,
                wecom_app_id=app.app.id,
            )
