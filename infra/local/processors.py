"""Whether this machine's processors have time to spare."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

#: Shorter samples are mostly noise: the kernel counts in hundredths of a second.
_LEAST_SECONDS = 0.2
_MOST_SECONDS = 1.0
_TICKS_PER_SECOND = 100


class Processors:
    """Compares what /proc/stat says about idleness (proc(5)) with what it said before."""

    def __init__(
        self,
        stat: Path = Path("/proc/stat"),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stat = stat
        self._monotonic = monotonic
        self._seen = (monotonic(), self._idle_seconds())

    def spare(self) -> bool:
        """Whether half a processor or more was idle since the last answer.

        False within 0.2 s of an answer, so that what it led to shows before the next, and after
        more than a second, whose average says little about now.
        """
        now = self._monotonic()
        elapsed = now - self._seen[0]
        if elapsed < _LEAST_SECONDS:
            return False
        idle = self._idle_seconds()
        spent = idle - self._seen[1]
        self._seen = (now, idle)
        return elapsed < _MOST_SECONDS and spent / elapsed >= 0.5

    def _idle_seconds(self) -> float:
        """All processors' idle time since the start, waiting for disks included."""
        fields = self._stat.read_text().split("\n", 1)[0].split()
        return (int(fields[4]) + int(fields[5])) / _TICKS_PER_SECOND
