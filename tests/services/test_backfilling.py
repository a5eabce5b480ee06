"""Backfills: the past in order, one run after the other, beside what is due now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.services import backfilling, holds, run_logs, tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import START, FakeClock, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_task
from tests.services.sandboxes import FAILURE, SUCCESS, Sandbox

HOURLY = {"schedule_type": "cron", "cron_expression": "0 * * * *"}
EVERY_MINUTE = {"schedule_type": "cron", "cron_expression": "* * * * *"}


def fill_in(platform: Platform, task_id: int, hours: float, **more: Any) -> dict[str, Any]:
    """Ask for the runs of the last hours, up to the tests' start."""
    span = {"from": (START - timedelta(hours=hours)).isoformat(), "to": START.isoformat()}
    return backfilling.backfill(platform, ADMIN, task_id, {**span, **more}, "en")[1]


def run_all(platform: Platform, sandbox: Sandbox) -> list[str]:
    """Carry out what is due until nothing is; the hours that runs were for."""
    done: list[str] = []
    while ran := sandbox.run_due():
        done += [run["scheduled_for"][11:16] for run in ran]
    return done


def backfilled(platform: Platform) -> list[str]:
    return [row["status"] for row in log_rows(platform, trigger_type="backfill")]


def test_each_run_waits_for_the_one_before(
    platform: Platform, queue: FakeQueue, sandbox: Sandbox
) -> None:
    task = make_task(platform, **HOURLY, is_enabled=False)

    answer = fill_in(platform, task.id, 4)

    assert len(queue) == 1
    assert len(answer["log_ids"]) == answer["count"] == 4
    assert run_all(platform, sandbox) == ["20:00", "21:00", "22:00", "23:00"]
    assert backfilled(platform) == ["success"] * 4
    assert [row["id"] for row in log_rows(platform)] == answer["log_ids"]


def test_a_dry_run_tells_and_writes_nothing(platform: Platform) -> None:
    task = make_task(platform, **HOURLY, is_enabled=False)

    answer = fill_in(platform, task.id, 2.5, dry_run=True)

    instants = [START - timedelta(hours=2), START - timedelta(hours=1)]
    assert answer == {"count": 2, "first": instants[0], "last": instants[1], "instants": instants}
    assert log_rows(platform) == []


def test_a_retry_comes_before_the_next_one(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    task = make_task(platform, **HOURLY, is_enabled=False, retry_count=1, retry_interval=30)
    fill_in(platform, task.id, 2)
    sandbox.run_due(FAILURE)
    (too_early,) = queue.take()
    refused = sandbox.claim(too_early)["answer"]["reason"]
    dispatch(platform)
    clock.advance(seconds=30)

    assert refused.startswith("waits for backfill-")
    assert run_all(platform, sandbox) == ["22:00", "23:00"]
    assert backfilled(platform) == ["failed", "success", "success"]


def test_the_next_one_goes_on_though_its_message_was_lost(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    task = make_task(platform, **HOURLY, is_enabled=False)
    fill_in(platform, task.id, 2)
    sandbox.run_due()
    queue.lose_all()
    clock.advance(seconds=61)
    dispatch(platform)

    assert run_all(platform, sandbox) == ["23:00"]


def test_one_whose_environment_died_holds_up_the_next_no_longer_than_its_lease(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    task = make_task(platform, **HOURLY, is_enabled=False)
    fill_in(platform, task.id, 2)
    sandbox.claim(queue.take()[0])
    clock.advance(seconds=60)
    dispatch(platform)

    assert run_all(platform, sandbox) == ["23:00"]
    assert [row["error_kind"] for row in log_rows(platform)] == ["lost", None]


@pytest.mark.parametrize("policy", ["skip", "queue"])
def test_what_is_due_now_waits_for_a_run_of_the_past_and_comes_before_the_next(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox, policy: str
) -> None:
    task = make_task(platform, **EVERY_MINUTE, overlap_policy=policy)
    fill_in(platform, task.id, 0.05)
    past = sandbox.claim(queue.take()[0])
    clock.advance(seconds=40)
    sandbox.beat(past)
    clock.advance(seconds=20)
    now = queue.take()[0]

    assert sandbox.claim(now)["answer"]["reason"] == f"waits for task:{task.id}"
    sandbox.report(past, SUCCESS)
    next_of_past, of_now = sorted(queue.take(), key=lambda event: -event["log_id"])
    assert sandbox.claim(next_of_past)["answer"]["reason"] == f"waits for task:{task.id}"
    sandbox.report(sandbox.claim(of_now), SUCCESS)
    assert run_all(platform, sandbox) == ["23:58", "23:59"]
    assert backfilled(platform) == ["success"] * 3


def test_a_run_of_the_past_waits_for_one_that_goes_on(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    task = make_task(platform, time_points=["08:01"])
    clock.advance(minutes=1)
    present = sandbox.claim(queue.take()[0])
    fill_in(platform, task.id, 24)

    (past,) = queue.take()
    assert sandbox.claim(past)["answer"]["reason"] == f"waits for task:{task.id}"
    sandbox.report(present, SUCCESS)
    assert run_all(platform, sandbox) == ["00:01"]


def test_a_task_that_allows_overlap_goes_on_beside_its_past(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    task = make_task(platform, time_points=["08:01"], overlap_policy="allow")
    clock.advance(minutes=1)
    sandbox.claim(queue.take()[0])
    fill_in(platform, task.id, 24)

    assert len(sandbox.run_due()) == 1


def test_a_taken_key_is_waited_for(platform: Platform, queue: FakeQueue, sandbox: Sandbox) -> None:
    key = {"concurrency_key": "k", "is_enabled": False}
    other, task = make_task(platform, **key), make_task(platform, **HOURLY, **key)
    tasks.run_task(platform, ADMIN, other.id)
    holder = sandbox.claim(queue.take()[0])
    fill_in(platform, task.id, 1)

    assert sandbox.run_due() == []
    sandbox.report(holder, SUCCESS)
    assert len(sandbox.run_due()) == 1


def test_it_waits_while_schedules_are_paused(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    task = make_task(platform, **HOURLY, is_enabled=False)
    holds.pause(platform, ADMIN, {})
    answer = fill_in(platform, task.id, 2)
    assert run_all(platform, sandbox) == []
    clock.advance(minutes=1)
    dispatch(platform)
    assert run_all(platform, sandbox) == []

    holds.resume(platform, ADMIN, {})
    dispatch(platform)

    assert answer["warning"] == "schedules paused; the backfill waits until they go on"
    assert run_all(platform, sandbox) == ["22:00", "23:00"]


def test_a_pause_of_then_keeps_nothing_from_being_filled_in_now(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    task = make_task(platform, **EVERY_MINUTE)
    holds.pause(platform, ADMIN, {})
    clock.advance(minutes=2)
    dispatch(platform)
    sandbox.run_due()
    holds.resume(platform, ADMIN, {})
    tasks.toggle_task(platform, ADMIN, task.id, False)
    span = {"from": START.isoformat(), "to": (START + timedelta(minutes=2)).isoformat()}

    backfilling.backfill(platform, ADMIN, task.id, span)

    assert run_all(platform, sandbox) == ["00:00", "00:01"]


def test_the_rest_is_cancelled_and_what_runs_goes_on(
    platform: Platform, queue: FakeQueue, sandbox: Sandbox
) -> None:
    task = make_task(platform, **HOURLY, is_enabled=False)
    first = fill_in(platform, task.id, 5)["log_ids"][0]
    running = sandbox.claim(queue.take()[0])

    answer = backfilling.cancel_rest(platform, ADMIN, task.id)
    sandbox.report(running, SUCCESS)

    assert answer == {"cancelled": 4, "running": [first]}
    assert run_all(platform, sandbox) == []
    assert backfilled(platform) == ["success", *["cancelled"] * 4]


def test_one_that_is_cancelled_by_itself_lets_the_next_one_go_on(
    platform: Platform, queue: FakeQueue, sandbox: Sandbox
) -> None:
    task = make_task(platform, **HOURLY, is_enabled=False)
    ids = fill_in(platform, task.id, 3)["log_ids"]
    run_logs.cancel(platform, ADMIN, ids[0])
    queue.lose_all()
    dispatch(platform)

    assert run_all(platform, sandbox) == ["22:00", "23:00"]


def test_a_second_one_is_refused_until_the_first_is_over(
    platform: Platform, sandbox: Sandbox
) -> None:
    task = make_task(platform, **HOURLY, is_enabled=False)
    fill_in(platform, task.id, 2)

    with pytest.raises(Conflict) as refused:
        fill_in(platform, task.id, 2)
    run_all(platform, sandbox)

    assert refused.value.code == "backfill_going_on"
    assert fill_in(platform, task.id, 2)["count"] == 2


def test_the_scheduled_rows_of_the_same_times_stay_as_they_are(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    task = make_task(platform, time_points=["08:01"])
    clock.advance(minutes=1)
    sandbox.run_due(FAILURE)
    clock.advance(minutes=1)
    now = platform.now().isoformat()
    backfilling.backfill(platform, ADMIN, task.id, {"from": START.isoformat(), "to": now})
    tasks.update_task(platform, ADMIN, task.id, {"time_points": ["09:00"]})
    run_all(platform, sandbox)

    kinds = [(row["trigger_type"], row["status"]) for row in log_rows(platform)]
    assert kinds == [("schedule", "failed"), ("backfill", "success")]


def test_what_is_left_of_a_task_that_is_deleted_is_skipped(platform: Platform) -> None:
    task = make_task(platform, **HOURLY)
    fill_in(platform, task.id, 3)

    tasks.delete_task(platform, ADMIN, task.id)

    assert {row["skip_reason"] for row in log_rows(platform)} == {"deleted"}


@pytest.mark.parametrize(
    ("hours", "span", "field"),
    [
        (1000 + 1, {}, "to"),
        (0, {}, "to"),
        (1, {"to": (START + timedelta(seconds=1)).isoformat()}, "to"),
        (1, {"from": "0001-01-01T00:00:00+14:00"}, "from"),
        (0.5, {}, "from"),
        (1, {"from": "2026-11-22T00:00:00"}, "from"),
    ],
)
def test_a_span_that_is_wrong_is_refused(
    platform: Platform, hours: float, span: dict[str, Any], field: str
) -> None:
    task = make_task(platform, **HOURLY, is_enabled=False)

    with pytest.raises(Invalid) as refused:
        fill_in(platform, task.id, hours, **span)

    assert [error.field for error in refused.value.errors] == [field]
    assert log_rows(platform) == []


def test_a_thousand_is_the_most(platform: Platform, queue: FakeQueue) -> None:
    task = make_task(platform, **HOURLY, is_enabled=False)

    assert fill_in(platform, task.id, 1000)["count"] == 1000
    assert len(queue) == 1
