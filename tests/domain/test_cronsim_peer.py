"""cronsim, which does as Debian's cron does when clocks are moved, agrees with us to the second."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.domain.schedule import Schedule, between, parse
from tests.domain.schedule_cases import DAY, ZONES, zones

#: `make simulate` walks every zone through all the years.
WHOLE = bool(os.environ.get("ZHUNDIAN_EVERY_DAY"))
START, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
EXPRESSIONS = ["30 2 * * *", "0 0 * * *", "*/30 * * * *", "0 9 * * 1-5", "0 0 1 * *"]
POINTS = ["00:00", "02:15", "02:45", "12:00"]
#: The same four points in cron.
POINT_EXPRESSIONS = ["0 0 * * *", "15,45 2 * * *", "0 12 * * *"]


@cache
def moves(zone: str) -> tuple[tuple[datetime, timedelta], ...]:
    """The midnights in whose day the zone's clock is moved, each with the offset from then on."""
    info = ZoneInfo(zone)
    days = [START + n * DAY for n in range((END - START).days + 1)]
    offsets = [(day, day.astimezone(info).utcoffset() or timedelta()) for day in days]
    return (
        offsets[0],
        *((day, after) for (day, before), (_, after) in pairwise(offsets) if before != after),
    )


def unlike() -> list[str]:
    """One zone of those that have the same rules in these years."""
    return list({moves(zone): zone for zone in ZONES}.values())


def theirs(expression: str, zone: str, start: datetime, end: datetime) -> Iterator[datetime]:
    simulated = CronSim(expression, (start - timedelta(seconds=1)).astimezone(ZoneInfo(zone)))
    for local in simulated:
        instant = local.astimezone(UTC)
        if instant >= end:
            return
        yield instant


@cache
def is_odd(zone: str) -> bool:
    """Whether the clock leaps over a 00:00, or is moved by part of an hour.

    cronsim 2.8 then answers wildcards with times that never were, or misses some; the oracle in
    test_schedule_properties.py, which watches the clock, has these zones too.
    """
    info = ZoneInfo(zone)
    midnights = ((START + n * DAY).replace(tzinfo=info) for n in range((END - START).days))
    by = {
        (after - before) % timedelta(hours=1) for (_, before), (_, after) in pairwise(moves(zone))
    }
    return any(one.astimezone(UTC).astimezone(info).hour != 0 for one in midnights) or any(by)


def windows(zone: str) -> Iterator[tuple[datetime, datetime]]:
    if WHOLE:
        yield START, END
    else:
        for midnight, _ in moves(zone):
            yield midnight - DAY, midnight + 2 * DAY


def check(schedule: Schedule, expressions: list[str], zone: str) -> None:
    for start, end in windows(zone):
        expected = sorted({i for one in expressions for i in theirs(one, zone, start, end)})
        assert list(between(schedule, start, end)) == expected, (zone, start)


@pytest.mark.timeout(3600 if WHOLE else 120)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_zone_agrees_when_its_clock_is_moved(expression: str) -> None:
    for zone in ZONES if WHOLE else unlike():
        check(parse("cron", None, expression, zone), [expression], zone)


@pytest.mark.timeout(3600 if WHOLE else 120)
def test_points_of_time_agree_too() -> None:
    for zone in ZONES if WHOLE else unlike():
        check(parse("simple", POINTS, None, zone), POINT_EXPRESSIONS, zone)


def test_points_that_one_gap_swallows_are_one_occurrence() -> None:
    schedule = parse("simple", ["02:10", "02:20", "02:50"], None, "America/New_York")
    start = datetime(2026, 3, 8, tzinfo=ZoneInfo("America/New_York"))

    due = list(between(schedule, start, start + DAY))

    assert [f"{i.astimezone(ZoneInfo('America/New_York')):%H:%M}" for i in due] == ["03:00"]


_MINUTES = st.sampled_from(["0", "30", "5-20/5", "59", "1,31", "*/15", "*", "*/7"])
_HOURS = st.sampled_from(["0", "1", "2", "3", "*", "*/2", "23", "0-5", "1,3"])
_DAYS = st.sampled_from(["*", "1", "15", "L", "28-31", "*/3"])
_WEEKDAYS = st.sampled_from(["*", "1-5", "0", "7", "SUN", "5#2", "5L", "*/2"])


@given(
    expression=st.tuples(_MINUTES, _HOURS, _DAYS, st.just("*"), _WEEKDAYS).map(" ".join),
    zone=zones,
    data=st.data(),
)
def test_any_expression_agrees_with_it(expression: str, zone: str, data: st.DataObject) -> None:
    assume("*" not in expression.split()[0] + expression.split()[1] or not is_odd(zone))
    midnight, _ = data.draw(st.sampled_from(moves(zone)))
    start = midnight - DAY

    ours = list(islice(between(parse("cron", None, expression, zone), start, END), 20))

    assert ours == list(islice(theirs(expression, zone, start, END), 20))
