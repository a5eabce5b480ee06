"""Old rows go, some with each tick: attempts that ended, their output and their deliveries."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta

from chalicelib.repositories import retention
from chalicelib.repositories.database import Row, Transaction
from chalicelib.services.platform import Platform

log = logging.getLogger(__name__)
#: Rows of one table that one tick deletes at most: 1.4 million a day, and no tick is slow.
BATCH = 1000


def thin(platform: Platform) -> int:
    """Delete what is older than LOG_RETENTION_DAYS, up to a batch; returns how many attempts.

    What has not ended stays, and so does an attempt with a message that is not settled.
    """
    days = platform.settings.log_retention_days
    if days <= 0:
        return 0
    before = platform.now() - timedelta(days=days)
    with platform.database.transaction() as tx:
        retention.delete_tests_of_channels(tx, before, BATCH)
    with platform.database.transaction() as tx:
        gone = retention.delete_logs(tx, _old(tx, retention.ended_before(tx, before, BATCH)))
    if gone:
        log.info("old attempts deleted", extra={"count": gone})
    return gone


def _old(tx: Transaction, log_ids: Sequence[int]) -> list[int]:
    return list(_within_batch(log_ids, retention.deliveries_of(tx, log_ids)))


def _within_batch(log_ids: Sequence[int], messages: dict[int, Row]) -> Iterator[int]:
    """Attempts without an open message, while their messages are not more than a batch."""
    total = 0
    for log_id in log_ids:
        counted = messages.get(log_id, {"n": 0, "pending": 0})
        if counted["pending"]:
            continue
        total += counted["n"]
        if total > BATCH:
            return
        yield log_id
