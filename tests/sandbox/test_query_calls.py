"""Queries of one run: one at a time, and none that outlives the run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chalicelib.gateways.broker import SocketBroker
from chalicelib.sandbox.attempt import Attempt
from chalicelib.sandbox.calls import CallFailed, Handler
from chalicelib.sandbox.query_calls import query_calls
from infra.local.broker_server import BrokerServer
from tests.fakes import FakeClock
from tests.services.threads import at_once

ARGS = {"sql": "SELECT 1", "params": "null", "seconds": 1e9, "more": "forged"}


class Counting:
    """Answers as a broker; remembers what it was asked, and how many asked at once."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self._company = threading.Event()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self.asked.append(request["args"])
            if self._now > 1:
                self._company.set()
        # Stays until another comes, which it does at once if it may.
        self._company.wait(timeout=0.05)
        with self._lock:
            self._now -= 1
            return {"ok": True, "value": len(self.asked)}


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def db_query(counting: Counting, tmp_path: Path) -> Iterator[Handler]:
    server = BrokerServer(tmp_path / "broker", counting.answer)
    server.start()
    broker = SocketBroker(str(tmp_path / "broker"))
    yield query_calls(Attempt(broker, FakeClock(), 1, "token"))["db_query"]
    server.stop()


def test_queries_of_threads_take_turns_with_the_time_that_is_left(
    counting: Counting, db_query: Handler
) -> None:
    answers = at_once([partial(db_query, ARGS, 30.0) for _ in range(4)])

    assert sorted(answers) == [1, 2, 3, 4]
    assert counting.most == 1
    assert all(set(args) == {"sql", "params", "seconds"} for args in counting.asked)
    assert all(0.0 < args["seconds"] <= 29.0 for args in counting.asked)


def test_a_run_without_time_asks_nothing(counting: Counting, db_query: Handler) -> None:
    with pytest.raises(CallFailed, match="no time left"):
        db_query(ARGS, 0.9)

    assert counting.asked == []
