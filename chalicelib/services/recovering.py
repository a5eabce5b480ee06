"""What got lost: attempts that fell silent, and messages that nobody claimed."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial
from typing import Any

from chalicelib.domain.runs import MOST_SENDS, Status
from chalicelib.repositories import log_queue, log_waits, logs
from chalicelib.repositories.database import Row, Transaction
from chalicelib.services.attempts import lock_both
from chalicelib.services.ending import End, end, lose_silent
from chalicelib.services.platform import Platform
from chalicelib.services.tokens import holds

log = logging.getLogger(__name__)
BATCH = 500
NEVER_STARTED = (
    "消息多次发送后仍未被执行 / its message was sent several times and nobody took it up"
)


def recover(platform: Platform) -> None:
    """One look at each; what is left over is seen by the next tick."""
    _end_silent(platform)
    platform.database.run(_release_all)
    _send_again(platform)


def start_over(platform: Platform) -> None:
    """For a machine whose queue and sandboxes ended with it: what waited is to be sent again, and
    what ran is lost; the next tick sees to both."""
    with platform.database.transaction() as tx:
        log_queue.forget_all_sent(tx, platform.now())


def take_back(platform: Platform, event: dict[str, Any]) -> None:
    """An event that never reached the sandbox: the next tick sends it again, if it still holds.

    One that was sent in vain often enough is lost.
    """
    if event.get("kind") != "run":
        return  # a delivery is due again when its lease has passed
    with platform.database.transaction() as tx:
        attempt = logs.get(tx, event["log_id"])
        if attempt is None or not holds(event["token"], attempt.token_hash):
            return
        if attempt.send_count < MOST_SENDS:
            log_queue.unsend(tx, [attempt.id])
            return
    _give_up(platform, attempt.id)


def _end_silent(platform: Platform) -> None:
    now = platform.now()
    for log_id in platform.database.run(lambda tx: log_queue.silent(tx, now, BATCH)):
        platform.database.run(partial(_lose, platform, log_id))


def _lose(platform: Platform, log_id: int, tx: Transaction) -> None:
    if found := lock_both(tx, log_id):
        lose_silent(tx, log_id, found[1], platform.now())


def _release_all(tx: Transaction) -> None:
    """Whoever is released too early waits again; whoever is not released waits for ever."""
    for name in log_waits.names(tx, BATCH):
        log_waits.release(tx, name)


def _send_again(platform: Platform) -> None:
    for row in platform.database.run(partial(_unsend, platform.now())):
        if row["send_count"] >= MOST_SENDS:
            _give_up(platform, row["id"])


def _unsend(now: datetime, tx: Transaction) -> list[Row]:
    """What nobody claimed in time; of it, what is to be sent once more has no message again."""
    waited = log_queue.unclaimed(tx, now, BATCH)
    log_queue.unsend(tx, [row["id"] for row in waited if row["send_count"] < MOST_SENDS])
    return waited


def _give_up(platform: Platform, log_id: int) -> None:
    platform.database.run(partial(_never_started, platform, log_id))


def _never_started(platform: Platform, log_id: int, tx: Transaction) -> None:
    """End one attempt that never started as lost, unless it moved on since we looked."""
    found = lock_both(tx, log_id)
    if found and found[0].status == Status.QUEUED:
        end(tx, *found, End(Status.FAILED, "lost", NEVER_STARTED), platform.now())
        log.warning("an attempt never started", extra={"log_id": log_id})
