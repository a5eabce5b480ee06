"""Occurrences on days on which clocks are moved: explicit expectations, in local time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.schedule import Schedule, between, parse

NEW_YORK, SANTIAGO = "America/New_York", "America/Santiago"
LORD_HOWE, APIA = "Australia/Lord_Howe", "Pacific/Apia"


def shown(schedule: Schedule, first: str, last: str) -> list[str]:
    """What the local clock shows at each occurrence from `first` until before `last`."""
    zone = ZoneInfo(schedule.timezone)
    start, end = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (first, last))
    return [f"{due.astimezone(zone):%m-%d %H:%M %z}" for due in between(schedule, start, end)]


def cron(expression: str, zone: str) -> Schedule:
    return parse("cron", None, expression, zone)


@pytest.mark.parametrize(
    ("zone", "expression", "day", "until", "expected"),
    [
        # New York, 8 March 2026: 02:00 becomes 03:00.
        (NEW_YORK, "30 2 * * *", "2026-03-08", "2026-03-09", ["03-08 03:00 -0400"]),
        (NEW_YORK, "0 2 * * *", "2026-03-08", "2026-03-09", ["03-08 03:00 -0400"]),
        (NEW_YORK, "10,50 2 * * *", "2026-03-08", "2026-03-09", ["03-08 03:00 -0400"]),
        (NEW_YORK, "0 2,3 * * *", "2026-03-08", "2026-03-09", ["03-08 03:00 -0400"]),
        (
            NEW_YORK,
            "30 1-3 * * *",
            "2026-03-08",
            "2026-03-09",
            ["03-08 01:30 -0500", "03-08 03:00 -0400", "03-08 03:30 -0400"],
        ),
        (NEW_YORK, "30 2 * * *", "2026-03-09", "2026-03-10", ["03-09 02:30 -0400"]),
        (
            NEW_YORK,
            "*/30 * * * *",
            "2026-03-08 01:00",
            "2026-03-08 04:00",
            ["03-08 01:00 -0500", "03-08 01:30 -0500", "03-08 03:00 -0400", "03-08 03:30 -0400"],
        ),
        (NEW_YORK, "*/30 2 * * *", "2026-03-08", "2026-03-09", []),
        (
            NEW_YORK,
            "0 */2 * * *",
            "2026-03-08",
            "2026-03-08 05:00",
            ["03-08 00:00 -0500", "03-08 04:00 -0400"],
        ),
        # New York, 1 November 2026: 02:00 becomes 01:00.
        (NEW_YORK, "30 1 * * *", "2026-11-01", "2026-11-02", ["11-01 01:30 -0400"]),
        (NEW_YORK, "0 1 * * *", "2026-11-01", "2026-11-02", ["11-01 01:00 -0400"]),
        (NEW_YORK, "0 2 * * *", "2026-11-01", "2026-11-02", ["11-01 02:00 -0500"]),
        (
            NEW_YORK,
            "*/30 * * * *",
            "2026-11-01 00:30",
            "2026-11-01 02:30",
            [
                "11-01 00:30 -0400",
                "11-01 01:00 -0400",
                "11-01 01:30 -0400",
                "11-01 01:00 -0500",
                "11-01 01:30 -0500",
                "11-01 02:00 -0500",
            ],
        ),
        (
            NEW_YORK,
            "0 * * * *",
            "2026-11-01 01:00",
            "2026-11-01 03:00",
            ["11-01 01:00 -0400", "11-01 01:00 -0500", "11-01 02:00 -0500"],
        ),
        (
            NEW_YORK,
            "*/30 1 1 11 *",
            "2026-01-01",
            "2027-11-01",
            ["11-01 01:00 -0400", "11-01 01:30 -0400", "11-01 01:00 -0500", "11-01 01:30 -0500"],
        ),
        # Santiago: 6 September 2026 has no 00:00 to 00:59, the last hour of 4 April comes twice.
        (
            SANTIAGO,
            "0 0 * * *",
            "2026-09-05",
            "2026-09-07",
            ["09-05 00:00 -0400", "09-06 01:00 -0300"],
        ),
        (SANTIAGO, "30 0 6 9 *", "2026-01-01", "2027-01-01", ["09-06 01:00 -0300"]),
        (SANTIAGO, "*/30 0 6 9 *", "2026-01-01", "2027-01-01", []),
        (SANTIAGO, "30 23 * * *", "2026-04-04", "2026-04-05", ["04-04 23:30 -0300"]),
        (
            SANTIAGO,
            "30 * * * *",
            "2026-04-04 23:00",
            "2026-04-05 01:00",
            ["04-04 23:30 -0300", "04-04 23:30 -0400", "04-05 00:30 -0400"],
        ),
        # Beirut, 29 March 2026: midnight becomes 01:00.
        ("Asia/Beirut", "0 0 * * *", "2026-03-29", "2026-03-30", ["03-29 01:00 +0300"]),
        # Lord Howe moves by half an hour: forward at 02:00 on 4 October, back on 5 April.
        (LORD_HOWE, "15 2 * * *", "2026-10-04", "2026-10-05", ["10-04 02:30 +1100"]),
        (LORD_HOWE, "15,30 2 * * *", "2026-10-04", "2026-10-05", ["10-04 02:30 +1100"]),
        (LORD_HOWE, "45 1 * * *", "2026-04-05", "2026-04-06", ["04-05 01:45 +1100"]),
        (
            LORD_HOWE,
            "*/15 * * * *",
            "2026-04-05 01:15",
            "2026-04-05 02:15",
            [
                "04-05 01:15 +1100",
                "04-05 01:30 +1100",
                "04-05 01:45 +1100",
                "04-05 01:30 +1030",
                "04-05 01:45 +1030",
                "04-05 02:00 +1030",
            ],
        ),
        # Apia left out 30 December 2011: a date that is not has no occurrences.
        (
            APIA,
            "30 2 * * *",
            "2011-12-29",
            "2012-01-01",
            ["12-29 02:30 -1000", "12-31 02:30 +1400"],
        ),
        (APIA, "0 0 * * *", "2011-12-29", "2012-01-01", ["12-29 00:00 -1000", "12-31 00:00 +1400"]),
        (APIA, "0 9 30 12 *", "2011-12-01", "2012-12-31", ["12-30 09:00 +1400"]),
        (
            APIA,
            "0 */12 * * *",
            "2011-12-29",
            "2012-01-01",
            ["12-29 00:00 -1000", "12-29 12:00 -1000", "12-31 00:00 +1400", "12-31 12:00 +1400"],
        ),
        # Kwajalein left out 21 August 1993, and Kiritimati 31 December 1994.
        (
            "Pacific/Kwajalein",
            "30 2 * * *",
            "1993-08-20",
            "1993-08-23",
            ["08-20 02:30 -1200", "08-22 02:30 +1200"],
        ),
        (
            "Pacific/Kiritimati",
            "20 0 * * *",
            "1994-12-30",
            "1995-01-03",
            ["12-30 00:20 -1000", "01-01 00:20 +1400", "01-02 00:20 +1400"],
        ),
        # Manila left out 31 December 1844, and its offset had seconds.
        (
            "Asia/Manila",
            "0 8 * * *",
            "1844-12-30",
            "1845-01-02",
            ["12-30 08:00 -155608", "01-01 08:00 +080352"],
        ),
        # Casey's three hours are a leap as any other: 18 October 2009, 02:00 becomes 05:00.
        ("Antarctica/Casey", "0 3 * * *", "2009-10-18", "2009-10-19", ["10-18 05:00 +1100"]),
        # Casablanca turns its summer time off for Ramadan, 15 February to 22 March 2026.
        ("Africa/Casablanca", "30 2 * * *", "2026-02-15", "2026-02-16", ["02-15 02:30 +0100"]),
        ("Africa/Casablanca", "30 2 * * *", "2026-03-22", "2026-03-23", ["03-22 03:00 +0100"]),
        # Zones whose clocks are never moved.
        ("Asia/Shanghai", "30 2 * * *", "2026-03-08", "2026-03-09", ["03-08 02:30 +0800"]),
        ("UTC", "30 2 * * *", "2026-11-01", "2026-11-02", ["11-01 02:30 +0000"]),
        ("Etc/GMT-14", "0 0 * * *", "2026-11-01", "2026-11-02", ["11-01 00:00 +1400"]),
    ],
)
def test_when_clocks_are_moved(
    zone: str, expression: str, day: str, until: str, expected: list[str]
) -> None:
    assert shown(cron(expression, zone), day, until) == expected


def test_points_of_time_are_fixed_times() -> None:
    schedule = parse("simple", ["01:30", "02:15", "02:45", "03:00", "08:00"], None, NEW_YORK)

    assert shown(schedule, "2026-03-08", "2026-03-09") == [
        "03-08 01:30 -0500",
        "03-08 03:00 -0400",
        "03-08 08:00 -0400",
    ]
    assert shown(schedule, "2026-11-01", "2026-11-02") == [
        "11-01 01:30 -0400",
        "11-01 02:15 -0500",
        "11-01 02:45 -0500",
        "11-01 03:00 -0500",
        "11-01 08:00 -0500",
    ]


def test_every_point_of_a_day_comes_once_when_the_clock_goes_back() -> None:
    schedule = parse("simple", [f"{hour:02}:30" for hour in range(24)], None, NEW_YORK)

    due = shown(schedule, "2026-11-01", "2026-11-02")

    assert [text[6:11] for text in due] == list(schedule.time_points)


def test_a_window_that_begins_inside_the_repeated_hour_does_not_run_a_fixed_time_again() -> None:
    zone = ZoneInfo(NEW_YORK)
    second_one = datetime(2026, 11, 1, 1, 0, tzinfo=zone, fold=1)
    two = datetime(2026, 11, 1, 2, 0, tzinfo=zone)

    assert list(between(cron("30 1 * * *", NEW_YORK), second_one, two)) == []
