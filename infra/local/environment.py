"""One environment of a function: a process of AWS's runtime client that belongs to one tenant."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
from enum import Enum, auto
from typing import Protocol

from chalicelib.gateways.clock import Clock
from infra.local.function import Function, keep
from infra.local.runtime_api import Invocation, RuntimeEndpoint

#: An environment that was asked to end and does not, is ended after so many seconds.
GRACE_SECONDS = 2.0

log = logging.getLogger(__name__)


class State(Enum):
    STARTING = auto()
    IDLE = auto()
    BUSY = auto()
    ENDING = auto()


class Host(Protocol):
    """Who is told of changes, in the event loop's thread."""

    def ready(self, environment: Environment) -> None:
        """It waits for an event."""
        ...

    def failed(self, invocation: Invocation) -> None:
        """The function answered this one with an error."""
        ...

    def gone(self, environment: Environment) -> None:
        """Its process and all that it started are dead."""
        ...


class Environment:
    """Lives in the event loop's thread; times are the loop's."""

    def __init__(
        self, function: Function, tenant: str, slot: int, host: Host, clock: Clock
    ) -> None:
        self.tenant = tenant
        self.slot = slot
        self.state = State.STARTING
        self.invocation: Invocation | None = None
        self.was_ready = False
        #: Why it was killed, if it was.
        self.verdict: str | None = None
        self._function = function
        self._host = host
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self.since = self._loop.time()
        self.began = math.inf
        uid = None if function.first_uid is None else function.first_uid + slot
        self._endpoint = RuntimeEndpoint(self, os.getuid() if uid is None else uid)
        try:
            self._keeper = keep(function, self._endpoint.address, uid)
        except OSError:
            self._endpoint.close()
            raise
        assert self._keeper.stdin
        self._commands = self._keeper.stdin
        self._pidfd = os.pidfd_open(self._keeper.pid)
        self._loop.add_reader(self._pidfd, self._ended)

    def hand(self, invocation: Invocation) -> None:
        """Give it an event; it must be idle."""
        self._turn(State.BUSY)
        self.began = min(self.began, self.since)
        self.invocation = invocation
        deadline = self._clock.now().timestamp() + self._function.timeout_seconds
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self._function.arn,
            "Lambda-Runtime-Aws-Tenant-Id": invocation.tenant,
        }
        self._endpoint.hand(invocation, headers)

    def end(self) -> None:
        """Ask it to end, and see to it."""
        self._turn(State.ENDING)
        with contextlib.suppress(OSError, ValueError):
            self._commands.write(b"t")
        self._loop.call_later(GRACE_SECONDS, self._close_commands)

    def kill(self, verdict: str) -> None:
        """End it now, with all that it started."""
        self._turn(State.ENDING)
        self.verdict = verdict
        self._close_commands()

    # What the runtime client says.

    def asks_next(self) -> None:
        if self.state is State.ENDING:
            return
        if self.invocation:
            self.answers(self.invocation.request_id, failed=True)
        self._turn(State.IDLE)
        self.was_ready = True
        self._host.ready(self)

    def answers(self, request_id: str, failed: bool) -> bool:
        invocation = self.invocation
        if invocation is None or invocation.request_id != request_id:
            return False
        self.invocation = None
        if failed:
            self._host.failed(invocation)
        return True

    def init_failed(self, error_type: str) -> None:
        log.error("function did not load", extra={"error": error_type})

    def _turn(self, state: State) -> None:
        self.state = state
        self.since = self._loop.time()

    def _close_commands(self) -> None:
        self._commands.close()

    def _ended(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._keeper.wait()
        self._close_commands()
        self._endpoint.close()
        self.state = State.ENDING
        self._host.gone(self)
