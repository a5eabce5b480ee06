"""Calendars, first and last days and jitter of tasks, from the plan to the change in flight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.access import Principal
from chalicelib.domain.errors import Invalid, NotFound
from chalicelib.domain.runs import jitter
from chalicelib.repositories.tasks import TaskFilter
from chalicelib.services import calendar_days, tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_task

#: The tests' Monday; the State Council's notice has it as a working day.
MONDAY = "2026-11-23"


def due(platform: Platform, clock: FakeClock, **fields: Any) -> list[str]:
    """The local dates and times that a task has rows for, after a week of ticks."""
    make_task(platform, **fields)
    for _ in range(7 * 24):
        dispatch(platform)
        clock.advance(hours=1)
    return [f"{row['scheduled_for'] + timedelta(hours=8):%a %H:%M}" for row in log_rows(platform)]


def test_a_task_on_working_days_has_no_rows_on_others(platform: Platform, clock: FakeClock) -> None:
    week = due(platform, clock, calendar="workdays")

    assert week == [f"{day} 08:05" for day in ("Mon", "Tue", "Wed", "Thu", "Fri")]


def test_points_of_some_days_and_a_last_day(platform: Platform, clock: FakeClock) -> None:
    points = [{"time": "09:00", "weekdays": [2, 3]}, "10:00"]

    week = due(platform, clock, time_points=points, end_date="2026-11-24")

    assert week == ["Mon 10:00", "Tue 09:00", "Tue 10:00"]


def test_jitter_moves_when_it_starts_and_not_what_it_is_for(platform: Platform) -> None:
    task = make_task(platform, time_points=["08:02"], jitter_seconds=600)

    (row,) = log_rows(platform)

    assert row["scheduled_for"] == datetime(2026, 11, 23, 0, 2, tzinfo=UTC)
    assert row["due_at"] == row["scheduled_for"] + jitter(row["trace_id"], 600)
    assert {jitter(f"task-{task.id}-{n}", 600).seconds // 200 for n in range(100)} >= {0, 1, 2}


def test_jitter_as_long_as_the_shortest_gap_is_refused(platform: Platform) -> None:
    with pytest.raises(Invalid) as refused:
        make_task(platform, time_points=["08:00", "08:05"], jitter_seconds=300)

    assert [error.field for error in refused.value.errors] == ["jitter_seconds"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"time_points": [{"time": "08:00", "dates": ["2026-11-22"]}]}, "time_points"),
        ({"end_date": "2026-11-22"}, "end_date"),
        (
            {"time_points": [{"time": "08:00", "days": [28]}], "calendar": "workdays",
             "end_date": "2026-11-30"},
            "end_date",
        ),
    ],
)  # fmt: skip
def test_a_schedule_that_is_over_is_refused(
    platform: Platform, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        make_task(platform, **fields)

    assert [error.field for error in refused.value.errors] == [field]


def test_a_task_that_is_over_can_still_be_renamed(platform: Platform, clock: FakeClock) -> None:
    once = make_task(platform, time_points=[{"time": "08:05", "dates": [MONDAY]}])
    clock.advance(days=2)

    renamed = tasks.update_task(platform, ADMIN, once.id, {"task_name": "past"})

    assert renamed.task_name == "past"


def off(platform: Platform, day: str, tenant_id: str | None = None) -> dict[str, Any]:
    spec = {"day": day, "is_workday": False, "tenant_id": tenant_id, "note": "own"}
    return calendar_days.put_day(platform, ADMIN, spec)


def test_a_tenants_own_day_off_takes_a_planned_run_back_and_returns_it(
    platform: Platform, clock: FakeClock, queue: FakeQueue
) -> None:
    clock.advance(minutes=3)
    make_task(platform, calendar="workdays", tenant_id="acme")
    make_task(platform, calendar="workdays", tenant_id="other")
    make_task(platform, tenant_id="acme")

    day = off(platform, MONDAY, "acme")
    taken = [(row["status"], row["skip_reason"]) for row in log_rows(platform)]
    calendar_days.delete_day(platform, ADMIN, day["id"])
    dispatch(platform)
    back = [row["status"] for row in log_rows(platform)]

    assert taken == [("skipped", "rescheduled"), ("queued", None), ("queued", None)]
    assert back == ["queued"] * 3


def test_a_saturday_that_is_worked_is_planned_though_the_next_run_was_monday(
    platform: Platform, clock: FakeClock
) -> None:
    make_task(platform, calendar="workdays", tenant_id="acme")
    clock.advance(days=4, hours=12)  # Friday evening in Shanghai
    dispatch(platform)

    spec = {"day": "2026-11-28", "is_workday": True, "tenant_id": "acme"}
    calendar_days.put_day(platform, ADMIN, spec)
    for _ in range(24):
        clock.advance(hours=1)
        dispatch(platform)

    saturday = datetime(2026, 11, 28, 0, 5, tzinfo=UTC)
    assert [row["scheduled_for"] for row in log_rows(platform)][-1] == saturday


def test_a_day_is_its_tenants(platform: Platform, acme: Principal) -> None:
    other = off(platform, MONDAY, "other")
    own = calendar_days.put_day(platform, acme, {"day": MONDAY, "is_workday": True})
    again = calendar_days.put_day(platform, acme, {"day": MONDAY, "is_workday": False})

    with pytest.raises(NotFound):
        calendar_days.delete_day(platform, acme, other["id"])
    listed = calendar_days.list_days(platform, "acme", 2026, Page())
    assert (own["tenant_id"], own["id"], again["is_workday"]) == ("acme", again["id"], False)
    assert [day["id"] for day in listed["items"]] == [own["id"]]


def test_a_list_shows_the_next_run_as_the_tenants_days_have_it(platform: Platform) -> None:
    make_task(platform, calendar="workdays", tenant_id="acme", time_points=["09:00"])
    off(platform, MONDAY, "acme")

    (shown,) = tasks.list_tasks(platform, TaskFilter(), Page())["items"]

    assert shown["next_run_at"] == datetime(2026, 11, 24, 1, tzinfo=UTC)
