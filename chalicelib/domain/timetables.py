"""From what a schedule says to the timetables that are walked: its times of day, and its days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.domain.cron import read_cron
from chalicelib.domain.day_rule import (
    ALL_MONTHS,
    Dates,
    Days,
    Filtered,
    any_of,
    day_number,
    day_rule,
    every_day,
    last_day,
    numbered,
    on_weekdays,
)
from chalicelib.domain.occurrences import FIRST_DAY, LAST_DAY, Timetable, timetable
from chalicelib.domain.time_points import TimePoint, read_point
from chalicelib.domain.workdays import Exceptions, MonthWorkdays, admits

if TYPE_CHECKING:
    from chalicelib.domain.schedule import Bounds, Schedule


@lru_cache(maxsize=2048)
def timetables(schedule: Schedule) -> tuple[Timetable, ...]:
    """What is due when one of these is due."""
    bounds = schedule.bounds
    if schedule.cron_expression is not None:
        cron = read_cron(schedule.cron_expression)
        return (timetable(cron.times, _within(bounds, cron.days), fixed=cron.fixed),)
    points = [read_point(text) for text in schedule.time_points]
    return tuple(
        timetable(times, _within(bounds, days), fixed=True)
        for days, times in _by_days(points, bounds.exceptions)
    )


def _by_days(
    points: Iterable[TimePoint], exceptions: Exceptions
) -> Iterator[tuple[Days, set[int]]]:
    """Each set of days with the times of the points on it."""
    times: dict[Days, set[int]] = defaultdict(set)
    for point in points:
        for days in _days(point, exceptions):
            times[days].add(point.second)
    yield from times.items()


def _days(point: TimePoint, exceptions: Exceptions) -> Iterator[Days]:
    if point.is_daily:
        yield every_day()
    if point.weekdays or point.days:
        from_start = numbered(frozenset(day for day in point.days if day > 0))
        from_end = [last_day(-day - 1) for day in point.days if day < 0]
        weekdays = on_weekdays(frozenset(day % 7 for day in point.weekdays))
        yield day_rule(any_of(from_start, *from_end), weekdays, ALL_MONTHS, either=True)
    if point.workdays:
        yield MonthWorkdays(point.workdays, exceptions)
    if point.dates:
        yield Dates(tuple(day_number(day) for day in point.dates))


def _within(bounds: Bounds, days: Days) -> Days:
    if bounds.calendar == "every_day" and not (bounds.start_date or bounds.end_date):
        return days
    first = day_number(bounds.start_date) if bounds.start_date else FIRST_DAY
    last = day_number(bounds.end_date) if bounds.end_date else LAST_DAY
    return Filtered(days, admits(bounds.calendar, bounds.exceptions), first, last)
