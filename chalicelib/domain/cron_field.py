"""One field of a cron expression: lists, ranges, steps and names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text

_PART = re.compile(
    r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]+))?", flags=re.ASCII
)
#: What belongs into the day fields alone, or is put together wrongly there.
_EXTENSION = re.compile(r".*[#?].*|[0-9]*(?:L|W|LW)|[a-z]{3}L|L-[0-9]+", flags=re.IGNORECASE)


@dataclass(frozen=True)
class CronField:
    """The name and the values of a field; `names` are lower-case."""

    name: Text
    low: int
    high: int
    names: Mapping[str, int]


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

#: Sunday is 0 and 7, and a step over `*` counts from 0 to 7, as in Vixie's cron.
SECOND = CronField(Text("秒", "second"), 0, 59, {})
MINUTE = CronField(Text("分钟", "minute"), 0, 59, {})
HOUR = CronField(Text("小时", "hour"), 0, 23, {})
DAY = CronField(Text("日", "day of month"), 1, 31, {})
MONTH = CronField(Text("月", "month"), 1, 12, {name: n for n, name in enumerate(_MONTHS, 1)})
WEEKDAY = CronField(
    Text("星期", "day of week"), 0, 7, {name: n for n, name in enumerate(_WEEKDAYS)}
)


def read_field(field: CronField, text: str) -> frozenset[int]:
    """The values that a field's text stands for; raises `Wrong`."""
    return frozenset(value for part in text.split(",") for value in _part(field, part))


def _part(field: CronField, part: str) -> range:
    match = _PART.fullmatch(part)
    if match is None:
        raise _unreadable(field, part)
    step = int(match["step"] or 1)
    if step == 0:
        raise wrong(field, part, Text("步长不能为 0", "the step must not be 0"))
    if match["first"] is None:
        return range(field.low, field.high + 1, step)
    first = value_of(field, match["first"], part)
    if match["last"] is not None:
        last = value_of(field, match["last"], part)
    else:
        last = field.high if match["step"] else first
    if first > last:
        raise _backwards(field, (first, last), step, part)
    return range(first, last + 1, step)


def value_of(field: CronField, token: str, part: str) -> int:
    """The number that a number or a name stands for in a part of a field; raises `Wrong`."""
    if not token.isdigit():
        if token.lower() not in field.names:
            raise _unreadable(field, part)
        return field.names[token.lower()]
    value = int(token)
    if not field.low <= value <= field.high:
        raise wrong(
            field,
            part,
            Text(
                f"{value} 超出范围,应在 {field.low} 到 {field.high} 之间",
                f"{value} is out of range; use {field.low} to {field.high}",
            ),
        )
    return value


def _unreadable(field: CronField, part: str) -> Wrong:
    if part and _EXTENSION.fullmatch(part):
        return wrong(
            field,
            part,
            Text(
                "L、W、#、? 只能用于日期和星期:日期可写 ?、L、L-3、15W、LW,星期可写 ?、5L、5#2",
                "L, W, # and ? belong to days: a day of month may be ?, L, L-3, 15W or LW,"
                " a day of week ?, 5L or 5#2",
            ),
        )
    names = f", {'/'.join(field.names)}" if field.names else ""
    return wrong(
        field,
        part,
        Text(
            f"看不懂;请用半角的数字({field.low}-{field.high}{names})、*、a-b、a,b 或 */n",
            f"cannot be read; use numbers ({field.low}-{field.high}{names}), *, a-b, a,b or */n",
        ),
    )


def _backwards(field: CronField, bounds: tuple[int, int], step: int, part: str) -> Wrong:
    first, last = bounds
    # 7 is Sunday again, which 0 already says.
    high = 6 if field.high == 7 else field.high
    if step > 1:
        size = high - field.low + 1
        steps = range(first - field.low, first - field.low + (last - first) % size + 1, step)
        instead = ",".join(str(field.low + value % size) for value in steps)
    elif first > high:
        instead = f"0-{last}"
    elif field.high > high and last == 0:
        instead = f"{first}-7"
    else:
        instead = f"{first}-{high},{field.low}-{last}"
    return wrong(
        field,
        part,
        Text(
            f"范围的起点大于终点;如果要跨过末尾,请写成 {instead}",
            f"the range runs backwards; to pass the end, write {instead}",
        ),
    )


def wrong(field: CronField, part: str, why: Text) -> Wrong:
    """The error for a part of a field."""
    return Wrong(
        Text(f"{field.name.zh}字段的 “{part}”:{why.zh}", f"{field.name.en} '{part}': {why.en}")
    )
