"""What others of its account may have done to a process: its limits, priorities and signals."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.sandbox.processes import text_of

#: Fields of /proc/<pid>/status (proc(5)) that stay the same, whatever threads and modules come.
_STATUS = re.compile(
    r"^(?:TracerPid|Uid|Gid|Groups|SigPnd|ShdPnd|SigBlk|SigIgn|NoNewPrivs|Seccomp|Cpus_allowed):.*$",
    re.M,
)
#: Fields of /proc/<pid>/stat after the name: priority, nice value, real-time priority, policy.
_STAT = (15, 16, 37, 38)


@dataclass(frozen=True)
class State:
    """A snapshot to compare with a later one."""

    limits: str
    status: tuple[str, ...]
    scheduling: tuple[str, ...]

    @classmethod
    def of(cls, pid: int) -> State | None:
        """None if there is no such process."""
        folder = f"/proc/{pid}"
        try:
            # Neither of these hides from others of the same account.
            fields = text_of(f"{folder}/stat").rpartition(")")[2].split()
            status = tuple(_STATUS.findall(text_of(f"{folder}/status")))
            return cls(text_of(f"{folder}/limits"), status, tuple(fields[n] for n in _STAT))
        except OSError:
            return None
