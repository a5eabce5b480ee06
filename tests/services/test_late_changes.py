"""What was due while ticks were late is not forgotten when the task changes before the next one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.repositories.database import Database
from chalicelib.services import tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import START, FakeClock, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_task, statuses
from tests.services.sandboxes import Sandbox

EVERY_10 = {"schedule_type": "cron", "cron_expression": "*/10 * * * *"}


def reasons(platform: Platform) -> list[tuple[int, str, str | None]]:
    rows = sorted(log_rows(platform), key=lambda row: row["scheduled_for"])
    return [(row["scheduled_for"].minute, row["status"], row["skip_reason"]) for row in rows]


@pytest.mark.parametrize(
    "change",
    [
        lambda p, task_id: tasks.update_task(p, ADMIN, task_id, {"task_desc": "saved"}),
        lambda p, task_id: tasks.update_task(p, ADMIN, task_id, {"cron_expression": "5 0 * * *"}),
        lambda p, task_id: tasks.toggle_task(p, ADMIN, task_id, True),
    ],
)
def test_a_task_saved_after_an_outage_still_runs_late_what_the_outage_held_up(
    platform: Platform,
    clock: FakeClock,
    sandbox: Sandbox,
    change: Callable[[Platform, int], object],
) -> None:
    task = make_task(platform, **EVERY_10)
    clock.advance(minutes=21)

    change(platform, task.id)
    dispatch(platform)
    runs = sandbox.run_due()

    assert [run["scheduled_for"] for run in runs] == ["2026-11-23T00:20:00Z"]
    assert reasons(platform) == [(10, "skipped", "missed"), (20, "success", None)]


def test_a_task_switched_off_after_an_outage_says_what_it_missed(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    task = make_task(platform, **EVERY_10)
    clock.advance(minutes=21)

    tasks.toggle_task(platform, ADMIN, task.id, False)
    dispatch(platform)

    assert sandbox.run_due() == []
    assert reasons(platform) == [(10, "skipped", "missed"), (20, "skipped", "rescheduled")]


def test_a_task_deleted_after_an_outage_says_what_it_missed(
    platform: Platform, clock: FakeClock
) -> None:
    task = make_task(platform, **EVERY_10)
    clock.advance(minutes=21)

    tasks.delete_task(platform, ADMIN, task.id)

    assert reasons(platform) == [(10, "skipped", "missed"), (20, "skipped", "deleted")]


def test_a_task_saved_at_the_very_second_that_it_is_due_runs_once(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    task = make_task(platform, **EVERY_10)
    clock.advance(minutes=10)

    tasks.update_task(platform, ADMIN, task.id, {"task_desc": "saved"})

    assert len(sandbox.run_due()) == 1
    dispatch(platform)
    assert sandbox.run_due() == []


def broken(platform: Platform, database: Database, column: str, value: str) -> int:
    """A task whose schedule was good when it was saved and can no longer be read."""
    task = make_task(platform)
    with database.transaction() as tx:
        tx.execute(
            f"UPDATE platform_scheduled_tasks SET {column} = %(value)s"  # noqa: S608 - ours
            " WHERE id = %(id)s",
            {"id": task.id, "value": value},
        )
    return task.id


UNREADABLE = [
    ("time_points", '["25:00"]'),
    ("time_points", "480"),
    ("time_points", "true"),
    ("time_points", '{"a": 1}'),
    ("time_points", "null"),
    ("timezone", "Nowhere/Land"),
]


@pytest.mark.parametrize(("column", "value"), UNREADABLE)
def test_a_schedule_that_cannot_be_read_holds_up_nobody_and_can_be_mended(
    platform: Platform,
    clock: FakeClock,
    sandbox: Sandbox,
    database: Database,
    column: str,
    value: str,
) -> None:
    task_id, good = broken(platform, database, column, value), make_task(platform)
    clock.advance(minutes=5)

    dispatch(platform)
    assert [run["task_id"] for run in sandbox.run_due()] == [good.id]

    mended = {"time_points": ["09:00"], "timezone": "Asia/Shanghai"}
    task = tasks.update_task(platform, ADMIN, task_id, mended)
    assert task.next_run_at == START.replace(hour=1)


@pytest.mark.parametrize(("column", "value"), UNREADABLE)
def test_a_task_whose_schedule_cannot_be_read_can_be_switched_off_and_deleted_but_not_on(
    platform: Platform, clock: FakeClock, database: Database, column: str, value: str
) -> None:
    task_id = broken(platform, database, column, value)
    clock.advance(minutes=6)

    assert not tasks.toggle_task(platform, ADMIN, task_id, False).is_enabled
    with pytest.raises(Invalid):
        tasks.toggle_task(platform, ADMIN, task_id, True)
    tasks.delete_task(platform, ADMIN, task_id)
    assert statuses(platform) == []


def test_a_row_that_comes_back_again_and_again_is_not_given_up_for_it(
    platform: Platform, clock: FakeClock, queue: FakeQueue
) -> None:
    task = make_task(platform)
    clock.advance(minutes=3)
    for _ in range(8):
        tasks.toggle_task(platform, ADMIN, task.id, False)
        tasks.toggle_task(platform, ADMIN, task.id, True)
    queue.lose_all()

    clock.advance(minutes=3, seconds=1)
    dispatch(platform)

    assert len(queue.take()) == 1
    assert statuses(platform) == ["queued"]
