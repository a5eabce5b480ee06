"""What people are shown of the occurrences to come."""

from __future__ import annotations

from datetime import UTC, date, datetime

from chalicelib.domain.schedule import Bounds, parse
from chalicelib.domain.schedule_preview import Shown, preview, warning

NEW_YORK, SHANGHAI = "America/New_York", "Asia/Shanghai"


def lines(shown: list[Shown]) -> list[str]:
    return [
        f"{one.local:%m-%d %H:%M}" + ("" if one.is_due else " off") + (" *" if one.note else "")
        for one in shown
    ]


def test_they_are_told_in_local_time_and_utc() -> None:
    schedule = parse("simple", ["08:00"], None, SHANGHAI)

    (first, _) = preview(schedule, datetime(2026, 11, 23, tzinfo=UTC), 2)

    assert first.utc == datetime(2026, 11, 24, tzinfo=UTC)
    assert first.local.isoformat() == "2026-11-24T08:00:00+08:00"
    assert first.note is None


def test_a_time_that_the_clock_leaps_over_is_marked() -> None:
    schedule = parse("cron", None, "30 2 * * *", NEW_YORK)

    shown = preview(schedule, datetime(2026, 3, 7, 12, tzinfo=UTC), 2)

    assert lines(shown) == ["03-08 03:00 *", "03-09 02:30"]
    assert shown[0].note is not None
    assert "leaps over" in shown[0].note.en


def test_a_time_that_comes_twice_is_marked_and_told_once() -> None:
    schedule = parse("simple", ["01:30"], None, NEW_YORK)

    shown = preview(schedule, datetime(2026, 10, 31, 12, tzinfo=UTC), 2)

    assert lines(shown) == ["11-01 01:30 *", "11-02 01:30"]
    assert shown[0].note is not None
    assert "twice" in shown[0].note.en


def test_wildcards_follow_real_time_and_are_not_marked() -> None:
    schedule = parse("cron", None, "*/30 * * * *", NEW_YORK)

    shown = preview(schedule, datetime(2026, 11, 1, 4, 59, tzinfo=UTC), 5)

    assert lines(shown) == [
        "11-01 01:00",
        "11-01 01:30",
        "11-01 01:00",
        "11-01 01:30",
        "11-01 02:00",
    ]


def test_days_off_are_shown_as_removed() -> None:
    schedule = parse("simple", ["08:00"], None, SHANGHAI, Bounds("workdays"))

    shown = preview(schedule, datetime(2026, 9, 30, tzinfo=UTC), 2)

    off = [f"10-0{day} 08:00 off *" for day in range(1, 8)]
    assert lines(shown) == [*off, "10-08 08:00", "10-09 08:00"]


def test_a_year_without_a_notice_is_marked_and_warned_about_in_time() -> None:
    working = parse("simple", ["08:00"], None, SHANGHAI, Bounds("workdays"))
    daily = parse("simple", ["08:00"], None, SHANGHAI)
    last = parse("simple", [{"time": "08:00", "workdays": [-1]}], None, SHANGHAI)
    over = parse(
        "simple", ["08:00"], None, SHANGHAI, Bounds("workdays", end_date=date(2090, 12, 1))
    )
    autumn, summer = datetime(2090, 11, 23, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)

    (shown,) = preview(working, autumn, 1)

    assert shown.note is not None
    assert "2090" in shown.note.en
    assert [warning(one, autumn) is not None for one in (working, daily, last, over)] == [
        True, False, True, False,
    ]  # fmt: skip
    assert warning(working, summer) is None


def test_a_schedule_that_has_ended_shows_nothing() -> None:
    schedule = parse("simple", ["08:00"], None, SHANGHAI, Bounds(end_date=date(2026, 11, 1)))

    assert preview(schedule, datetime(2026, 11, 23, tzinfo=UTC), 5) == []
