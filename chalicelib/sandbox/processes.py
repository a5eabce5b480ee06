"""Processes of this machine as /proc shows them, and how to be rid of some."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

# <linux/prctl.h>
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Process:
    """One process; `started` in clock ticks since the machine's start (proc(5))."""

    pid: int
    parent: int
    uid: int
    started: int
    state: str


def text_of(path: str) -> str:
    """What a small file of /proc says; raises OSError.

    Without a Path, which would keep every number of a process as an interned string for ever.
    """
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(number, 1 << 14).decode("utf-8", "replace")
    finally:
        os.close(number)


def _read(pid: str) -> Process:
    # The name stands in parentheses and may hold anything, parentheses too.
    fields = text_of(f"/proc/{pid}/stat").rpartition(")")[2].split()
    # Not the folder's owner: that is root for a process that cannot be dumped.
    status = text_of(f"/proc/{pid}/status")
    uid = int(status.partition("\nUid:")[2].split()[0])
    return Process(int(pid), int(fields[1]), uid, int(fields[19]), fields[0])


def all_processes() -> Iterator[Process]:
    with os.scandir("/proc") as entries:
        names = [entry.name for entry in entries if entry.name.isdigit()]
    for name in names:
        # It may end while we look.
        with suppress(OSError, IndexError, ValueError):
            yield _read(name)


def find(pid: int) -> Process | None:
    try:
        return _read(str(pid))
    except (OSError, IndexError, ValueError):
        return None


def is_stopped(pid: int) -> bool:
    """Whether `pid` will not run on by itself: dead, stopped or traced."""
    process = find(pid)
    return process is None or process.state in "ZXTt"


def is_jailed(pid: int) -> bool:
    """Whether `pid` bears a hard limit that every script has, nothing else, and none takes off."""
    try:
        text = text_of(f"/proc/{pid}/limits")
    except OSError:
        return False
    return text.partition("Max msgqueue size")[2].split()[1:2] == ["0"]


def descendants(pid: int) -> list[Process]:
    """Everything that `pid` started, and that those started in their turn."""
    children: dict[int, list[Process]] = {}
    for process in all_processes():
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    waiting = [pid]
    while waiting:
        born = children.get(waiting.pop(), [])
        found += born
        waiting += [process.pid for process in born]
    return found


def kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def kill_group(pid: int) -> None:
    """Kill a session's leader and its group; it may not lead one yet."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    kill(pid)


def guard_this_process() -> bool:
    """Close this process's memory and environment to others of its uid, and take in orphans.

    False where prctl(2) is refused, as on Lambda: the interpreter's file mode has to see to the
    first then, and the machine's init gets the orphans.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    answers = [
        libc.prctl(option, *(ctypes.c_ulong(number) for number in (value, 0, 0, 0)))
        for option, value in ((_PR_SET_DUMPABLE, 0), (_PR_SET_CHILD_SUBREAPER, 1))
    ]
    return answers == [0, 0]
