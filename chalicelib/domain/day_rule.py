"""Which dates a schedule means, and the next of them without trying each day."""

from __future__ import annotations

from bisect import bisect_left
from calendar import isleap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

_EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = date(1970, 1, 1).weekday()
_MONTH_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SHORTEST = 28
_LENGTHS = (28, 29, 30, 31)
ALL_MONTHS = frozenset(range(1, 13))
ALL_DAYS = frozenset(range(1, 32))
ALL_WEEKDAYS = frozenset(range(7))

#: The days of a month as bits (bit d-1 is day d), by the weekday of its first (Monday 0) and its
#: length.
MonthDays = Callable[[int, int], int]


class Days(Protocol):
    """Dates, counted in days from 1970-01-01."""

    def first_from(self, day: int, last: int) -> int | None:
        """The first matching day >= `day`; None: not up to `last`, some year below 9999."""
        ...


def numbered(days: frozenset[int]) -> MonthDays:
    """Days of the month, 1-31."""
    bits = sum(1 << (day - 1) for day in days)
    return lambda first, length: bits


def on_weekdays(weekdays: frozenset[int]) -> MonthDays:
    """Days of the week, 0-6 (Sunday 0)."""
    return lambda first, length: sum(
        1 << day for day in range(31) if (first + day + 1) % 7 in weekdays
    )


def last_day(before: int = 0) -> MonthDays:
    """The day that is so many before the last of the month."""
    return lambda first, length: 1 << (length - 1 - before) if before < length else 0


def last_weekday(weekday: int) -> MonthDays:
    """The last such weekday (Sunday 0) of the month."""

    def bits(first: int, length: int) -> int:
        back = (first + length - weekday) % 7  # from the last day to it
        return 1 << (length - 1 - back)

    return bits


def nth_weekday(weekday: int, n: int) -> MonthDays:
    """The n-th such weekday (Sunday 0) of the month, 1-5; a month may have no fifth."""

    def bits(first: int, length: int) -> int:
        day = (weekday - first - 1) % 7 + 7 * (n - 1)
        return 1 << day if day < length else 0

    return bits


def nearest_weekday(wanted: int | None) -> MonthDays:
    """The day from Monday to Friday nearest to a day of the month, in that month; None: its last.

    As Quartz has `W`: Saturday the 1st becomes Monday the 3rd, and never the month before.
    """

    def bits(first: int, length: int) -> int:
        if wanted is not None and wanted > length:
            return 0
        day = length if wanted is None else wanted
        weekday = (first + day - 1) % 7
        if weekday == 5:
            day += 2 if day == 1 else -1
        elif weekday == 6:
            day += -2 if day == length else 1
        return 1 << (day - 1)

    return bits


def any_of(*kinds: MonthDays) -> MonthDays:
    """Whatever one of them means."""

    def bits(first: int, length: int) -> int:
        found = 0
        for kind in kinds:
            found |= kind(first, length)
        return found

    return bits


def day_rule(
    by_date: MonthDays, by_weekday: MonthDays, months: frozenset[int], *, either: bool
) -> DayRule:
    """The rule for days in months 1-12.

    `either`: the day of month or the weekday is enough; else both have to match.
    """

    def mask(first: int, length: int) -> int:
        one, other = by_date(first, length), by_weekday(first, length)
        return (one | other if either else one & other) & ((1 << length) - 1)

    masks = tuple(tuple(mask(first, length) for length in _LENGTHS) for first in range(7))
    return DayRule(
        masks=masks,
        following=tuple(_following(month, months) for month in range(13)),
        months=months,
        every_day=len(months) == 12 and all(row == _WHOLE_MONTHS for row in masks),
    )


_WHOLE_MONTHS = tuple((1 << length) - 1 for length in _LENGTHS)


def every_day() -> DayRule:
    """The rule that all days match."""
    return day_rule(numbered(ALL_DAYS), on_weekdays(ALL_WEEKDAYS), ALL_MONTHS, either=False)


def _following(month: int, months: frozenset[int]) -> int:
    later = [other for other in months if other > month]
    return min(later or months)


@dataclass(frozen=True, slots=True)
class DayRule:
    """Dates as bits: `masks[w][n]` has bit d-1 set when day d matches in a month of 28 + n days
    whose first is weekday w (Monday 0); `following[m]` is the next matching month after m, round
    the year."""

    masks: tuple[tuple[int, ...], ...]
    following: tuple[int, ...]
    months: frozenset[int]
    every_day: bool

    @property
    def never_comes(self) -> bool:
        """Whether no year has a day of it."""
        lengths = {length for month in self.months for length in _lengths_of(month)}
        return not any(row[length - _SHORTEST] for row in self.masks for length in lengths)

    def first_from(self, day: int, last: int) -> int | None:
        if self.every_day:
            return day if day <= last else None
        start = date.fromordinal(_EPOCH + day)
        year, month, skip = start.year, start.month, start.day - 1
        first = day - skip
        while first <= last:
            if month in self.months:
                length = _MONTH_LENGTHS[month] + (month == 2 and isleap(year))
                mask = self.masks[(first + _EPOCH_WEEKDAY) % 7][length - _SHORTEST]
                mask = mask >> skip << skip
                if mask:
                    found = first + (mask & -mask).bit_length() - 1
                    return found if found <= last else None
            year += self.following[month] <= month
            month, skip = self.following[month], 0
            first = date(year, month, 1).toordinal() - _EPOCH
        return None


def _lengths_of(month: int) -> tuple[int, ...]:
    return (28, 29) if month == 2 else (_MONTH_LENGTHS[month],)


@dataclass(frozen=True, slots=True)
class Dates:
    """Single dates, ascending."""

    days: tuple[int, ...]

    def first_from(self, day: int, last: int) -> int | None:
        index = bisect_left(self.days, day)
        found = self.days[index] if index < len(self.days) else None
        return found if found is not None and found <= last else None


@dataclass(frozen=True, slots=True)
class Filtered:
    """The days of another rule that a predicate admits, between two days (both included)."""

    days: Days
    admits: Callable[[int], bool]
    first: int
    last: int

    def first_from(self, day: int, last: int) -> int | None:
        last = min(last, self.last)
        found = self.days.first_from(max(day, self.first), last)
        while found is not None and not self.admits(found):
            found = self.days.first_from(found + 1, last)
        return found


def day_number(day: date) -> int:
    """Days from 1970-01-01."""
    return day.toordinal() - _EPOCH


def date_of(number: int) -> date:
    """The date that is so many days after 1970-01-01."""
    return date.fromordinal(_EPOCH + number)
