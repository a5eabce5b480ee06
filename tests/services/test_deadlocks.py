"""All that locks more than one row, in many threads, on few tasks: nobody is told of a deadlock."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.domain.errors import Conflict
from chalicelib.services import run_logs, tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock
from tests.services.chaos import ThreadQueue
from tests.services.rows import ADMIN, log_rows, make_channel, make_task
from tests.services.sandboxes import FAILURE, SUCCESS, Sandbox
from tests.services.threads import at_once

OUTCOMES = ({**SUCCESS, "result": {"content": "x"}}, FAILURE)
EXPRESSIONS = ("* * * * *", "*/2 * * * *", "1-59/2 * * * *")


@pytest.fixture
def queue(clock: FakeClock) -> ThreadQueue:
    return ThreadQueue(clock)


class Crowd:
    """Everybody who works on the same tasks; each does one thing per turn."""

    def __init__(self, platform: Platform, clock: FakeClock, queue: ThreadQueue) -> None:
        self.platform, self.clock, self.queue = platform, clock, queue
        self.player = Sandbox(platform, queue)  # type: ignore[arg-type]
        channels = [make_channel(platform) for _ in range(3)]
        fields = {"retry_count": 2, "retry_interval": 1, "notify_channels": channels}
        cron = {"schedule_type": "cron", "cron_expression": "* * * * *"}
        self.ids = [make_task(platform, **cron, **fields).id for _ in range(8)]

    def task_id(self, turn: int) -> int:
        return self.ids[turn * 5 % len(self.ids)]

    def tick(self, turn: int) -> None:
        dispatch(self.platform)
        self.clock.advance(seconds=7)

    def edit(self, turn: int) -> None:
        changes = {"cron_expression": EXPRESSIONS[turn % 3]}
        tasks.update_task(self.platform, ADMIN, self.task_id(turn), changes)

    def toggle(self, turn: int) -> None:
        tasks.toggle_task(self.platform, ADMIN, self.task_id(turn), None)

    def run(self, turn: int) -> None:
        tasks.run_task(self.platform, ADMIN, self.task_id(turn))

    def cancel(self, turn: int) -> None:
        alive = [r["id"] for r in log_rows(self.platform) if r["status"] in ("queued", "running")]
        if alive:
            run_logs.cancel(self.platform, ADMIN, alive[turn % len(alive)])

    def play(self, turn: int) -> None:
        for event in self.queue.take():
            if event["kind"] == "run":
                self._carry_out(event, turn)
            else:
                answer = self.player.ask("deliveries", ids=event["ids"], token=event["token"])
                self._send(answer, event["token"], turn)

    def _carry_out(self, event: dict[str, Any], turn: int) -> None:
        claimed = self.player.claim(event)
        if claimed["answer"].get("run"):
            self.player.beat(claimed)
            answer = self.player.report(claimed, OUTCOMES[turn % 2], "out")
            self._send(answer, answer.get("token"), turn)

    def _send(self, answer: dict[str, Any], token: str | None, turn: int) -> None:
        """Some are sent, some put off, and of some nobody hears again."""
        status = ("sent", "later", "")[turn % 3]
        made = answer.get("deliveries", [])
        receipts = [{"id": d["id"], "status": status, "retry_after_seconds": 5} for d in made]
        if receipts and status:
            self.player.ask("receipts", token=token, receipts=receipts)


def _again_and_again(work: Callable[[int], None], seconds: float) -> Callable[[], None]:
    def works() -> None:
        end = time.monotonic() + seconds
        for turn in itertools.count():
            with suppress(Conflict):  # what was to be cancelled has ended
                work(turn)
            if time.monotonic() > end:
                return

    return works


def _storm(crowd: Crowd, seconds: float) -> None:
    ticks, players = [crowd.tick] * 3, [crowd.play] * 3
    users = [crowd.edit, crowd.edit, crowd.toggle, crowd.toggle, crowd.run, crowd.cancel]
    at_once([_again_and_again(work, seconds) for work in (*ticks, *players, *users)])


def test_nothing_deadlocks_when_everybody_works_on_the_same_tasks(
    platform: Platform, clock: FakeClock, queue: ThreadQueue
) -> None:
    _storm(Crowd(platform, clock, queue), seconds=4)


@pytest.mark.slow
def test_nothing_deadlocks_for_half_a_minute(
    platform: Platform, clock: FakeClock, queue: ThreadQueue
) -> None:
    _storm(Crowd(platform, clock, queue), seconds=30)
