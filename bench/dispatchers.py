"""Dispatchers in processes of their own, as they are on Lambda, that tick when they are told to."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

from chalicelib.config import Settings
from chalicelib.repositories.database import Database
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from infra.local.queue import MemoryQueue

_SPAWN = multiprocessing.get_context("spawn")


class SetClock:
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.instant: datetime

    def now(self) -> datetime:
        return self.instant

    def sleep_until(self, instant: datetime) -> None:
        raise NotImplementedError("a dispatcher sleeps not")


class _NoLauncher:
    """A dispatcher launches nothing."""

    def start(self, event: dict[str, Any], tenant: str) -> None:
        raise NotImplementedError


@contextmanager
def dispatchers(number: int) -> Iterator[list[Connection]]:
    """Pipes to so many: a database's URL and an instant in, and out when the tick began and ended
    (monotonic s)."""
    pipes, processes = [], []
    for _ in range(number):
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        yield pipes
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.join()


def tick(pipes: list[Connection], url: str, now: datetime) -> float:
    """Let all tick at once at this time; the seconds from the first start to the last end."""
    for pipe in pipes:
        pipe.send((url, now))
    spans = [pipe.recv() for pipe in pipes]
    return float(max(end for _, end in spans) - min(start for start, _ in spans))


def _serve(pipe: Connection) -> None:
    clock = SetClock()
    databases: dict[str, Database] = {}
    while True:
        try:
            url, clock.instant = pipe.recv()
        except EOFError:
            return
        database = databases.setdefault(url, Database(url))
        # What it holds grows with each tick, and nobody reads it.
        platform = Platform(Settings(), database, MemoryQueue(), _NoLauncher(), clock)
        start = time.monotonic()
        dispatch(platform)
        pipe.send((start, time.monotonic()))
