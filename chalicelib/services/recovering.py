"""What got lost: attempts that fell silent, and messages that nobody claimed."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from chalicelib.domain.runs import MOST_SENDS, RESEND_AFTER, Status, resend_wait
from chalicelib.repositories import log_queue, logs
from chalicelib.services.attempts import lock_both
from chalicelib.services.ending import End, end
from chalicelib.services.platform import Platform
from chalicelib.services.tokens import holds

log = logging.getLogger(__name__)
BATCH = 500
SILENT = "执行环境失去联系,本次执行按丢失处理 / the environment fell silent; this attempt is lost"
NEVER_STARTED = (
    "消息多次发送后仍未被执行 / its message was sent several times and nobody took it up"
)


def recover(platform: Platform) -> None:
    """One look at each; what is left over is seen by the next tick."""
    _end_silent(platform)
    _send_again(platform)


def start_over(platform: Platform) -> None:
    """For a machine whose queue and sandboxes ended with it: what waited is to be sent again, and
    what ran is lost; the next tick sees to both."""
    with platform.database.transaction() as tx:
        log_queue.forget_all_sent(tx, platform.now())


def take_back(platform: Platform, event: dict[str, Any]) -> None:
    """An event that never reached the sandbox: the next tick sends it again, if it still holds."""
    if event.get("kind") != "run":
        return  # a delivery is due again when its lease has passed
    with platform.database.transaction() as tx:
        attempt = logs.get(tx, event["log_id"])
        if attempt and holds(event["token"], attempt.token_hash):
            log_queue.unsend(tx, [attempt.id])


def _end_silent(platform: Platform) -> None:
    now = platform.now()
    with platform.database.transaction() as tx:
        silent = log_queue.silent(tx, now, BATCH)
    for log_id in silent:
        _lose(platform, log_id, Status.RUNNING, SILENT)


def _send_again(platform: Platform) -> None:
    now = platform.now()
    with platform.database.transaction() as tx:
        rows = log_queue.unclaimed(tx, now - RESEND_AFTER, BATCH)
        waited = [r for r in rows if max(r["sent_at"], r["due_at"]) < _patience(r, now)]
        log_queue.unsend(tx, [row["id"] for row in waited if row["send_count"] < MOST_SENDS])
    for row in waited:
        if row["send_count"] >= MOST_SENDS:
            _lose(platform, row["id"], Status.QUEUED, NEVER_STARTED)


def _patience(row: dict[str, int], now: datetime) -> datetime:
    return now - resend_wait(row["send_count"])


def _lose(platform: Platform, log_id: int, status: Status, why: str) -> None:
    """End one attempt as lost, unless it moved on since we looked."""
    now = platform.now()
    with platform.database.transaction() as tx:
        found = lock_both(tx, log_id)
        if found is None:
            return
        attempt, task = found
        lapsed = attempt.lease_until is None or attempt.lease_until < now
        if attempt.status == status and (status == Status.QUEUED or lapsed):
            end(tx, attempt, task, End(Status.FAILED, "lost", why), now)
            log.warning("an attempt is lost", extra={"log_id": log_id})
