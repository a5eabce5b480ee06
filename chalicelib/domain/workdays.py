"""Working days of China: the State Council's yearly notice, weekends worked in lieu included.

The data are the package `chinesecalendar`'s, which has a year when its notice is out, in November
of the year before. A year that it lacks counts Monday to Friday, so that no run is dropped in
silence; `is_known` tells, and whoever shows a schedule says so.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from chalicelib.domain.day_rule import date_of, day_number

Calendar = Literal["every_day", "workdays", "rest_days"]
CALENDARS: tuple[Calendar, ...] = ("every_day", "workdays", "rest_days")
#: A task that needs a year without data is warned about so long before that year begins.
WARN_BEFORE = timedelta(days=60)


@dataclass(frozen=True)
class Exceptions:
    """A tenant's own days, as days from 1970: worked, and free, whatever the notice says."""

    worked: frozenset[int] = frozenset()
    free: frozenset[int] = frozenset()


NONE = Exceptions()


def is_workday(day: int, exceptions: Exceptions = NONE) -> bool:
    """Whether people work on a day (counted from 1970-01-01)."""
    if day in exceptions.worked or day in exceptions.free:
        return day in exceptions.worked
    notice = _notice()
    if day in notice.worked or day in notice.free:
        return day in notice.worked
    return date_of(day).weekday() < 5


def is_known(day: int) -> bool:
    """Whether there is a notice for the day's year."""
    return _first_year() <= date_of(day).year <= last_year()


def last_year() -> int:
    """The last year that there is a notice for."""
    return date_of(max(_notice().free)).year


def _first_year() -> int:
    return date_of(min(_notice().free)).year


def admits(calendar: Calendar, exceptions: Exceptions) -> Callable[[int], bool]:
    """Which days a calendar leaves."""
    if calendar == "workdays":
        return lambda day: is_workday(day, exceptions)
    if calendar == "rest_days":
        return lambda day: not is_workday(day, exceptions)
    return lambda day: True


@dataclass(frozen=True, slots=True)
class MonthWorkdays:
    """The n-th working days of each month, from its end where n is negative."""

    numbers: tuple[int, ...]
    exceptions: Exceptions

    def first_from(self, day: int, last: int) -> int | None:
        start = date_of(day)
        year, month = start.year, start.month
        while day_number(date(year, month, 1)) <= last:
            for found in _numbered(year, month, self.numbers, self.exceptions):
                if found >= day:
                    return found if found <= last else None
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        return None


@lru_cache(maxsize=4096)
def _numbered(
    year: int, month: int, numbers: tuple[int, ...], exceptions: Exceptions
) -> tuple[int, ...]:
    first = day_number(date(year, month, 1))
    days = range(first, first + monthrange(year, month)[1])
    worked = [day for day in days if is_workday(day, exceptions)]
    places = {number - 1 if number > 0 else len(worked) + number for number in numbers}
    return tuple(worked[place] for place in sorted(places) if 0 <= place < len(worked))


@lru_cache(maxsize=1)
def _notice() -> Exceptions:
    # Loaded at the first use, as most tasks run every day.
    from chinese_calendar import constants

    return Exceptions(
        frozenset(day_number(day) for day in constants.workdays),
        frozenset(day_number(day) for day in constants.holidays),
    )
