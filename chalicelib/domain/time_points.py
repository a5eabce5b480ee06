"""Points of time of a `simple` schedule: `"08:00"`, or an object that says on which days too.

`{"time": "08:00", "weekdays": [1, 2, "fri"], "days": [1, -1], "workdays": [-1],
"dates": ["2026-12-31"]}`; with several kinds of days, one that matches is enough. Weekdays count
from Monday 1 to Sunday 7. Days of the month, and working days of the month, count from its end
when negative: -1 is the last.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from chalicelib.domain.errors import FieldError, Invalid, Wrong
from chalicelib.domain.text import Text
from chalicelib.domain.validation import read

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: The most working days that a month can have is 23; all of 31 with a tenant's own exceptions.
_MOST = 31


@dataclass(frozen=True)
class TimePoint:
    """A time of the day in seconds, and the days: every one if none are named.

    `weekdays` 1-7 from Monday, `days` 1-31 or negative, `workdays` the same among working days,
    `dates` ascend.
    """

    second: int
    weekdays: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    workdays: tuple[int, ...] = ()
    dates: tuple[date, ...] = ()

    @property
    def is_daily(self) -> bool:
        return not (self.weekdays or self.days or self.workdays or self.dates)


def _weekday(value: Any) -> Any:
    name = str(value).lower()[:3]
    return _WEEKDAYS.index(name) + 1 if name in _WEEKDAYS else value


def _not_zero(value: int) -> int:
    if value == 0:
        raise Wrong(
            Text("从 1 数起,-1 是最后一天,没有 0", "counts from 1, or from -1 at the end, not 0")
        )
    return value


_Weekday = Annotated[int, BeforeValidator(_weekday), Field(ge=1, le=7, strict=True)]
_MonthDay = Annotated[int, Field(ge=-_MOST, le=_MOST, strict=True), AfterValidator(_not_zero)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    time: str
    weekdays: Annotated[list[_Weekday], Field(min_length=1, max_length=7)] | None = None
    days: Annotated[list[_MonthDay], Field(min_length=1, max_length=62)] | None = None
    workdays: Annotated[list[_MonthDay], Field(min_length=1, max_length=62)] | None = None
    dates: Annotated[list[date], Field(min_length=1, max_length=366)] | None = None


def canonical(point: Any) -> str:
    """A point as text: the time itself, or compact JSON, so that equal points are equal text."""
    if isinstance(point, dict):
        return json.dumps(point, ensure_ascii=False, sort_keys=True, default=str)
    # What is no text is no time either, and is refused as its digits are.
    return str(point)


def read_point(text: str) -> TimePoint:
    """Read a point in its canonical form; raises `Wrong`."""
    if not text.startswith("{"):
        return TimePoint(_second(text))
    try:
        sent = read(_Sent, json.loads(text))
    except Invalid as error:
        raise _wrong(error.errors[0]) from None
    return TimePoint(
        second=_second(sent.time),
        weekdays=tuple(sorted(set(sent.weekdays or ()))),
        days=tuple(sorted(set(sent.days or ()))),
        workdays=tuple(sorted(set(sent.workdays or ()))),
        dates=tuple(sorted(set(sent.dates or ()))),
    )


def _wrong(first: FieldError) -> Wrong:
    name = first.field.partition(".")[0]
    zh, en = first.message.zh, first.message.en
    return Wrong(Text(f"{name} {zh};{_SHAPE.zh}", f"{name} {en}; {_SHAPE.en}"))


def _second(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise Wrong(
            Text(
                f"“{text[:20]}” 不是时间点,请写成 24 小时制的 HH:MM,例如 08:00",
                f"'{text[:20]}' is no point of time; write HH:MM (00:00 to 23:59), as 08:00",
            )
        )
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)


_SHAPE = Text(
    '例如 {"time": "08:00", "weekdays": [1, 5]},可用 weekdays、days、workdays、dates',
    'for example {"time": "08:00", "weekdays": [1, 5]} with weekdays, days, workdays or dates',
)
