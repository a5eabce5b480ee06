"""What others of its account may have done to a process: its limits, priorities and signals."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.sandbox.processes import text_of

#: Fields of /proc/<pid>/status (proc(5)) that stay the same, whatever threads and modules come.
_STATUS = re.compile(
    r"^(?:TracerPid|Uid|Gid|Groups|SigBlk|SigIgn|NoNewPrivs|Seccomp|Cpus_allowed):.*$", re.M
)
_PENDING = re.compile(r"^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$", re.M)
_BLOCKED = re.compile(r"^SigBlk:\s*([0-9a-f]+)$", re.M)
#: Fields of /proc/<pid>/stat after the name: priority, nice value, real-time priority, policy.
_STAT = (15, 16, 37, 38)


@dataclass(frozen=True)
class State:
    """A snapshot to compare with a later one."""

    limits: str
    status: tuple[str, ...]
    scheduling: tuple[str, ...]
    #: Signals that wait, as bits, and are blocked; any other is on its way and gone in a moment.
    stuck: int

    @classmethod
    def of(cls, pid: int) -> State | None:
        """None if there is no such process."""
        folder = f"/proc/{pid}"
        try:
            # Neither of these hides from others of the same account.
            fields = text_of(f"{folder}/stat").rpartition(")")[2].split()
            text = text_of(f"{folder}/status")
            status, scheduling = tuple(_STATUS.findall(text)), tuple(fields[n] for n in _STAT)
            return cls(text_of(f"{folder}/limits"), status, scheduling, _stuck(text))
        except OSError:
            return None


def _stuck(status: str) -> int:
    pending = 0
    for mask in _PENDING.findall(status):
        pending |= int(mask, 16)
    blocked = _BLOCKED.search(status)
    return pending & int(blocked[1], 16) if blocked else pending
