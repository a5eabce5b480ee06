"""Plays Lambda for one function with tenant isolation: each environment is a tenant's own."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import math
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Any

from chalicelib.gateways.clock import Clock, SystemClock
from chalicelib.gateways.launcher import LaunchFailed
from infra.local.destination import Destination, OnDropped
from infra.local.environment import Environment, State
from infra.local.function import Function
from infra.local.placing import Limits, Placing
from infra.local.processors import Processors
from infra.local.runtime_api import Invocation
from infra.local.waiting import Waiting

#: An asynchronous event is at most 1 MB: "Lambda quotas" in the AWS Lambda developer guide.
MOST_EVENT_BYTES = 1024 * 1024
#: Invoke in the Lambda API reference.
_TENANT_ID = re.compile(r"[a-zA-Z0-9._:/=+\-@ ]{1,256}")
_TICK_SECONDS = 0.25

#: The pause after an environment that did not start; doubled after each that follows.
_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
#: A process that no signal ends is left behind after so many seconds.
_STOP_SECONDS = 10.0

log = logging.getLogger(__name__)


class SandboxHost:
    """A launcher for one machine; `open` it first, `stop` it last.

    All that it does happens in one thread with an event loop; `start` and `stats` are for any.
    """

    def __init__(
        self,
        function: Function,
        limits: Limits | None = None,
        on_dropped: OnDropped | None = None,
        clock: Clock | None = None,
        spare: Callable[[], bool] | None = None,
    ) -> None:
        """`spare` says whether processors are idle; asked when events wait for long."""
        self._function = function
        self._limits = limits or Limits()
        self._destination = Destination(on_dropped)
        self._clock = clock or SystemClock()
        self._waiting = Waiting()
        self._environments: set[Environment] = set()
        self._placing = Placing(
            self._limits,
            self._waiting,
            self._environments,
            self._begin,
            self._hand,
            spare or Processors().spare,
        )
        self._counts = dict.fromkeys(("invoked", "dropped", "failed", "cold_starts"), 0)
        self._init_failures = 0
        self._accepting = Lock()
        self._open = False
        self._stopping = False

    # For any thread.

    def open(self) -> None:
        """Start the host's thread; environments come with events."""
        self._running = Event()
        self._thread = Thread(
            target=lambda: asyncio.run(self._run()), name="sandbox-host", daemon=True
        )
        self._thread.start()
        self._running.wait()

    def stop(self) -> None:
        """End all environments and the thread; events that wait are dropped as `stopped`."""
        with self._accepting:
            if not self._open:
                return
            self._open = False
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()
        self._destination.close()

    def start(self, event: dict[str, Any], tenant: str) -> None:
        """Take an event as asynchronous Invoke does, to carry it out soon, once.

        Raises LaunchFailed for a tenant id or an event that Lambda refuses, and when stopped.
        """
        payload = json.dumps(event, separators=(",", ":"), allow_nan=False).encode()
        if len(payload) > MOST_EVENT_BYTES:
            raise LaunchFailed(f"an event is at most {MOST_EVENT_BYTES} bytes, not {len(payload)}")
        if not _TENANT_ID.fullmatch(tenant):
            raise LaunchFailed("this is no tenant id that Lambda takes")
        with self._accepting:
            if not self._open:
                raise LaunchFailed("the sandbox host is stopped")
            self._loop.call_soon_threadsafe(self._accept, tenant, payload)

    def stats(self) -> dict[str, int]:
        """Counts: what is there now, and what happened since the host was made."""
        environments = tuple(self._environments)
        return {
            "environments": len(environments),
            "idle": sum(e.state is State.IDLE for e in environments),
            "waiting": len(self._waiting),
            **self._counts,
        }

    # For environments, in the loop's thread.

    def ready(self, environment: Environment) -> None:
        self._init_failures = 0
        self._place()

    def failed(self, invocation: Invocation) -> None:
        self._drop(invocation, "error", "failed")

    def gone(self, environment: Environment) -> None:
        self._environments.discard(environment)
        if environment.invocation:
            self._drop(environment.invocation, environment.verdict or "crash", "failed")
        elif not environment.was_ready and not self._stopping:
            self._init_failed(environment.tenant)
        if self._stopping and not self._environments:
            self._emptied.set()
        self._place()

    def _init_failed(self, tenant: str) -> None:
        """Lambda fails the event that the environment was made for."""
        self._pause()
        if self._waiting.count(tenant):
            self._drop(self._waiting.pop(tenant), "init", "dropped")

    def _pause(self) -> None:
        pause = min(_LONGEST_PAUSE_SECONDS, _PAUSE_SECONDS * 2**self._init_failures)
        self._init_failures += 1
        self._placing.not_before = self._loop.time() + pause
        log.error("environment did not start", extra={"pause_seconds": pause})

    def _begin(self, tenant: str) -> None:
        taken = {environment.slot for environment in self._environments}
        slot = next(number for number in itertools.count() if number not in taken)
        self._counts["cold_starts"] += 1
        try:
            environment = Environment(self._function, tenant, slot, self, self._clock)
        except OSError:
            log.exception("no process for an environment")
            self._pause()
        else:
            self._environments.add(environment)

    def _hand(self, environment: Environment) -> None:
        self._counts["invoked"] += 1
        environment.hand(self._waiting.pop(environment.tenant))

    def _accept(self, tenant: str, payload: bytes) -> None:
        invocation = Invocation(str(uuid.uuid4()), tenant, payload, self._loop.time())
        self._waiting.add(invocation)
        self._place()

    def _place(self) -> None:
        if not self._stopping:
            self._placing.place(self._loop.time())

    def _drop(self, invocation: Invocation, reason: str, count: str) -> None:
        self._counts[count] += 1
        self._destination.tell(invocation, reason)

    # The thread.

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        self._open = True
        self._running.set()
        self._tick()
        await self._stopped.wait()
        await self._end_all()

    def _tick(self) -> None:
        # First of all, so that the next comes whatever happens in this one.
        self._loop.call_later(_TICK_SECONDS, self._tick)
        if self._stopping:
            return
        now = self._loop.time()
        for invocation in self._waiting.pop_older(now - self._limits.event_age_seconds):
            self._drop(invocation, "age", "dropped")
        for environment in tuple(self._environments):
            self._check(environment, now - environment.since)
        self._placing.relieve(now)
        self._place()

    def _check(self, environment: Environment, age: float) -> None:
        """End an environment whose time in its state is over."""
        match environment.state:
            case State.STARTING if age > self._limits.init_seconds:
                environment.kill("init")
            case State.BUSY if age > self._function.timeout_seconds:
                environment.kill("timeout")
            case State.IDLE if age > self._limits.idle_seconds:
                environment.end()

    async def _end_all(self) -> None:
        self._stopping = True
        self._emptied = asyncio.Event()
        for invocation in self._waiting.pop_older(math.inf):
            self._drop(invocation, "stopped", "dropped")
        for environment in tuple(self._environments):
            environment.verdict = environment.verdict or "stopped"
            environment.end()
        if self._environments:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), _STOP_SECONDS)
        if self._environments:
            log.error("environments left behind", extra={"count": len(self._environments)})
