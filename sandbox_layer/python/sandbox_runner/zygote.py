"""The warm parent of all runs: it holds the modules that scripts get, and nothing else."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from sandbox_runner import bundles, child, kernel, means, modes, packages, zones
from sandbox_runner.frames import Channel
from sandbox_runner.lockdown import SOCKET, Limits, Means, count_tasks, move_up
from sandbox_runner.stage import Stage, placeholder

#: The document's modules first, then what scripts often import. Every child has to be given, and
#: to give back, all pages of these: what is big or rare waits for a script that names it
#: (`load` of the order to run).
# fmt: off
PRELOADED = (
    "datetime", "time", "json", "re", "math", "random", "hashlib", "base64", "traceback",
    "linecache", "zoneinfo", "urllib.parse", "collections", "csv", "io", "itertools", "functools",
    "string", "textwrap", "hmac", "calendar", "typing", "enum", "copy", "secrets", "operator",
    "threading", "struct", "zlib", "_strptime", "pathlib",
)
# fmt: on
#: Descriptors that zygote and children can ever have; low, so that closing the rest is quick.
_DESCRIPTORS = 64
#: Readable by others of the same uid, but for a process that cannot be dumped (proc(5)).
_OWN_SECRETS = "/proc/self/environ"
#: How old, in seconds, the count of the user's tasks may be when a run begins.
_COUNT_AGE = 60.0
#: With more tasks than these the account is not ours alone, and each run counts anew.
_OURS = 48


#: `signal` without its enumerations, of which a child would have to copy the pages.
_bare_signal: Any = importlib.import_module("_signal")


def _tolerate(step: Any, *args: Any) -> bool:
    try:
        step(*args)
    except OSError:
        return False
    return True


def _volunteer_for_oom() -> None:
    """Scripts go first when the machine runs out of memory; children inherit this."""
    Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


def _is_unreadable() -> bool:
    """Whether others of this uid are kept out of this process's memory and environment."""
    try:
        os.close(os.open(_OWN_SECRETS, os.O_RDONLY))
    except PermissionError:
        return True
    return False


def _prepare(folder: str, bundles_folder: str) -> tuple[Means, dict[str, bool]]:
    """Load everything, then give up what is not needed; says what the machine allowed."""
    child.prepare()
    for name in PRELOADED:
        importlib.import_module(name)
    packages.prepare()
    found = means.find(folder, bundles_folder)
    if found.regime == "fd-jail":
        importlib.import_module("sandbox_runner.in_memory").load()
    modes.forget()
    # What the loader and Python's start needed, scripts have no use for.
    os.environ.clear()
    kernel.use_one_arena()
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, _DESCRIPTORS))
    _tolerate(_volunteer_for_oom)
    allowed = {
        "undumpable": _tolerate(kernel.become_undumpable),
        "subreaper": _tolerate(kernel.adopt_orphans),
        "dies_with_supervisor": _tolerate(kernel.die_with_parent, signal.SIGKILL),
    }
    allowed["unreadable"] = _is_unreadable()
    return found, allowed


class Zygote:
    """Answers the supervisor: `run` forks a child, `reap` returns when none is left."""

    def __init__(self, control: socket.socket, found: Means, stage: Stage) -> None:
        self._control = control
        self._means = found
        self._stage = stage
        self._alarm, alarm = socket.socketpair()
        for end in (self._alarm, alarm):
            end.setblocking(False)
        self._wakeup = alarm
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
        self._child = 0
        self._tasks = 0
        self._counted_at = float("-inf")

    def serve(self) -> None:
        """Work until the supervisor hangs up."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._alarm, select.POLLIN)
        while True:
            ready = {number for number, _ in poll.poll()}
            # An order first: after one to reap, nobody asks how the child ended.
            if self._control.fileno() in ready and not self._obey():
                return
            if self._alarm.fileno() in ready:
                self._alarm.recv(4096)
                self._tell_exit()

    def _obey(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, 4096, 2)
        if not data:
            return False
        order = json.loads(data)
        if order["op"] == "run":
            self._fork(descriptors, order)
        else:
            self._reap(order["forget_keys"])
        return True

    def _fork(self, descriptors: list[int], order: dict[str, Any]) -> None:
        packages.load(order["load"])
        bundles.prepare(descriptors[1:])
        tasks = self._count() + order["tasks"]
        limits = Limits(
            order["memory_bytes"],
            order["cpu_seconds"],
            order["open_files"],
            tasks,
            order["file_bytes"],
        )
        # Before the fork, as a locked child may have no way to open the zone's file any more.
        has_zone = zones.enter(order["timezone"])
        pid = os.fork()
        if pid == 0:
            self._become_child(descriptors, order["bundle"], limits, has_zone)
        for descriptor in descriptors:
            os.close(descriptor)
        self._child = pid
        self._control.send(b'{"pid": %d}' % pid)

    def _become_child(
        self, descriptors: list[int], bundle: str, limits: Limits, has_zone: bool
    ) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            _bare_signal.signal(_bare_signal.SIGCHLD, _bare_signal.SIG_DFL)
            descriptor, *archive = descriptors
            bundles.enter(bundle, archive[0] if archive else None)
            for end in (self._control, self._alarm, self._wakeup):
                end.detach()
            os.dup2(descriptor, SOCKET)
            child.run(self._stage, limits, self._means, has_zone)
        finally:
            os._exit(70)

    def _count(self) -> int:
        now = time.monotonic()
        if self._tasks > _OURS or now - self._counted_at > _COUNT_AGE:
            self._tasks, self._counted_at = count_tasks(os.getuid()), now
        return self._tasks

    def _tell_exit(self) -> None:
        """Tell how the child ended; it stays a zombie, so that nobody gets its number."""
        if not self._child:
            return
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        ended = os.waitid(os.P_PID, self._child, flags)
        if ended is None:
            return
        how = b"code" if ended.si_code == os.CLD_EXITED else b"signal"
        self._control.send(b'{"exited": %d, "%b": %d}' % (self._child, how, ended.si_status))
        self._child = 0

    def _reap(self, forget_keys: bool) -> None:
        # As every orphan comes to a subreaper, ECHILD proves that nothing of the run is alive.
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        self._child = 0
        if forget_keys:
            kernel.empty_keyrings()
        self._control.send(b'{"clean": true}')


def main(descriptor: int, folder: str, bundles_folder: str = "") -> None:
    """Serve the supervisor at the other end of `descriptor` until it goes.

    `folder`: where scripts may write, if the kernel holds them to it. `bundles_folder`: where the
    packages are that they bring, if any.
    """
    control = socket.socket(fileno=move_up(descriptor))
    found, allowed = _prepare(folder, bundles_folder)
    child.rehearse()
    stage = Stage(Channel(placeholder()))
    zygote = Zygote(control, found, stage)
    # Until now a traceback went to the supervisor's pipe.
    os.dup2(0, 2)
    stage.set()
    gc.collect()
    gc.freeze()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    ready = {"ready": os.getpid(), "regime": found.regime, "allowed": allowed, "python": python}
    control.send(json.dumps(ready).encode("ascii"))
    with contextlib.suppress(ConnectionError):
        zygote.serve()
