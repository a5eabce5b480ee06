"""Changes of a task settle what is planned, in the same moment."""

from __future__ import annotations

from datetime import UTC, datetime

from chalicelib.services import tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_task, statuses
from tests.services.sandboxes import Sandbox


def test_a_new_schedule_replaces_the_planned_occurrence(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    task = make_task(platform)
    clock.advance(minutes=3)
    dispatch(platform)

    tasks.update_task(platform, ADMIN, task.id, {"time_points": ["08:04"]})
    clock.advance(minutes=1)
    early = sandbox.run_due()
    clock.advance(minutes=1)
    late = sandbox.run_due()

    assert [run["scheduled_for"] for run in early + late] == ["2026-11-23T00:04:00Z"]
    assert [(r["status"], r["skip_reason"]) for r in log_rows(platform)] == [
        ("skipped", "rescheduled"),
        ("success", None),
    ]


def test_an_occurrence_that_the_new_schedule_still_holds_stays(
    platform: Platform, clock: FakeClock
) -> None:
    task = make_task(platform)
    clock.advance(minutes=3)
    dispatch(platform)

    tasks.update_task(platform, ADMIN, task.id, {"time_points": ["08:05", "20:00"]})

    (row,) = log_rows(platform)
    assert row["status"] == "queued"
    assert row["sent_at"] is not None


def test_a_task_switched_off_and_on_again_runs_once(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    task = make_task(platform)
    clock.advance(minutes=3)
    dispatch(platform)

    off = tasks.toggle_task(platform, ADMIN, task.id, None)
    between = statuses(platform)
    on = tasks.toggle_task(platform, ADMIN, task.id, True)
    clock.advance(minutes=2)

    assert (off.is_enabled, off.next_run_at, between) == (False, None, ["skipped"])
    assert on.is_enabled
    assert len(sandbox.run_due()) == 1
    assert statuses(platform) == ["success"]


def test_a_deleted_task_runs_no_more(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    task = make_task(platform)
    clock.advance(minutes=3)
    dispatch(platform)

    tasks.delete_task(platform, ADMIN, task.id)
    clock.advance(minutes=2)

    assert sandbox.run_due() == []
    assert [(r["status"], r["skip_reason"]) for r in log_rows(platform)] == [("skipped", "deleted")]


def test_a_run_takes_the_script_as_it_is_then(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    task = make_task(platform)
    clock.advance(minutes=3)
    dispatch(platform)

    changed = tasks.update_task(platform, ADMIN, task.id, {"script_content": "print(2)"})
    clock.advance(minutes=2)
    (run,) = sandbox.run_due()

    assert run["script_content"] == "print(2)"
    assert log_rows(platform)[0]["task_version"] == changed.version == 2


def test_run_now_runs_even_a_task_that_is_off_with_its_own_parameters(
    platform: Platform, sandbox: Sandbox
) -> None:
    task = make_task(platform, is_enabled=False, input_params={"a": 1, "b": 1})

    started = tasks.run_task(platform, ADMIN, task.id, {"b": 2})
    (run,) = sandbox.run_due()

    assert run["input_params"] == {"a": 1, "b": 2}
    assert run["trace_id"] == started["trace_id"]
    assert run["scheduled_for"] is None


def test_next_run_at_is_the_first_occurrence_that_is_not_planned_yet(
    platform: Platform, clock: FakeClock, queue: FakeQueue
) -> None:
    task = make_task(platform)
    clock.advance(minutes=3)
    dispatch(platform)

    after = tasks.get_task(platform, ADMIN, task.id)

    assert task.next_run_at == datetime(2026, 11, 23, 0, 5, tzinfo=UTC)
    assert after.next_run_at == datetime(2026, 11, 24, 0, 5, tzinfo=UTC)
