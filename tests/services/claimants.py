"""Processes that plan, and then claim and report, all at once on one database."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from chalicelib.config import Settings
from chalicelib.repositories.database import Database
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeLauncher, FakeQueue
from tests.services.sandboxes import SUCCESS, Sandbox

_SPAWN = multiprocessing.get_context("spawn")
#: One that has said nothing by then never will.
_PATIENCE = 600.0


@dataclass
class Work:
    """What one process did: the messages that it sent, the runs it got, or what it died of."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    won: list[int] = field(default_factory=list)
    error: str | None = None


class Claimants:
    """So many processes; each does what it is told when all of them are told."""

    def __init__(self, url: str, number: int) -> None:
        self._pipes: list[Connection] = []
        self._processes = []
        for one in range(number):
            ours, theirs = _SPAWN.Pipe()
            process = _SPAWN.Process(target=_work, args=(url, one, theirs), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            assert pipe.recv() == "ready"

    def plan(self) -> None:
        """Let each do a tick."""
        for pipe in self._pipes:
            pipe.send(None)

    def claim(self, shares: Sequence[Sequence[dict[str, Any]]]) -> None:
        """Let each claim and report its share of the messages, three minutes later."""
        for pipe, share in zip(self._pipes, shares, strict=True):
            pipe.send(share)

    def working(self) -> bool:
        """Whether some have not answered; one that died has."""
        return not all(pipe.poll() for pipe in self._pipes)

    def results(self) -> list[Work]:
        """Waits for all."""
        found = []
        for pipe in self._pipes:
            assert pipe.poll(_PATIENCE), "a process hangs"
            found.append(pipe.recv())
        return found

    def close(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join()


def _work(url: str, number: int, pipe: Connection) -> None:
    clock = FakeClock()
    queue = FakeQueue(clock)
    database = Database(url)
    platform = Platform(Settings(), database, queue, FakeLauncher(clock), clock)
    pipe.send("ready")
    with suppress(EOFError):
        while True:
            share = pipe.recv()
            pipe.send(_plan(platform) if share is None else _claim(platform, number, share))
    database.close()


def _plan(platform: Platform) -> Work:
    try:
        dispatch(platform)
    except Exception:
        return Work(error=traceback.format_exc())
    assert isinstance(platform.clock, FakeClock)
    platform.clock.advance(minutes=3)
    assert isinstance(platform.queue, FakeQueue)
    return Work(sent=platform.queue.take())


def _claim(platform: Platform, number: int, events: Sequence[dict[str, Any]]) -> Work:
    assert isinstance(platform.queue, FakeQueue)
    sandbox = Sandbox(platform, platform.queue)
    work = Work()
    try:
        for event in events:
            claimed = sandbox.claim(event, f"{number}-{event['log_id']}")
            if claimed["answer"].get("run"):
                work.won.append(event["log_id"])
                assert sandbox.report(claimed, SUCCESS)["ok"]
    except Exception:
        work.error = traceback.format_exc()
    return work
