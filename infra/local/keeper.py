"""The keeper of one environment: starts its process, and ends it with all that it ever started.

A program of its own (`python -I -S keeper.py`), standard library only. It is the sub-reaper of
everything below it, so nothing escapes by detaching itself, and its standard input is held by
the host, so an environment outlives nobody, not even a host that was killed.

Standard input: one line of JSON (`argv`, `environment`, `folder`, `scratch`, `uid` or null), then
commands: `t` asks the process to end; end of file ends everything at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

_HELD_BACK = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    # The host alone decides; a service manager signals everyone. Held back rather than ignored:
    # the new process must not miss one that comes before it is itself.
    signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
    specification = json.loads(_read_line())
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    keeper = os.getpid()
    child = os.fork()
    if child == 0:
        _become(specification, keeper)
    _watch(child)
    _end_all(child)
    _remove(specification["scratch"])


def _read_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        read = os.read(0, 1)
        if not read:
            sys.exit(0)
        line += read
    return line


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _become(specification: dict[str, Any], keeper: int) -> None:
    """Turn this process into the environment's; never returns."""
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.umask(0o077)
        # A handler of the machine's is given no core of 1 byte, and one of 0 it would be (core(5)).
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
        with contextlib.suppress(OSError):
            # When memory runs out, the database and the host are the last to go.
            Path("/proc/self/oom_score_adj").write_text("500")
        _drop(specification["uid"])
        # After the drop, which would clear it.
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # No set-uid program takes anything out of our reach.
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        if os.getppid() != keeper:
            os._exit(1)
        os.chdir(specification["folder"])
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)
        argv = specification["argv"]
        os.execve(argv[0], argv, specification["environment"])
    except OSError as error:
        os.write(2, f"environment not started: {error}\n".encode())
    finally:
        os._exit(1)


def _drop(uid: int | None) -> None:
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def _watch(child: int) -> None:
    """Obey the host until the process has ended or is to be ended at once."""
    process = os.pidfd_open(child)
    poll = select.poll()
    poll.register(0, select.POLLIN | select.POLLHUP)
    poll.register(process, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if process in ready:
            return
        if not os.read(0, 1):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)


def _end_all(child: int) -> None:
    """Kill every descendant; the orphans of those that die become ours, so look again."""
    # Not yet waited for, so the number is still its own.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    while True:
        for pid in _children(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def _children(parent: int) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if _parent(pid) == parent]


def _parent(pid: int) -> int:
    """The parent's number, the second field after the name in brackets: proc(5)."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])
    except OSError:
        return 0


def _remove(folder: str) -> None:
    # rm takes trees of any depth.
    pid = os.posix_spawn("/bin/rm", ["rm", "-rf", "--", folder], {})
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
