"""The clock of one machine: fires a function at once, and then at the start of every minute."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib.gateways.clock import Clock

log = logging.getLogger(__name__)


class Minutes:
    """Calls `tick` in a thread of its own; a tick that fails is logged, and the next one comes."""

    def __init__(self, clock: Clock, tick: Callable[[], None]) -> None:
        self._clock = clock
        self._tick = tick
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="minutes", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when a tick that is under way has ended."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._tick()
            except Exception:
                log.exception("a tick failed; the next one comes with the minute")
            now = self._clock.now()
            self._stopped.wait((next_minute(now) - now).total_seconds())


def next_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)
