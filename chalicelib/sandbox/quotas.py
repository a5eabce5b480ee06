"""What one run may use up, counted where its script cannot reach."""

from __future__ import annotations

import time
from dataclasses import dataclass

#: CPUCLOCK_SCHED of the kernel's <linux/posix-timers.h>: all threads of a process, living or not.
_WHOLE_PROCESS = 2


@dataclass(frozen=True)
class Quotas:
    """Seconds, numbers and bytes; a script whose limit is shorter is held to that."""

    #: The function has 900 s, and time must be left to report.
    wall_seconds: float = 840
    cpu_seconds: float = 600
    calls: int = 10_000
    #: Sent and received.
    http_bytes: int = 100_000_000

    def for_script(self, timeout_seconds: float) -> Quotas:
        """The quotas of a script with such a limit of its own."""
        return Quotas(
            min(timeout_seconds, self.wall_seconds),
            min(timeout_seconds, self.cpu_seconds),
            self.calls,
            self.http_bytes,
        )


def cpu_seconds(pid: int) -> float:
    """What process `pid` has used; it may be a zombie, and 0 if it is not there at all."""
    try:
        # clock_getcpuclockid(3), which Python has not.
        return time.clock_gettime(~pid << 3 | _WHOLE_PROCESS)
    except OSError:
        return 0.0
