"""The walk over instants: when a zone's clock shows the times of a schedule."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.day_rule import Days
from chalicelib.domain.local_time import DAY, MOST_MOVED, Span, span_at

#: How far ahead an occurrence is looked for. A 29 February on a given weekday can be 40 years off.
_SEARCH_DAYS = 50 * 366
#: Where `datetime` has room on both sides: about the years 2 and 9990.
FIRST_DAY, LAST_DAY = -718_700, 2_929_000


def timetable(times: Iterable[int], days: Days, *, fixed: bool) -> Timetable:
    """The timetable of times (seconds of the day) on some days."""
    return Timetable(array("I", sorted(times)), days, fixed)


def first_of(timetable: Timetable, zone: str, instant: int) -> int | None:
    """The first occurrence >= `instant`, in seconds since 1970 UTC; None: none in 50 years.

    As Debian's cron does it when clocks change: a fixed time is due once, when the local clock
    first reaches or leaps over it; other times are due whenever the clock shows them. Unlike it,
    a leap of any size counts, and only dates that are left out as a whole (Apia's 30 December
    2011) have no occurrences.
    """
    instant = max(instant, FIRST_DAY * DAY)
    last_day = min(instant // DAY + _SEARCH_DAYS, LAST_DAY)
    while instant < LAST_DAY * DAY:
        span = span_at(zone, instant)
        local = _first_local(timetable, span, instant, last_day)
        if local is None:
            return None
        due = max(local - span.offset, span.start)
        if due < span.end:
            return due
        # No local time before `local` is due, so what lies between can be passed over, but for
        # the days on either side, in which the clock may be moved.
        instant = max(span.end, due - MOST_MOVED) if span.end > instant + MOST_MOVED else span.end
    return None


def _first_local(timetable: Timetable, span: Span, instant: int, last_day: int) -> int | None:
    """The first local time that is due in the span at or after the instant, or after the span."""
    if not timetable.fixed:
        return timetable.first_from(instant + span.offset, last_day)
    if instant > span.start:
        return timetable.first_from(max(instant + span.offset, span.reached), last_day)
    local = timetable.first_from(span.reached, last_day)
    if local is not None and _date_is_left_out(span, local - local % DAY):
        local = timetable.first_from(local - local % DAY + DAY, last_day)
    return local


def _date_is_left_out(span: Span, midnight: int) -> bool:
    return span.reached <= midnight and midnight + DAY <= span.start + span.offset


@dataclass(frozen=True, slots=True)
class Timetable:
    """Seconds of the day, ascending, on the days of a rule; `fixed` decides how they meet
    a clock that is moved."""

    times: array[int]
    days: Days
    fixed: bool

    def first_from(self, local: int, last_day: int) -> int | None:
        """The first local time >= `local`, in seconds since 1970 by that clock."""
        day, second = divmod(local, DAY)
        found = self.days.first_from(day, last_day)
        if found == day:
            index = bisect_left(self.times, second)
            if index < len(self.times):
                return day * DAY + self.times[index]
            found = self.days.first_from(day + 1, last_day)
        return None if found is None else found * DAY + self.times[0]
