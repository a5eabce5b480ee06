"""What a zone's clock shows: the spans of time in which its offset from UTC is constant."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo, reset_tzpath

# The pinned `tzdata` and not the machine's own files, which may be years old: a schedule must
# mean the same wherever it is planned.
reset_tzpath(to=())

DAY = 86_400

#: A clock is moved by less than this, so a longer look back or ahead needs no care.
MOST_MOVED = 2 * DAY

#: Spans are found and kept in windows of this many seconds, about 24 days.
_WINDOW = 1 << 21
#: Two changes within this time would be taken for one; no zone has that in living memory.
_STEP = 6 * 3600


def span_at(zone: str, instant: int) -> Span:
    """The span that holds an instant (seconds since 1970 in UTC) in a zone that exists."""
    for span in _spans(zone, instant // _WINDOW):
        if instant < span.end:
            return span
    raise AssertionError("the spans of a window reach to its end")


@lru_cache(maxsize=4096)
def _spans(zone: str, index: int) -> tuple[Span, ...]:
    begin, end = index * _WINDOW, (index + 1) * _WINDOW
    changes = _changes(ZoneInfo(zone), begin - MOST_MOVED, end)
    spans = []
    reached = sum(changes[0])
    for (start, offset), (stop, _) in pairwise([*changes, (end, 0)]):
        spans.append(Span(start, stop, offset, reached))
        reached = max(reached, stop + offset)
    return tuple(span for span in spans if span.end > begin)


def _changes(zone: ZoneInfo, begin: int, end: int) -> list[tuple[int, int]]:
    """(instant, offset from then on) for `begin` and each change before `end`."""
    found = [(begin, _offset(zone, begin))]
    for left in range(begin, end, _STEP):
        # A change at `end` itself is the next window's.
        right = min(left + _STEP, end - 1)
        while _offset(zone, right) != found[-1][1]:
            since, offset = found[-1]
            instant = _change(zone, max(left, since), right, offset)
            found.append((instant, _offset(zone, instant)))
    return found


def _change(zone: ZoneInfo, same: int, other: int, offset: int) -> int:
    while other - same > 1:
        middle = (same + other) // 2
        if _offset(zone, middle) == offset:
            same = middle
        else:
            other = middle
    return other


def _offset(zone: ZoneInfo, instant: int) -> int:
    moved = datetime.fromtimestamp(instant, zone).utcoffset() or timedelta()
    return moved.days * DAY + moved.seconds


class Span(NamedTuple):
    """A constant offset in `start` <= t < `end`; all in seconds.

    `reached` is how far the local clock had come before `start`: less than `start + offset`
    when it then leapt forward (what lies between never was), more when it went back (what lies
    between comes again).
    """

    start: int
    end: int
    offset: int
    reached: int
