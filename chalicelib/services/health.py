"""How the platform is: the age of its last tick, and of what waits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chalicelib.repositories import log_queue, ticks
from chalicelib.services.platform import Platform

#: After three minutes without a tick, occurrences are no longer planned ahead of their time.
TICK_TOO_OLD = timedelta(minutes=3)


def health(platform: Platform) -> dict[str, Any]:
    """`status` is `ok`, or `late` when no tick came for three minutes."""
    now = platform.now()
    with platform.database.transaction() as tx:
        ticked_at = ticks.last(tx)
        waiting_since = log_queue.oldest_waiting(tx, now)
    late = ticked_at is None or now - ticked_at > TICK_TOO_OLD
    return {
        "status": "late" if late else "ok",
        "last_tick_at": ticked_at,
        "last_tick_age_seconds": _seconds(ticked_at, now),
        "queue_age_seconds": _seconds(waiting_since, now) or 0,
    }


def _seconds(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else round(max(0.0, (now - since).total_seconds()), 3)
