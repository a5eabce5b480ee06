"""Runs scripts one after another, each in a process of its own of which nothing remains."""

from __future__ import annotations

import logging
import math
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

from chalicelib.sandbox import processes
from chalicelib.sandbox.calls import Handler
from chalicelib.sandbox.conversation import Conversation, Terms
from chalicelib.sandbox.endings import judge
from chalicelib.sandbox.outcome import Outcome, Script, failed
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.zygote import Home, Limits, Zygote, ZygoteFailed

#: Layers of `sandbox_runner.lockdown` without which no script runs.
REQUIRED = frozenset({"not_root", "session", "descriptors", "limits"})
_log = logging.getLogger(__name__)


def _job(script: Script) -> dict[str, Any]:
    return {
        "t": "job",
        "script": script.content,
        "params": dict(script.params),
        "timezone": script.timezone,
        "task_id": script.task_id,
        "tenant_id": script.tenant_id,
        "trace_id": script.trace_id,
    }


def _milliseconds_since(start: float) -> int:
    return round((time.monotonic() - start) * 1000)


class Supervisor:
    """Keeps a warm zygote. `handlers` do what scripts ask for; `required` layers must hold.

    `start` and `execute` belong to a thread that lives as long as the process: a zygote dies
    with the thread that started it (PR_SET_PDEATHSIG, prctl(2)).
    """

    def __init__(
        self,
        home: Home,
        handlers: Mapping[str, Handler],
        limits: Limits | None = None,
        required: frozenset[str] = REQUIRED,
    ) -> None:
        self._home = home
        self._handlers = handlers
        self._limits = limits or Limits()
        self._required = required
        self._zygote: Zygote | None = None
        self._one_at_a_time = threading.Lock()

    def start(self) -> None:
        """Begin to warm up, without waiting; what fails here is told by `execute`."""
        if self._zygote is None:
            processes.guard_this_process()
            try:
                self._zygote = Zygote(self._home)
            except ZygoteFailed as error:
                _log.error("no sandbox", extra={"action": "sandbox_failed", "why": str(error)})

    def close(self) -> None:
        """End the zygote; the next run starts another."""
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.discard()

    def execute(self, script: Script, output: Output, cancelled: threading.Event) -> Outcome:
        """Run `script` until it ends, its time is up or `cancelled` is set.

        What it prints goes to `output` at once. Every process of the run is dead on return;
        raises Unclean if one is not.
        """
        with self._one_at_a_time:
            started = time.monotonic()
            try:
                return self._run(script, output, cancelled, self._warm_zygote())
            except ZygoteFailed as error:
                self.close()
                return failed("crash", error.text, _milliseconds_since(started))

    def _warm_zygote(self) -> Zygote:
        if self._zygote is not None and not self._zygote.is_alive:
            self.close()
        if self._zygote is None:
            processes.guard_this_process()
            self._zygote = Zygote(self._home)
        self._zygote.wait_until_ready()
        return self._zygote

    def _run(
        self, script: Script, output: Output, cancelled: threading.Event, zygote: Zygote
    ) -> Outcome:
        started = time.monotonic()
        deadline = started + script.timeout_seconds
        terms = Terms(_job(script), deadline, cancelled, self._required, self._handlers)
        near, far = socket.socketpair()
        with near:
            with far:
                # Threads add up, so this only stops what the deadline should have stopped.
                cpu_seconds = math.ceil(script.timeout_seconds) * 2 + 10
                pid = zygote.fork(far.fileno(), self._limits, cpu_seconds)
            try:
                ending = Conversation(near, zygote, terms, output).hold()
                took = _milliseconds_since(started)
            finally:
                if not zygote.finish(pid):
                    self.close()
        return judge(ending, script.timeout_seconds, took)
