"""Runs scripts one after another, each in a process of its own of which nothing remains."""

from __future__ import annotations

import logging
import math
import socket
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any

from chalicelib.sandbox import processes, protection
from chalicelib.sandbox.calls import Handler
from chalicelib.sandbox.conversation import Conversation
from chalicelib.sandbox.disk import Disk
from chalicelib.sandbox.endings import judge, lacking
from chalicelib.sandbox.home import Home, ZygoteFailed
from chalicelib.sandbox.outcome import Outcome, Script, failed
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.quotas import Quotas
from chalicelib.sandbox.shelf import Unfit
from chalicelib.sandbox.surroundings import Surroundings
from chalicelib.sandbox.terms import Ending, Terms
from chalicelib.sandbox.zygote import Limits, Zygote

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
    """Keeps a warm zygote. `handlers` do what scripts ask for.

    `required`: the layers of protection that must hold; if none is named, those that the regime
    found here needs.

    `start` and `execute` belong to a thread that lives as long as the process: a zygote dies
    with the thread that started it (PR_SET_PDEATHSIG, prctl(2)).
    """

    def __init__(
        self,
        home: Home,
        handlers: Mapping[str, Handler],
        limits: Limits | None = None,
        required: Collection[str] = (),
        quotas: Quotas | None = None,
    ) -> None:
        self.home = home
        self._handlers = handlers
        self._limits = limits or Limits()
        self._required = required
        self._quotas = quotas or Quotas()
        self._zygote: Zygote | None = None
        self._around: tuple[Zygote, dict[str, str]] | None = None
        self._one_at_a_time = threading.Lock()

    def start(self) -> None:
        """Begin to warm up, without waiting; what fails here is told by `execute`."""
        if self._zygote is None:
            try:
                self._zygote = Zygote(self.home, processes.guard_this_process())
            except ZygoteFailed as error:
                _log.error("no sandbox", extra={"action": "sandbox_failed", "why": str(error)})

    def close(self) -> None:
        """End the zygote; the next run starts another."""
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.discard()

    def execute(self, script: Script, output: Output, cancelled: threading.Event) -> Outcome:
        """Run `script` until it ends, its time is up or `cancelled` is set.

        What it prints goes to `output` at once, whose mask covers secrets in the outcome too.
        Every process of the run is dead on return; raises Unclean if one is not.
        """
        with self._one_at_a_time:
            started = time.monotonic()
            try:
                zygote = self._warm_zygote()
                if script.bundle:
                    # Not on the script's time.
                    script.bundle.prepare(zygote.regime, zygote.python)
                return self._run(script, output, cancelled, zygote)
            except Unfit as error:
                return failed("sandbox", error.text, _milliseconds_since(started))
            except ZygoteFailed as error:
                self.close()
                return failed("sandbox", error.text, _milliseconds_since(started))

    def _warm_zygote(self) -> Zygote:
        if self._zygote is not None and not self._zygote.is_alive:
            self.close()
        if self._zygote is None:
            self._zygote = Zygote(self.home, processes.guard_this_process())
        self._zygote.wait_until_ready()
        return self._zygote

    def protection(self) -> dict[str, Any]:
        """The regime found here, the layers that a run needs in it, and which hold outside it."""
        zygote = self._warm_zygote()
        needed = protection.required_in(zygote.regime, self._required)
        return {
            "regime": zygote.regime,
            "required": sorted(needed),
            "environment": self._environment(zygote),
        }

    def _environment(self, zygote: Zygote) -> dict[str, str]:
        """What holds around the children of `zygote`; found out once."""
        if self._around is None or self._around[0] is not zygote:
            self._around = (zygote, protection.of_environment(zygote.uid, zygote.said))
        return self._around[1]

    def _lacking(self, zygote: Zygote, needed: frozenset[str]) -> dict[str, str]:
        """The needed layers around a child that do not hold, each with the reason."""
        around = self._environment(zygote)
        outside = needed & protection.OF_ENVIRONMENT
        return {name: around[name] for name in outside if around[name] != "on"}

    def _run(
        self, script: Script, output: Output, cancelled: threading.Event, zygote: Zygote
    ) -> Outcome:
        started = time.monotonic()
        needed = protection.required_in(zygote.regime, self._required)
        if missing := self._lacking(zygote, needed):
            return lacking(missing, _milliseconds_since(started))
        quotas = self._quotas.for_script(script.timeout_seconds)
        surroundings = Surroundings(zygote, sweeps=self._sweeps(zygote))
        near, far = socket.socketpair()
        with near:
            with far:
                # The kernel stops what was not stopped from here.
                cpu_seconds = math.ceil(quotas.cpu_seconds) + 1
                pid = zygote.fork(far.fileno(), self._limits, cpu_seconds, script)
            most = (self._limits.disk_mb << 20, self._limits.files)
            disk = Disk(zygote.work_folder, surroundings.belongings, *most, pid)
            terms = Terms(
                job=_job(script),
                deadline=started + quotas.wall_seconds,
                cancelled=cancelled,
                required=needed - protection.OF_ENVIRONMENT,
                handlers={**self._handlers, **script.calls},
                quotas=quotas,
                pid=pid,
                is_over_quota=disk.is_over_now_and_then,
            )
            try:
                ending = Conversation(near, zygote, terms, output).hold()
                if ending.how == "done" and disk.is_over():
                    ending = Ending("disk", {})
                took = _milliseconds_since(started)
            finally:
                self._clean_up(zygote, pid, surroundings)
        return judge(ending, quotas, took, output.mask)

    def _clean_up(self, zygote: Zygote, pid: int, surroundings: Surroundings) -> None:
        """Leave all as it was before the run; raises Unclean if that cannot be."""
        is_clean = zygote.finish(pid, forget_keys=surroundings.sweeps)
        if not (surroundings.restore() and is_clean):
            self.close()

    def _sweeps(self, zygote: Zygote) -> bool:
        return zygote.regime == "fd-jail" and self._environment(zygote)["own_account"] == "on"
