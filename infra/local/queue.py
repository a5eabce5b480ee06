"""A queue in memory that hands its messages to a function, as SQS and its Lambda mapping do."""

from __future__ import annotations

import heapq
import itertools
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any

from chalicelib.gateways.queue import MOST_PER_BATCH, Message, encode

#: What the mapping calls: (id, body) pairs in, the ids of those that failed out.
Handler = Callable[[list[tuple[str, dict[str, Any]]]], set[str]]

log = logging.getLogger(__name__)


@dataclass
class _Kept:
    id: str
    body: str
    due: float
    receives: int = 0


class MemoryQueue:
    """The `runs` queue of one machine; what it holds is lost with the process.

    That is no loss of runs: each has its row, and a tick finds those that never started.
    """

    def __init__(
        self,
        *,
        visibility_seconds: float = 5,
        max_receives: int = 5,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`monotonic` must advance as real time does; it says when a delay is over."""
        self._visibility_seconds = visibility_seconds
        self._max_receives = max_receives
        self._monotonic = monotonic
        self._numbers = itertools.count(1)
        self._changed = Condition()
        self._delayed: list[tuple[float, int, _Kept]] = []
        self._ready: deque[_Kept] = deque()
        self._in_flight = 0
        self._dead: list[_Kept] = []
        self._stopping = False
        self._workers: list[Thread] = []

    def send(self, messages: Sequence[Message]) -> list[int]:
        """Take all; raises ValueError as the real queue's gateway does. Nothing ever fails."""
        bodies = [encode(message) for message in messages]
        with self._changed:
            now = self._monotonic()
            for message, body in zip(messages, bodies, strict=True):
                number = next(self._numbers)
                self._hold(number, _Kept(f"m-{number}", body, now + message.delay_seconds))
            self._changed.notify()
        return []

    def start(self, handler: Handler, workers: int = 4) -> None:
        """Hand batches of at most ten to `handler`, in threads, until `stop`."""
        self._stopping = False
        self._workers = [
            Thread(target=self._work, args=(handler,), name=f"runs-queue-{number}", daemon=True)
            for number in range(workers)
        ]
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Hand out no more; return when the batches in flight are done."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.join()
        self._workers = []

    def dead_letters(self) -> list[tuple[str, dict[str, Any]]]:
        """The messages that failed `max_receives` times: (id, body), the oldest first."""
        with self._changed:
            return [(kept.id, json.loads(kept.body)) for kept in self._dead]

    def stats(self) -> dict[str, float]:
        """Counts of messages, and how long ago (s) the one that waits longest was due."""
        with self._changed:
            now = self._monotonic()
            self._ripen(now)
            return {
                "delayed": len(self._delayed),
                "ready": len(self._ready),
                "in_flight": self._in_flight,
                "dead": len(self._dead),
                "oldest_seconds": now - self._ready[0].due if self._ready else 0.0,
            }

    def _work(self, handler: Handler) -> None:
        while batch := self._receive():
            failed = _failed(handler, batch)
            with self._changed:
                self._in_flight -= len(batch)
                for kept in batch:
                    if kept.id in failed:
                        self._return(kept)

    def _receive(self) -> list[_Kept]:
        """Wait for messages that are due; none when the queue stops."""
        with self._changed:
            while not self._stopping:
                now = self._monotonic()
                self._ripen(now)
                if self._ready:
                    return self._take()
                self._changed.wait(self._delayed[0][0] - now if self._delayed else None)
            return []

    def _take(self) -> list[_Kept]:
        batch = [self._ready.popleft() for _ in range(min(MOST_PER_BATCH, len(self._ready)))]
        for kept in batch:
            kept.receives += 1
        self._in_flight += len(batch)
        # The next worker looks for itself: more may be due, or it must mind the next delay.
        self._changed.notify()
        return batch

    def _ripen(self, now: float) -> None:
        while self._delayed and self._delayed[0][0] <= now:
            self._ready.append(heapq.heappop(self._delayed)[2])

    def _return(self, kept: _Kept) -> None:
        if kept.receives >= self._max_receives:
            self._dead.append(kept)
            log.error("message given up", extra={"message_id": kept.id, "tries": kept.receives})
            return
        kept.due = self._monotonic() + self._visibility_seconds
        self._hold(next(self._numbers), kept)
        self._changed.notify()

    def _hold(self, number: int, kept: _Kept) -> None:
        heapq.heappush(self._delayed, (kept.due, number, kept))


def _failed(handler: Handler, batch: list[_Kept]) -> set[str]:
    """The ids that failed; all of them when the handler raised, as the mapping has it."""
    try:
        return handler([(kept.id, json.loads(kept.body)) for kept in batch])
    except Exception as error:
        log.exception("batch failed", extra={"messages": len(batch), "error": type(error).__name__})
        return {kept.id for kept in batch}
