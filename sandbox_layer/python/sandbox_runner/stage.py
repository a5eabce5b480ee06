"""What is around every script, made in the zygote: a fork is quicker than making it."""

from __future__ import annotations

import io
import linecache
import os
import socket
import sys
import types
from collections.abc import Mapping
from typing import Any

from sandbox_runner import sdk, shim
from sandbox_runner.console import Console
from sandbox_runner.frames import Channel
from sandbox_runner.lockdown import SOCKET, move_up
from sandbox_runner.tracebacks import SCRIPT

#: Names that differ from run to run, as they are before one.
_NOBODY: Mapping[str, Any] = {"task_id": None, "tenant_id": None, "trace_id": ""}


def placeholder() -> socket.socket:
    """What stands at the number of the run's socket until a child puts the run's own there."""
    # One of the two may have been given that very number.
    ends = [move_up(end.detach()) for end in socket.socketpair()]
    os.dup2(ends[0], SOCKET, inheritable=False)
    for end in ends:
        os.close(end)
    return socket.socket(fileno=SOCKET)


class Stage:
    """Module, names, output and channel of a script; no run's before a child enters its own."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._consoles = {name: Console(f"<{name}>") for name in ("stdout", "stderr")}
        self._params: dict[str, Any] = {}
        self._module = types.ModuleType("__main__")
        self._module.__file__ = SCRIPT
        standing = sdk.names({**_NOBODY, "params": self._params}, self.channel)
        self._module.__dict__.update(standing)

    def set(self) -> None:
        """Put everything where a fresh interpreter has it."""
        for name, console in self._consoles.items():
            setattr(sys, name, console)
            # A script that wraps the one must not end the other.
            setattr(sys, f"__{name}__", console)
        sys.argv = [SCRIPT]
        sys.modules["__main__"] = self._module

    def enter(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Give the stage, which is set, to a job; returns the script's globals."""
        # Until now words go nowhere: the supervisor takes none from a child that is not locked.
        for console in self._consoles.values():
            console.connect(self.channel)
        self._params.update(job["params"])
        names = self._module.__dict__
        names.update((name, job[name]) for name in _NOBODY)
        # Python's lines end as `io` has them, not as `str.splitlines` has.
        lines = io.StringIO(job["script"], newline=None).readlines()
        linecache.cache[SCRIPT] = (len(job["script"]), None, lines, SCRIPT)
        shim.enter(self.channel.call)
        return names
