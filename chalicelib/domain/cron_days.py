"""The two day fields of a cron expression: numbers, and what Quartz and Spring add to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.cron_field import DAY, WEEKDAY, CronField, read_field, value_of, wrong
from chalicelib.domain.day_rule import (
    MonthDays,
    any_of,
    last_day,
    last_weekday,
    nearest_weekday,
    nth_weekday,
    numbered,
    on_weekdays,
)
from chalicelib.domain.text import Text

_LAST = re.compile(r"L(?:-(?P<before>[0-9]{1,2}))?", flags=re.IGNORECASE)
_NEAREST = re.compile(r"(?:L|(?P<day>[0-9]{1,2}))W", flags=re.IGNORECASE)
_LAST_WEEKDAY = re.compile(r"(?P<weekday>[0-7]|[A-Za-z]{3})L", flags=re.IGNORECASE)
_NTH_WEEKDAY = re.compile(r"(?P<weekday>\w+)#(?P<n>[0-9]+)", flags=re.ASCII)

Special = Callable[[str], MonthDays | None]


@dataclass(frozen=True)
class DayField:
    """What a day field means. `starred`: it begins with `*`, or is `?`, and so excludes nothing."""

    days: MonthDays
    starred: bool


def read_days(text: str) -> DayField:
    """The day of month: also `?`, `L` (the last), `L-3`, `15W` (the nearest working day from
    Monday to Friday) and `LW`. Raises `Wrong`."""
    return _read(DAY, text, _special_day, numbered)


def read_weekdays(text: str) -> DayField:
    """The day of week: also `?`, `5L` (the last Friday) and `5#2` (the second). Raises `Wrong`."""
    return _read(
        WEEKDAY,
        text,
        _special_weekday,
        lambda values: on_weekdays(frozenset(day % 7 for day in values)),
    )


def _read(
    field: CronField,
    text: str,
    special: Special,
    plain: Callable[[frozenset[int]], MonthDays],
) -> DayField:
    if text == "?":
        return DayField(plain(read_field(field, "*")), starred=True)
    kinds = [special(part) or plain(read_field(field, part)) for part in text.split(",")]
    return DayField(any_of(*kinds), starred=text.startswith("*"))


def _special_day(part: str) -> MonthDays | None:
    if match := _LAST.fullmatch(part):
        before = int(match["before"] or 0)
        if before > 30:
            raise wrong(DAY, part, Text("最多可写 L-30", "L-30 is the most"))
        return last_day(before)
    if match := _NEAREST.fullmatch(part):
        return nearest_weekday(value_of(DAY, match["day"], part) if match["day"] else None)
    return None


def _special_weekday(part: str) -> MonthDays | None:
    if part.upper() == "L":
        raise wrong(
            WEEKDAY,
            part,
            Text(
                "含义不明确;每月最后一个周五请写 5L 或 FRIL,每周六请写 6",
                "can be read in two ways; write 5L or FRIL for the last Friday of the month,"
                " and 6 for every Saturday",
            ),
        )
    if match := _NTH_WEEKDAY.fullmatch(part):
        n = int(match["n"])
        if not 1 <= n <= 5:
            raise wrong(WEEKDAY, part, Text("# 后应为 1 到 5", "behind # there is 1 to 5"))
        return nth_weekday(value_of(WEEKDAY, match["weekday"], part) % 7, n)
    if match := _LAST_WEEKDAY.fullmatch(part):
        return last_weekday(value_of(WEEKDAY, match["weekday"], part) % 7)
    return None
