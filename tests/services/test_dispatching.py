"""Every occurrence once, on time, or with the reason why not."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.gateways.queue import Message
from chalicelib.repositories import tasks as task_rows
from chalicelib.repositories.database import Database
from chalicelib.services import dispatching, launching, tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.health import health
from chalicelib.services.platform import Platform
from tests.fakes import START, FakeClock, FakeLauncher, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_task, statuses
from tests.services.sandboxes import FAILURE, Sandbox

DUE = START + timedelta(minutes=5)


def test_an_occurrence_is_planned_ahead_sent_once_and_starts_at_its_second(
    platform: Platform, clock: FakeClock, queue: FakeQueue, launcher: FakeLauncher
) -> None:
    make_task(platform)

    for _ in range(6):
        dispatch(platform)
        launching.launch(platform, [(str(n), body) for n, body in enumerate(queue.take())])
        clock.advance(seconds=60 - clock.now().second)

    assert [at for at, _, _ in launcher.started] == [DUE]
    (row,) = log_rows(platform)
    assert row["scheduled_for"] == row["due_at"] == DUE
    assert row["sent_at"] <= DUE - timedelta(minutes=2)


def test_a_tick_that_is_missing_makes_nothing_late(
    platform: Platform, clock: FakeClock, queue: FakeQueue
) -> None:
    make_task(platform)

    clock.advance(minutes=3)  # the tick of 08:03 comes; those of 08:04 and 08:05 do not
    dispatch(platform)
    clock.advance(minutes=2)

    assert len(queue.take()) == 1
    assert clock.now() == DUE


def test_a_task_row_that_is_locked_while_a_tick_passes_is_still_planned_in_time(
    platform: Platform, database: Database, clock: FakeClock, migrated_database: str
) -> None:
    task = make_task(platform)
    clock.advance(minutes=4)
    editor = Database(migrated_database)

    with editor.transaction() as tx:
        task_rows.get(tx, task.id, lock=True)
        dispatch(platform)
        assert statuses(platform) == []
    tasks.update_task(platform, ADMIN, task.id, {"task_desc": "saved while the tick passed"})

    assert statuses(platform) == ["queued"]
    editor.close()


def test_a_task_saved_a_minute_before_it_is_due_is_sent_without_a_tick(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    clock.advance(minutes=4, seconds=10)

    make_task(platform)
    clock.advance(seconds=50)

    assert [run["scheduled_for"] for run in sandbox.run_due()] == ["2026-11-23T00:05:00Z"]


class _DiesWhenSending:
    """A queue that takes its dispatcher with it, after the rows and before the messages."""

    def send(self, messages: Sequence[Message]) -> list[int]:
        os._exit(9)


def _dispatch_and_die(url: str, platform: Platform) -> None:
    doomed = replace(platform, database=Database(url), queue=_DiesWhenSending())
    dispatch(doomed)


def test_200_tasks_with_two_dispatchers_at_once_and_one_killed_between_row_and_message(
    platform: Platform, clock: FakeClock, sandbox: Sandbox, migrated_database: str
) -> None:
    for number in range(200):
        make_task(platform, task_name=f"task {number}")
    clock.advance(minutes=3)

    killed = multiprocessing.get_context("fork").Process(
        target=_dispatch_and_die, args=(migrated_database, platform)
    )
    killed.start()
    killed.join()
    both = [threading.Thread(target=_dispatch, args=(platform,)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    clock.advance(minutes=2)
    runs = sandbox.run_due()

    assert killed.exitcode == 9
    assert len(runs) == len({run["task_id"] for run in runs}) == 200
    assert Counter(statuses(platform)) == {"success": 200}


def _dispatch(platform: Platform) -> None:
    dispatch(platform)
    platform.database.close()


def test_after_an_outage_a_task_runs_once_and_the_others_say_why_not(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    make_task(platform, schedule_type="cron", cron_expression="*/10 * * * *")

    clock.advance(hours=1, minutes=1)
    dispatch(platform)
    runs = sandbox.run_due()

    assert [run["scheduled_for"] for run in runs] == ["2026-11-23T01:00:00Z"]
    rows = log_rows(platform)
    assert [row["scheduled_for"].minute for row in rows] == [10, 20, 30, 40, 50, 0]
    assert [row["skip_reason"] for row in rows] == ["missed"] * 5 + [None]


def test_a_very_long_outage_is_summed_up_and_not_silent(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    make_task(platform, schedule_type="cron", cron_expression="* * * * *")

    clock.advance(days=3)
    dispatch(platform)

    rows = log_rows(platform)
    skipped = [row for row in rows if row["status"] == "skipped"]
    assert len(skipped) == 1000
    assert skipped[0]["skip_reason"] == "missed, as all before it since 2026-11-23T00:03:00Z"
    assert [run["scheduled_for"] for run in sandbox.run_due()] == ["2026-11-26T00:00:00Z"]
    assert Counter(statuses(platform)) == {"skipped": 1002, "success": 1, "queued": 2}


def test_a_message_that_nobody_claims_is_sent_again_and_the_first_is_worth_nothing_then(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform)
    clock.advance(minutes=5)
    dispatch(platform)
    (first,) = queue.take()

    clock.advance(seconds=61)
    dispatch(platform)
    (second,) = queue.take()

    assert sandbox.claim(first)["answer"]["error"]["code"] == "refused"
    assert sandbox.claim(second)["answer"]["run"]["log_id"] == first["log_id"]


def test_a_message_that_nobody_ever_claims_ends_as_lost(
    platform: Platform, clock: FakeClock, queue: FakeQueue
) -> None:
    make_task(platform)
    clock.advance(minutes=5)

    for _ in range(80):
        dispatch(platform)
        queue.lose_all()
        clock.advance(minutes=1)

    row = log_rows(platform)[0]
    assert (row["status"], row["error_kind"], row["send_count"]) == ("failed", "lost", 6)


def test_an_attempt_that_falls_silent_is_lost_and_tried_again_as_the_task_says(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform, retry_count=1, retry_interval=30)
    clock.advance(minutes=5)
    dispatch(platform)
    dead = sandbox.claim(queue.take()[0])

    clock.advance(seconds=46)
    dispatch(platform)
    clock.advance(seconds=30)
    runs = sandbox.run_due()

    assert [(r["status"], r["error_kind"], r["retry_count"]) for r in log_rows(platform)] == [
        ("failed", "lost", 0),
        ("success", None, 1),
    ]
    assert runs[0]["trace_id"] == dead["answer"]["run"]["trace_id"]
    assert sandbox.report(dead, FAILURE)["error"]["code"] == "refused"


def test_a_failed_attempt_is_repeated_after_its_interval_and_no_more_often_than_allowed(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    make_task(platform, retry_count=2, retry_interval=20)
    clock.advance(minutes=5)
    dispatch(platform)

    tried = []
    for _ in range(5):
        tried.append(len(sandbox.run_due(FAILURE)))
        clock.advance(seconds=20)

    assert tried == [1, 1, 1, 0, 0]
    assert [row["retry_count"] for row in log_rows(platform)] == [0, 1, 2]


def test_a_queue_that_is_away_delays_and_loses_nothing(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform)
    clock.advance(minutes=3)
    queue.refuses = True
    dispatch(platform)

    queue.refuses = False
    clock.advance(minutes=1)
    dispatch(platform)
    clock.advance(minutes=1)

    assert len(sandbox.run_due()) == 1


def test_a_schedule_that_cannot_be_read_stops_alone(
    platform: Platform, clock: FakeClock, sandbox: Sandbox, database: Database
) -> None:
    broken, good = make_task(platform), make_task(platform)
    with database.transaction() as tx:
        tx.execute(
            "UPDATE platform_scheduled_tasks SET time_points = '[\"25:00\"]' WHERE id = %(id)s",
            {"id": broken.id},
        )
    clock.advance(minutes=5)

    dispatch(platform)

    assert [run["task_id"] for run in sandbox.run_due()] == [good.id]
    stopped = tasks.get_task(platform, ADMIN, broken.id)
    assert stopped.next_run_at is None
    assert "time_points" in (stopped.last_run_message or "")


def test_an_overlapping_occurrence_is_skipped_with_the_reason(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform, schedule_type="cron", cron_expression="* * * * *")
    dispatch(platform)
    clock.advance(minutes=1)
    held = sandbox.claim(queue.take()[0])

    sandbox.beat(held)
    clock.advance(seconds=40)
    sandbox.beat(held)
    clock.advance(seconds=20)

    assert sandbox.run_due() == []
    assert log_rows(platform)[1]["skip_reason"] == "overlap"


@pytest.mark.parametrize("ticks", [0, 1])
def test_health_tells_the_age_of_the_last_tick(
    platform: Platform, clock: FakeClock, ticks: int
) -> None:
    for _ in range(ticks):
        dispatch(platform)
    clock.advance(seconds=90)

    found = health(platform)

    assert found["last_tick_age_seconds"] == (90 if ticks else None)
    assert found["status"] == ("ok" if ticks else "late")


def test_planning_writes_what_a_batch_holds_and_goes_on(
    platform: Platform, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "BATCH", 3)
    for number in range(8):
        make_task(platform, task_name=f"task {number}")
    clock.advance(minutes=3)

    assert dispatching.plan_due(platform) == 8
    assert {row["due_at"] for row in log_rows(platform)} == {DUE}
