"""What got lost is found, in the order of need, and given up in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.gateways.queue import Message
from chalicelib.repositories import due_tasks
from chalicelib.services import recovering, run_logs
from chalicelib.services.dispatching import dispatch, plan_due, plan_tasks
from chalicelib.services.platform import Platform
from chalicelib.services.recovering import take_back
from tests.fakes import FakeClock, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_channel, make_task, statuses
from tests.services.sandboxes import FAILURE, SUCCESS, Sandbox


def test_messages_that_nobody_takes_up_do_not_hold_up_others_that_got_lost(
    platform: Platform, clock: FakeClock, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovering, "BATCH", 3)
    stubborn = [make_task(platform, time_points=["08:02"]).id for _ in range(3)]
    for _ in range(9):  # their sandbox is out of order: sent four times, and each time in vain
        clock.advance(seconds=61)
        dispatch(platform)
        queue.lose_all()
    for _ in range(3):
        make_task(platform, time_points=["08:11"])
    clock.advance(minutes=2)
    queue.lose_all()

    clock.advance(seconds=61)
    dispatch(platform)

    sent = {body["log_id"] for body in queue.take()}
    fresh = {row["id"] for row in log_rows(platform) if row["task_id"] not in stubborn}
    assert fresh <= sent


def test_an_event_that_never_reaches_a_sandbox_is_given_up_in_the_end(
    platform: Platform, clock: FakeClock, queue: FakeQueue
) -> None:
    make_task(platform)
    clock.advance(minutes=5)

    for _ in range(90):
        dispatch(platform)
        for event in queue.take():
            take_back(platform, event)
        clock.advance(minutes=1)

    row = log_rows(platform)[0]
    assert (row["status"], row["error_kind"]) == ("failed", "lost")


def test_an_event_that_was_replaced_is_not_taken_back(
    platform: Platform, clock: FakeClock, queue: FakeQueue
) -> None:
    make_task(platform)
    clock.advance(minutes=5)
    dispatch(platform)
    (old,) = queue.take()
    clock.advance(seconds=61)
    dispatch(platform)

    take_back(platform, old)

    assert log_rows(platform)[0]["sent_at"] is not None


def test_a_run_that_was_cancelled_is_not_tried_again_when_it_fails_or_falls_silent(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    for _ in range(2):
        make_task(platform, retry_count=3, retry_interval=1)
    clock.advance(minutes=5)
    dispatch(platform)
    failing, silent = (sandbox.claim(event) for event in queue.take())
    for claimed in (failing, silent):
        run_logs.cancel(platform, ADMIN, claimed["log_id"])

    sandbox.report(failing, FAILURE)
    clock.advance(seconds=46)
    dispatch(platform)

    assert statuses(platform) == ["failed", "failed"]


def delivery_rows(platform: Platform) -> list[dict[str, Any]]:
    with platform.database.transaction() as tx:
        return tx.all("SELECT * FROM platform_task_deliveries ORDER BY id")


def test_a_message_that_kills_whoever_sends_it_is_given_up_in_the_end(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform, notify_channels=[make_channel(platform)])
    clock.advance(minutes=5)
    dispatch(platform)
    sandbox.report(sandbox.claim(queue.take()[0]), {**SUCCESS, "result": {"content": "x"}})

    taken = 0
    for _ in range(40):
        clock.advance(seconds=181)
        dispatch(platform)
        taken += sum(1 for body in queue.take() if body["kind"] == "deliver")

    (row,) = delivery_rows(platform)
    assert row["status"] == "failed"
    assert row["errmsg"]
    assert row["finished_at"] <= clock.now()
    assert taken < 20


class _Releasing(FakeQueue):
    """While it sends, whoever held a row lets go of it."""

    def __init__(self, clock: FakeClock, release: Callable[[], object]) -> None:
        super().__init__(clock)
        self._release = release

    def send(self, messages: Sequence[Message]) -> list[int]:
        self._release()
        return super().send(messages)


def test_a_task_that_was_locked_when_a_tick_passed_it_is_planned_before_the_tick_ends(
    platform: Platform, clock: FakeClock
) -> None:
    """A claim or a report holds its task's row for some milliseconds and plans nothing itself."""
    task = make_task(platform)
    make_task(platform)
    clock.advance(minutes=4, seconds=59)

    with platform.database.transaction() as tx:
        tx.one(
            "SELECT id FROM platform_scheduled_tasks WHERE id = %(id)s FOR UPDATE", {"id": task.id}
        )
        queue = _Releasing(clock, lambda: tx.execute("COMMIT"))
        dispatch(replace(platform, queue=queue))
    clock.advance(seconds=1)

    assert len(queue.take()) == 2


def test_after_a_long_outage_no_transaction_grows_without_bounds(
    platform: Platform, clock: FakeClock
) -> None:
    for _ in range(20):
        make_task(platform, schedule_type="cron", cron_expression="* * * * *")
    clock.advance(days=2)

    with platform.database.transaction() as tx:
        plan_tasks(tx, due_tasks.due(tx, clock.now(), 500), clock.now(), {})
    first = len(statuses(platform))
    plan_due(platform)

    assert first < 7000
    assert Counter(statuses(platform)) == {"skipped": 1000 * 20, "queued": 5 * 20}
