"""Points of time that say on which days they are due."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.day_rule import day_number
from chalicelib.domain.errors import Invalid
from chalicelib.domain.schedule import Bounds, between, next_after, parse
from chalicelib.domain.workdays import Exceptions

ZONE = ZoneInfo("Asia/Shanghai")
NOVEMBER = datetime(2026, 11, 1, tzinfo=ZONE)


def november(*points: Any, bounds: Bounds | None = None) -> list[str]:
    """What is due in November 2026, whose 1st is a Sunday."""
    schedule = parse("simple", points, None, "Asia/Shanghai", bounds or Bounds())
    due = between(schedule, NOVEMBER, NOVEMBER + timedelta(days=30))
    return [f"{instant.astimezone(ZONE):%d %H:%M}" for instant in due]


def test_weekdays_count_from_monday_or_have_names() -> None:
    assert november({"time": "08:00", "weekdays": [1, "SUN"]}) == [
        "01 08:00", "02 08:00", "08 08:00", "09 08:00", "15 08:00", "16 08:00", "22 08:00",
        "23 08:00", "29 08:00", "30 08:00",
    ]  # fmt: skip


def test_days_of_the_month_count_from_either_end() -> None:
    assert november({"time": "08:00", "days": [15, -1, -30]}) == [
        "01 08:00",
        "15 08:00",
        "30 08:00",
    ]


def test_dates_are_due_once() -> None:
    point = {"time": "09:30", "dates": ["2026-11-11", "2027-01-01"]}
    schedule = parse("simple", [point], None, "Asia/Shanghai")

    assert november(point) == ["11 09:30"]
    assert next_after(schedule, datetime(2027, 1, 1, 9, 30, tzinfo=ZONE)) is None


def test_one_kind_of_day_that_matches_is_enough() -> None:
    point = {
        "time": "08:00",
        "weekdays": [7],
        "days": [2],
        "dates": ["2026-11-03"],
        "workdays": [-1],
    }

    assert november(point) == [
        "01 08:00", "02 08:00", "03 08:00", "08 08:00", "15 08:00", "22 08:00", "29 08:00",
        "30 08:00",
    ]  # fmt: skip


def test_plain_points_stand_beside_objects_and_none_is_due_twice() -> None:
    due = november("23:00", {"time": "23:00", "days": [2]}, {"time": "08:00:30", "days": [2]})

    assert due[:3] == ["01 23:00", "02 08:00", "02 23:00"]
    assert len(due) == 31


def test_the_last_working_day_of_a_month_knows_holidays_and_lieu_days() -> None:
    point = {"time": "17:00", "workdays": [-1, 1]}
    schedule = parse("simple", [point], None, "Asia/Shanghai")
    start = datetime(2026, 2, 1, tzinfo=ZONE)

    due = [f"{i.astimezone(ZONE):%m-%d}" for i in between(schedule, start, start + timedelta(28))]

    # The State Council's notice for 2026: Spring Festival is 15 to 23 February; 14 and 28, both
    # Saturdays, are worked.
    assert due == ["02-02", "02-28"]


def test_a_calendar_leaves_working_days_or_the_others() -> None:
    start = datetime(2026, 2, 13, tzinfo=ZONE)

    def week(calendar: Any) -> list[int]:
        schedule = parse("cron", None, "0 9 * * *", "Asia/Shanghai", Bounds(calendar))
        return [i.astimezone(ZONE).day for i in between(schedule, start, start + timedelta(13))]

    assert week("workdays") == [13, 14, 24, 25]
    assert week("rest_days") == [15, 16, 17, 18, 19, 20, 21, 22, 23]


def test_a_tenants_own_days_come_before_the_notice() -> None:
    days = {
        name: frozenset({day_number(date(2026, 11, n))}) for name, n in (("worked", 1), ("free", 2))
    }
    own = Exceptions(**days)

    due = november("08:00", bounds=Bounds("workdays", exceptions=own))

    assert due[:2] == ["01 08:00", "03 08:00"]


def test_a_year_without_a_notice_counts_monday_to_friday() -> None:
    schedule = parse("simple", ["08:00"], None, "Asia/Shanghai", Bounds("workdays"))
    start = datetime(2091, 10, 1, tzinfo=ZONE)  # a Monday

    due = list(between(schedule, start, start + timedelta(days=7)))

    assert len(due) == 5


def test_first_and_last_day_belong_to_a_schedule() -> None:
    bounds = Bounds(start_date=date(2026, 11, 3), end_date=date(2026, 11, 5))

    assert november("08:00", bounds=bounds) == ["03 08:00", "04 08:00", "05 08:00"]


@pytest.mark.parametrize(
    ("point", "zh"),
    [
        ({"time": "8:00"}, "HH:MM"),
        ({"weekdays": [1]}, "time 必填"),
        ({"time": "08:00", "weekdays": [0]}, "不能小于 1"),
        ({"time": "08:00", "weekdays": ["someday"]}, "weekdays"),
        ({"time": "08:00", "weekdays": []}, "至少 1 项"),
        ({"time": "08:00", "days": [0]}, "没有 0"),
        ({"time": "08:00", "days": [32]}, "不能大于 31"),
        ({"time": "08:00", "dates": ["2026-02-30"]}, "dates"),
        ({"time": "08:00", "month": 1}, "month 未知字段"),
        ("08:00:60", "HH:MM"),
    ],
)
def test_a_wrong_point_is_refused_with_what_to_write(point: Any, zh: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse("simple", ["07:00", point], None, "Asia/Shanghai")

    (error,) = refused.value.errors
    assert error.field == "time_points.1"
    assert zh in error.message.zh


def test_points_closer_than_ten_seconds_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        parse("simple", ["08:00:00", "08:00:09"], None, "Asia/Shanghai")

    assert "9 秒" in refused.value.errors[0].message.zh


def test_an_end_before_the_start_is_refused() -> None:
    bounds = Bounds(start_date=date(2026, 11, 3), end_date=date(2026, 11, 2))

    with pytest.raises(Invalid) as refused:
        parse("simple", ["08:00"], None, "Asia/Shanghai", bounds)

    assert refused.value.errors[0].field == "end_date"
