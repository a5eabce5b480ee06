"""The signals that end `make run`."""

from __future__ import annotations

import signal
from queue import SimpleQueue


class Stopping:
    """Takes SIGINT and SIGTERM from its making on; to be made in the main thread.

    No `threading.Event`: `make` hands on what its whole group got too, and a second signal that
    comes while the first one wakes `wait` would wait for a lock of its own thread. A SimpleQueue
    may be put to from within its own calls (Python's documentation of `queue`).
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[int] = SimpleQueue()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: self._asked.put(number))

    def wait(self) -> None:
        """Return once one of them has come."""
        self._asked.get()
