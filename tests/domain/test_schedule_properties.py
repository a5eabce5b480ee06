"""Properties of occurrences over all zones, against slow oracles that share no code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.schedule import between, next_after, parse
from tests.domain.schedule_cases import DAY, MINUTE, ZONES, Case, cases, instants, years, zones


def moves(zone: str, year: int) -> list[datetime]:
    """The UTC midnights of a year in whose day the zone's clock is moved."""
    midnights = [datetime(year, 1, 1, tzinfo=UTC) + n * DAY for n in range(367)]
    offsets = [midnight.astimezone(ZoneInfo(zone)).utcoffset() for midnight in midnights]
    return [
        midnight
        for midnight, (before, after) in zip(midnights, pairwise(offsets), strict=False)
        if before != after
    ]


def watched(case: Case, start: datetime, end: datetime) -> Iterator[datetime]:
    """The oracle: look at the local clock in every minute, from two days before."""
    zone = ZoneInfo(case.schedule.timezone)
    instant, reached = start - 2 * DAY, None
    while instant < end:
        local = instant.astimezone(zone).replace(tzinfo=None)
        if not case.fixed or reached is None:
            new = [local]
        else:
            new = [reached + n * MINUTE for n in range(1, 1 + (local - reached) // MINUTE)]
        left_out = {
            day
            for day in {leapt.date() for leapt in new[:-1]}
            if sum(leapt.date() == day for leapt in new[:-1]) == 1440
        }
        if instant >= start and any(
            case.means(passed) for passed in new if passed.date() not in left_out
        ):
            yield instant
        reached = max(reached or local, local)
        instant += MINUTE


@settings(max_examples=60, deadline=None)
@given(cases, instants())
def test_on_any_days_they_are_what_watching_the_clock_finds(case: Case, start: datetime) -> None:
    start = start.replace(second=0, microsecond=0)

    due = list(between(case.schedule, start, start + DAY))

    assert due == list(watched(case, start, start + DAY))


@settings(max_examples=120, deadline=None)
@given(cases, years, st.data())
def test_when_clocks_are_moved_they_are_what_watching_the_clock_finds(
    case: Case, year: int, data: st.DataObject
) -> None:
    midnights = moves(case.schedule.timezone, year)
    start = data.draw(st.sampled_from(midnights)) if midnights else datetime(year, 1, 1, tzinfo=UTC)

    due = list(between(case.schedule, start - DAY / 2, start + 1.5 * DAY))

    assert due == list(watched(case, start - DAY / 2, start + 1.5 * DAY))


@settings(max_examples=100, deadline=None)
@given(cases, instants())
def test_each_is_strictly_after_the_one_before(case: Case, after: datetime) -> None:
    for _ in range(10):
        due = next_after(case.schedule, after)
        assert due is not None
        assert due > after
        assert case.fixed or case.means(
            due.astimezone(ZoneInfo(case.schedule.timezone)).replace(tzinfo=None)
        )
        after = due


@settings(max_examples=100, deadline=None)
@given(cases, instants(), st.lists(st.integers(0, 5 * 86_400_000_000), max_size=5))
def test_windows_put_together_are_the_whole(case: Case, start: datetime, cuts: list[int]) -> None:
    ends = [start + timedelta(microseconds=cut) for cut in sorted(cuts)]
    edges = [start, *ends, start + 5 * DAY]

    pieces = [due for first, last in pairwise(edges) for due in between(case.schedule, first, last)]

    assert pieces == list(between(case.schedule, start, start + 5 * DAY))


@settings(max_examples=100, deadline=None)
@given(cases, instants(), st.integers(0, 400 * 86_400))
def test_nothing_lies_between_an_instant_and_the_next_occurrence(
    case: Case, after: datetime, seconds: int
) -> None:
    due = next_after(case.schedule, after)
    assert due is not None

    assert list(between(case.schedule, after + timedelta(microseconds=1), due)) == []
    assert next(between(case.schedule, due, due + MINUTE)) == due
    inside = after + min(timedelta(seconds=seconds), due - after - timedelta(microseconds=1))
    assert next_after(case.schedule, inside) == due


@settings(max_examples=60, deadline=None)
@given(zones, years, st.integers(0, 1439))
def test_a_daily_time_comes_once_on_each_date_that_there_is(
    zone: str, year: int, minute: int
) -> None:
    schedule = parse("simple", [f"{minute // 60:02}:{minute % 60:02}"], None, zone)
    local = [datetime(year, 1, 2) + n * DAY for n in range(362)]  # noqa: DTZ001
    expected = [
        first_reached(midnight + minute * MINUTE, zone)
        for midnight in local
        if first_reached(midnight, zone) != first_reached(midnight + DAY, zone)
    ]

    due = list(between(schedule, expected[0], expected[-1] + MINUTE))

    assert due == expected


def first_reached(local: datetime, zone: str) -> datetime:
    """The instant at which the clock first shows a local time, or the first after a leap over it.

    By PEP 495 a time in a gap, read with the offset from before, lies after it.
    """
    instant = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local:
        return instant
    while (instant - MINUTE).astimezone(ZoneInfo(zone)).replace(tzinfo=None) >= local:
        instant -= MINUTE
    return instant


def test_in_2026_a_daily_time_comes_365_times_in_every_zone() -> None:
    for zone in ZONES:
        schedule = parse("cron", None, "30 2 * * *", zone)
        start, end = (datetime(year, 1, 1, tzinfo=ZoneInfo(zone)) for year in (2026, 2027))

        due = list(between(schedule, start, end))

        assert len({instant.astimezone(ZoneInfo(zone)).date() for instant in due}) == 365, zone
        assert len(due) == 365, zone
