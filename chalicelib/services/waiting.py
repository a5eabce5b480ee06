"""Waiting a little for something that the sandbox is about to write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from chalicelib.repositories.database import Transaction
from chalicelib.services.platform import Platform

Seen = TypeVar("Seen")
#: Short enough not to be felt, and a request holds a connection for most of it anyway.
PAUSE = timedelta(milliseconds=100)


def wait_for(
    platform: Platform,
    longest: timedelta,
    look: Callable[[Transaction], Seen],
    enough: Callable[[Seen], bool],
) -> Seen:
    """Look again and again until it is enough, or for `longest`; returns what was seen last."""
    until = platform.now() + longest
    while True:
        with platform.database.transaction() as tx:
            seen = look(tx)
        now = platform.now()
        if enough(seen) or now >= until:
            return seen
        platform.clock.sleep_until(now + PAUSE)
