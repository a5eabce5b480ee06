"""Which dates a schedule means, and the next of them without trying each day."""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass
from datetime import date

_EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = date(1970, 1, 1).weekday()
_MONTH_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def day_rule(
    days: frozenset[int], months: frozenset[int], weekdays: frozenset[int], *, either: bool
) -> DayRule:
    """The rule for days of month 1-31, months 1-12 and weekdays 0-6 (Sunday 0).

    `either`: the day of month or the weekday is enough; else both have to match.
    """
    by_date = sum(1 << (day - 1) for day in days)
    masks = []
    for first in range(7):
        by_weekday = sum(1 << day for day in range(31) if (first + day + 1) % 7 in weekdays)
        masks.append(by_date | by_weekday if either else by_date & by_weekday)
    return DayRule(
        masks=tuple(masks),
        following=tuple(_following(month, months) for month in range(13)),
        months=months,
        every_day=len(months) == 12 and all(mask == (1 << 31) - 1 for mask in masks),
    )


def every_day() -> DayRule:
    """The rule that all days match."""
    return day_rule(
        frozenset(range(1, 32)), frozenset(range(1, 13)), frozenset(range(7)), either=False
    )


def _following(month: int, months: frozenset[int]) -> int:
    later = [other for other in months if other > month]
    return min(later or months)


@dataclass(frozen=True, slots=True)
class DayRule:
    """Dates as bits: `masks[w]` has bit d-1 set when day d matches in a month whose first
    is weekday w (Monday 0); `following[m]` is the next matching month after m, round the year."""

    masks: tuple[int, ...]
    following: tuple[int, ...]
    months: frozenset[int]
    every_day: bool

    def first_from(self, day: int, last: int) -> int | None:
        """The first matching day >= `day`, both counted from 1970-01-01; None: not up to `last`.

        `last` is at most some year below 9999.
        """
        if self.every_day:
            return day if day <= last else None
        start = date.fromordinal(_EPOCH + day)
        year, month, skip = start.year, start.month, start.day - 1
        first = day - skip
        while first <= last:
            if month in self.months:
                length = _MONTH_LENGTHS[month] + (month == 2 and isleap(year))
                mask = self.masks[(first + _EPOCH_WEEKDAY) % 7] & ((1 << length) - 1)
                mask = mask >> skip << skip
                if mask:
                    found = first + (mask & -mask).bit_length() - 1
                    return found if found <= last else None
            year += self.following[month] <= month
            month, skip = self.following[month], 0
            first = date(year, month, 1).toordinal() - _EPOCH
        return None
