"""Two at the same moment, with real threads on the real database: one of them wins, wholly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.services import run_logs, tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock
from tests.services.chaos import ThreadQueue
from tests.services.rows import ADMIN, log_rows, make_channel, make_task
from tests.services.sandboxes import SUCCESS, Sandbox
from tests.services.threads import at_once

RESULT = {**SUCCESS, "result": {"content": "x"}}
ROUNDS = range(8)


@pytest.fixture
def queue(clock: FakeClock) -> ThreadQueue:
    return ThreadQueue(clock)


@pytest.fixture
def player(platform: Platform, queue: ThreadQueue) -> Sandbox:
    return Sandbox(platform, queue)  # type: ignore[arg-type]


def due_run(platform: Platform, **fields: Any) -> dict[str, Any]:
    """The message of one run, of a task of its own, that is due now."""
    assert isinstance(platform.queue, ThreadQueue)
    task = make_task(platform, schedule_type="cron", cron_expression="* * * * *", **fields)
    run = tasks.run_task(platform, ADMIN, task.id)
    (event,) = [e for e in platform.queue.take() if e["log_id"] == run["log_id"]]
    return {**event, "task_id": task.id}


def row_of(platform: Platform, log_id: int) -> dict[str, Any]:
    (row,) = log_rows(platform, id=log_id)
    return row


@pytest.mark.parametrize("_", ROUNDS)
def test_of_four_claims_at_once_one_gets_the_run(
    platform: Platform, player: Sandbox, _: int
) -> None:
    event = due_run(platform)

    claims = at_once([lambda: player.claim(event)] * 4)

    won = [claimed for claimed in claims if claimed["answer"]["run"]]
    assert len(won) == 1
    assert row_of(platform, event["log_id"])["nonce"] == won[0]["nonce"]


@pytest.mark.parametrize("_", ROUNDS)
def test_a_claim_and_a_cancel_at_once_agree_on_what_happened(
    platform: Platform, player: Sandbox, _: int
) -> None:
    event = due_run(platform)

    claimed, cancelled = at_once(
        [
            lambda: player.claim(event),
            lambda: run_logs.cancel(platform, ADMIN, event["log_id"]),
        ]
    )

    row = row_of(platform, event["log_id"])
    assert cancelled["cancel_requested"]
    assert row["status"] == ("running" if claimed["answer"]["run"] else "cancelled")
    if claimed["answer"]["run"]:
        assert player.beat(claimed)["cancel"]


@pytest.mark.parametrize("change", ["update", "toggle", "delete"])
@pytest.mark.parametrize("_", range(3))
def test_a_claim_and_a_change_at_once_agree_on_what_happened(
    platform: Platform,
    player: Sandbox,
    clock: FakeClock,
    queue: ThreadQueue,
    change: str,
    _: int,
) -> None:
    task = make_task(platform)
    clock.advance(minutes=5)
    dispatch(platform)
    (event,) = queue.take()
    changes: dict[str, Callable[[], object]] = {
        "update": lambda: tasks.update_task(platform, ADMIN, task.id, {"time_points": ["20:00"]}),
        "toggle": lambda: tasks.toggle_task(platform, ADMIN, task.id, False),
        "delete": lambda: tasks.delete_task(platform, ADMIN, task.id),
    }

    claimed, _ = at_once([lambda: player.claim(event), changes[change]])

    row = row_of(platform, event["log_id"])
    if claimed["answer"].get("run"):
        assert row["status"] == "running"
        assert player.report(claimed, SUCCESS)["ok"]
    else:
        assert row["status"] == "skipped"
        assert row["skip_reason"] == {"toggle": "rescheduled", "delete": "deleted"}[change]


@pytest.mark.parametrize("_", ROUNDS)
def test_a_report_and_a_tick_that_finds_the_run_lost_do_not_both_end_it(
    platform: Platform, player: Sandbox, clock: FakeClock, _: int
) -> None:
    channel = make_channel(platform)
    event = due_run(platform, retry_count=1, retry_interval=5, notify_channels=[channel])
    claimed = player.claim(event)
    clock.advance(seconds=46)

    reported, *_ticks = at_once(
        [
            lambda: player.report(claimed, RESULT),
            lambda: dispatch(platform),
            lambda: dispatch(platform),
        ]
    )

    row = row_of(platform, event["log_id"])
    attempts = log_rows(platform, trace_id=row["trace_id"])
    if reported["ok"]:
        assert (row["status"], len(attempts)) == ("success", 1)
        assert len(reported["deliveries"]) == 1
    else:
        assert (row["status"], row["error_kind"], len(attempts)) == ("failed", "lost", 2)
        assert reported["error"]["code"] == "refused"


@pytest.mark.parametrize("_", ROUNDS)
def test_a_report_sent_twice_at_once_makes_one_message(
    platform: Platform, player: Sandbox, _: int
) -> None:
    event = due_run(platform, notify_channels=[make_channel(platform)])
    claimed = player.claim(event)

    answers = at_once([lambda: player.report(claimed, RESULT, "out")] * 3)

    uuids = {delivery["uuid"] for answer in answers for delivery in answer["deliveries"]}
    assert all(answer["ok"] for answer in answers)
    assert len(uuids) == 1
    assert row_of(platform, event["log_id"])["output"] == "out"


def test_four_dispatchers_plan_500_tasks_once_each(
    platform: Platform, player: Sandbox, clock: FakeClock, queue: ThreadQueue
) -> None:
    with platform.database.transaction() as tx:
        tx.many(
            "INSERT INTO platform_scheduled_tasks (task_name, schedule_type, cron_expression,"
            " script_content, next_run_at) VALUES (%(name)s, 'cron', '* * * * *', 'x', %(at)s)",
            [{"name": f"t{n}", "at": clock.now() + timedelta(minutes=1)} for n in range(500)],
        )

    at_once([lambda: dispatch(platform)] * 4)
    clock.advance(minutes=1)
    claims = [player.claim(event) for event in queue.take()]

    rows = log_rows(platform)
    assert Counter(row["scheduled_for"].minute for row in rows) == {1: 500, 2: 500}
    assert sum(1 for claimed in claims if claimed["answer"].get("run")) == 500
