"""Schedules: reading them, and the instants at which they are due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal, cast

from chalicelib.domain.cron import check_spacing, read_cron, tidy
from chalicelib.domain.errors import FieldError, Invalid, Wrong
from chalicelib.domain.occurrences import first_of
from chalicelib.domain.text import Text
from chalicelib.domain.time_points import TimePoint, canonical, read_point
from chalicelib.domain.timetables import timetables
from chalicelib.domain.workdays import NONE, Calendar, Exceptions
from chalicelib.domain.zone_names import check_zone

ScheduleType = Literal["simple", "cron"]

MOST_TIME_POINTS = 200

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Bounds:
    """The days that a schedule is held to, in its own zone; first and last day belong to it."""

    calendar: Calendar = "every_day"
    start_date: date | None = None
    end_date: date | None = None
    exceptions: Exceptions = NONE


UNBOUNDED = Bounds()


@dataclass(frozen=True)
class Schedule:
    """A schedule that `parse` has found good; `time_points` ascend, `cron_expression` is tidy.

    What the other type would need is empty: `()` or None.
    """

    schedule_type: ScheduleType
    time_points: tuple[str, ...]
    cron_expression: str | None
    timezone: str
    bounds: Bounds = UNBOUNDED


def parse(
    schedule_type: str,
    time_points: Iterable[Any] | None,
    cron_expression: str | None,
    timezone: str,
    bounds: Bounds = UNBOUNDED,
) -> Schedule:
    """Read a schedule as a user or a row gives it; what its type does not need is ignored.

    Raises `Invalid` with an error for each of `schedule_type`, `time_points`, `time_points.N`,
    `cron_expression`, `timezone` and `end_date` that is wrong.
    """
    points = tuple(canonical(point) for point in time_points or ())
    return _parsed(schedule_type, points, cron_expression or "", timezone or "", bounds)


def next_after(schedule: Schedule, after: datetime) -> datetime | None:
    """The first occurrence strictly after an aware instant, in UTC; None: none in 50 years."""
    return _next(schedule, _seconds(after) + 1)


def least_spacing(schedule: Schedule) -> int:
    """Seconds between the two times of day, of all its days together, that are closest."""
    times = sorted({time for table in timetables(schedule) for time in table.times})
    return min(after - before for before, after in pairwise([*times, times[0] + 86_400]))


def between(schedule: Schedule, start: datetime, end: datetime) -> Iterator[datetime]:
    """The occurrences in `start` <= t < `end` (aware instants), ascending, in UTC."""
    found = _next(schedule, _seconds_up(start))
    while found is not None and found < end:
        yield found
        found = _next(schedule, _seconds(found) + 1)


@lru_cache(maxsize=4096)
def _parsed(
    schedule_type: str, points: tuple[str, ...], expression: str, timezone: str, bounds: Bounds
) -> Schedule:
    errors = [*_type_errors(schedule_type), *_zone_errors(timezone), *_bound_errors(bounds)]
    if schedule_type == "simple":
        errors += _point_errors(points)
    if schedule_type == "cron":
        errors += _cron_errors(expression)
    if errors:
        raise Invalid(*errors)
    simple = schedule_type == "simple"
    return Schedule(
        schedule_type=cast(ScheduleType, schedule_type),
        time_points=tuple(sorted(set(points))) if simple else (),
        cron_expression=None if simple else tidy(expression),
        timezone=timezone,
        bounds=bounds,
    )


def _type_errors(schedule_type: str) -> Iterator[FieldError]:
    if schedule_type not in ("simple", "cron"):
        yield FieldError(
            "schedule_type",
            Text(
                "调度方式只能是 simple(时间点)或 cron(CRON 表达式)",
                "the schedule type is simple (points of time) or cron (an expression)",
            ),
        )


def _zone_errors(timezone: str) -> Iterator[FieldError]:
    try:
        check_zone(timezone)
    except Wrong as error:
        yield FieldError("timezone", error.text)


def _cron_errors(expression: str) -> Iterator[FieldError]:
    try:
        read_cron(tidy(expression))
    except Wrong as error:
        yield FieldError("cron_expression", error.text)


def _point_errors(points: tuple[str, ...]) -> Iterator[FieldError]:
    if not points:
        yield FieldError(
            "time_points",
            Text(
                '请至少填写一个时间点,例如 ["08:00"]',
                'give at least one point of time, for example ["08:00"]',
            ),
        )
    if len(points) > MOST_TIME_POINTS:
        yield FieldError(
            "time_points",
            Text(
                f"时间点最多 {MOST_TIME_POINTS} 个,更密的调度请用 CRON 表达式",
                f"there may be {MOST_TIME_POINTS} points of time; use cron for more",
            ),
        )
        return
    read = []
    for index, point in enumerate(points):
        try:
            read.append(read_point(point))
        except Wrong as error:
            yield FieldError(f"time_points.{index}", error.text)
    if read and len(read) == len(points):
        yield from _spacing_errors(read)


def _spacing_errors(points: Iterable[TimePoint]) -> Iterator[FieldError]:
    """All together, as if each were daily: points of some days alone are not worth a finer look."""
    try:
        check_spacing(sorted({point.second for point in points}))
    except Wrong as error:
        yield FieldError("time_points", error.text)


def _bound_errors(bounds: Bounds) -> Iterator[FieldError]:
    if bounds.start_date and bounds.end_date and bounds.end_date < bounds.start_date:
        yield FieldError(
            "end_date",
            Text(
                "结束日期不能早于开始日期", "the last day is before the first; change one of them"
            ),
        )


# Thousands of tasks share a schedule and are due at the same instant.
@lru_cache(maxsize=8192)
def _next(schedule: Schedule, earliest: int) -> datetime | None:
    each = (first_of(table, schedule.timezone, earliest) for table in timetables(schedule))
    found = min((instant for instant in each if instant is not None), default=None)
    return None if found is None else _EPOCH + timedelta(seconds=found)


def _seconds(instant: datetime) -> int:
    """Whole seconds since 1970, rounded down; raises TypeError for a naive instant."""
    since = instant - _EPOCH
    return since.days * 86_400 + since.seconds


def _seconds_up(instant: datetime) -> int:
    return _seconds(instant) + (instant.microsecond > 0)
