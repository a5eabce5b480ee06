"""The machine's clock; everything else is handed one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        ...

    def sleep_until(self, instant: datetime) -> None:
        """Return at `instant`, or at once if it is past."""
        ...


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)

    def sleep_until(self, instant: datetime) -> None:
        # A sleep may end early by the clock that we compare with, so look again.
        while (rest := (instant - self.now()).total_seconds()) > 0:
            time.sleep(rest)
