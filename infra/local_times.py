"""Wall times of a zone, in place, to UTC; by the server's arithmetic, without its zone tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from infra.migrate import Cursor


_END = datetime(9999, 12, 31, tzinfo=UTC).replace(tzinfo=None)


def to_utc(cursor: Cursor, table: str, columns: Sequence[str], zone: str) -> None:
    """Rewrite the DATETIME `columns` of `table`, all of a row in one UPDATE.

    One UPDATE, because a column that moves by itself (ON UPDATE CURRENT_TIMESTAMP) stays where
    it is put only when it is named.
    """
    spans = _offsets(ZoneInfo(zone), *_range(cursor, table, columns))
    sets = ", ".join(f"{column} = {_in_utc(column, spans)}" for column in columns)
    cursor.execute(f"UPDATE {table} SET {sets}")  # noqa: S608 - names and numbers of our own


def _range(cursor: Cursor, table: str, columns: Sequence[str]) -> tuple[datetime, datetime]:
    lows = ", ".join(f"MIN({c})" for c in columns)
    highs = ", ".join(f"MAX({c})" for c in columns)
    cursor.execute(f"SELECT {lows}, {highs} FROM {table}")  # noqa: S608 - names of our own
    found = [value.replace(tzinfo=None) for value in cursor.fetchall()[0] if value is not None]
    nothing = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    return (min(found), max(found)) if found else (nothing, nothing)


def _offsets(zone: ZoneInfo, low: datetime, high: datetime) -> list[tuple[datetime, timedelta]]:
    """`(until, offset)` for the wall times from `low` to `high`; twice: the first."""
    hours = int((high - low).total_seconds() // 3600) + 2
    offset = _offset(zone, low)
    spans: list[tuple[datetime, timedelta]] = []
    for before, after in pairwise(low + timedelta(hours=n) for n in range(0, hours + 24, 24)):
        if _offset(zone, after) != offset:
            change = _change(zone, before, after)
            spans.append((change, offset))
            offset = _offset(zone, after)
    return [*spans, (_END, offset)]


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first minute of wall time, between the two, that has the later offset."""
    old = _offset(zone, before)
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) / 2
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return after.replace(second=0, microsecond=0)


def _offset(zone: ZoneInfo, wall: datetime) -> timedelta:
    offset = wall.replace(tzinfo=zone).utcoffset()
    assert offset is not None  # a ZoneInfo always has one
    return offset


def _in_utc(column: str, spans: list[tuple[datetime, timedelta]]) -> str:
    shift = [f"INTERVAL {int(offset.total_seconds())} SECOND" for _, offset in spans]
    if len(spans) == 1:
        return f"{column} - {shift[0]}"
    cases = " ".join(
        f"WHEN {column} < '{until:%Y-%m-%d %H:%M:%S}' THEN {column} - {by}"
        for (until, _), by in zip(spans[:-1], shift[:-1], strict=True)
    )
    return f"CASE {cases} ELSE {column} - {shift[-1]} END"
