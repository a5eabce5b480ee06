"""Stand-ins for the clock, the queue and the launcher; nothing else is faked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.gateways.launcher import LaunchFailed
from chalicelib.gateways.queue import Message

START = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


class FakeClock:
    """A clock that moves when it is told to, or slept on."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def sleep_until(self, instant: datetime) -> None:
        self._now = max(self._now, instant)

    def advance(self, **delta: float) -> None:
        self._now += timedelta(**delta)


class FakeQueue:
    """Keeps what is sent; `take` hands out what is due, once."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._waiting: list[tuple[datetime, Message]] = []
        self.refuses = False

    def send(self, messages: Sequence[Message]) -> list[int]:
        if self.refuses:
            return list(range(len(messages)))
        now = self._clock.now()
        self._waiting += [(now + timedelta(seconds=m.delay_seconds), m) for m in messages]
        return []

    def take(self) -> list[dict[str, Any]]:
        now = self._clock.now()
        due = [m.body for at, m in self._waiting if at <= now]
        self._waiting = [(at, m) for at, m in self._waiting if at > now]
        return due

    def lose_all(self) -> None:
        self._waiting = []

    def __len__(self) -> int:
        return len(self._waiting)


class FakeLauncher:
    """Keeps what it was asked to start, and when."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.started: list[tuple[datetime, dict[str, Any], str]] = []
        self.refuses: set[int] = set()

    def start(self, event: dict[str, Any], tenant: str) -> None:
        if event.get("log_id") in self.refuses:
            raise LaunchFailed("the sandbox is throttled")
        self.started.append((self._clock.now(), event, tenant))
