"""A schedule in words, Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chalicelib.domain.cron import MACROS
from chalicelib.domain.schedule import Bounds, Schedule
from chalicelib.domain.text import Text
from chalicelib.domain.time_points import TimePoint, read_point

_WEEKDAYS_ZH = "日一二三四五六日"
_WEEKDAYS_EN = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_NAMES = {name.lower()[:3]: number for number, name in enumerate(_WEEKDAYS_EN)}
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_MONTHS = {name.lower()[:3]: number for number, name in enumerate(_MONTHS_EN, 1)}


def describe(schedule: Schedule) -> Text:
    """What the schedule says, in a sentence; it names the zone."""
    if schedule.cron_expression is not None:
        said = _cron(schedule.cron_expression)
    else:
        said = _points([read_point(text) for text in schedule.time_points])
    limits = _bounds(schedule.bounds)
    return Text(
        f"{said.zh}{limits.zh}({schedule.timezone} 时间)",
        f"{said.en}{limits.en} ({schedule.timezone} time)",
    )


def _bounds(bounds: Bounds) -> Text:
    zh, en = "", ""
    if bounds.calendar == "workdays":
        zh, en = zh + ",仅限法定工作日(含调休)", en + ", on statutory working days of China only"
    if bounds.calendar == "rest_days":
        zh, en = (
            zh + ",仅限休息日和法定节假日",
            en + ", on days off and public holidays of China only",
        )
    if bounds.start_date:
        zh, en = zh + f",自 {bounds.start_date} 起", en + f", from {bounds.start_date}"
    if bounds.end_date:
        zh, en = zh + f",至 {bounds.end_date} 止", en + f", until {bounds.end_date}"
    return Text(zh, en)


def _points(points: Sequence[TimePoint]) -> Text:
    """Points on the same days are told together."""
    together: dict[Text, set[int]] = {}
    for point in points:
        together.setdefault(_days_of(point), set()).add(point.second)
    said = [
        Text(
            f"{days.zh} {'、'.join(map(_clock, sorted(times)))}",
            f"{days.en} at {_listed([_clock(time) for time in sorted(times)]).en}",
        )
        for days, times in together.items()
    ]
    return _sentence(said)


def _days_of(point: TimePoint) -> Text:
    if point.is_daily:
        return Text("每天", "every day")
    kinds: list[Text] = []
    if point.weekdays:
        kinds.append(_weekly(point.weekdays))
    if point.days:
        days = [_from_either_end(day) for day in point.days]
        kinds.append(Text("每月" + _join(days).zh, f"on {_join(days).en} of every month"))
    if point.workdays:
        days = [_workday(number) for number in point.workdays]
        kinds.append(Text("每月" + _join(days).zh, f"on {_join(days).en} of every month"))
    if point.dates:
        dates = [Text(str(day), str(day)) for day in point.dates]
        kinds.append(Text(_join(dates).zh, f"on {_join(dates).en}"))
    return Text(" 以及 ".join(kind.zh for kind in kinds), " and ".join(kind.en for kind in kinds))


def _weekly(weekdays: Iterable[int]) -> Text:
    days = [Text(f"周{_WEEKDAYS_ZH[day]}", _WEEKDAYS_EN[day % 7]) for day in weekdays]
    return Text("每" + _join(days).zh, f"every {_join(days).en}")


def _from_either_end(day: int) -> Text:
    if day > 0:
        return Text(f"{day} 日", f"day {day}")
    if day == -1:
        return Text("最后一天", "the last day")
    return Text(f"倒数第 {-day} 天", f"the {_ordinal(-day)} day from the end")


def _workday(number: int) -> Text:
    if number == -1:
        return Text("最后一个工作日", "the last working day")
    if number < 0:
        return Text(
            f"倒数第 {-number} 个工作日", f"the {_ordinal(-number)} working day from the end"
        )
    return Text(f"第 {number} 个工作日", f"the {_ordinal(number)} working day")


@dataclass(frozen=True)
class _Unit:
    """How a field of cron is told: its name, and what `*` of it is."""

    zh: str
    en: str
    names: dict[str, int]
    low: int


_SECOND = _Unit("秒", "second", {}, 0)
_MINUTE = _Unit("分", "minute", {}, 0)
_HOUR = _Unit("点", "hour", {}, 0)
_MONTH = _Unit("月", "month", _MONTHS, 1)


def _cron(expression: str) -> Text:
    fields = MACROS.get(expression.lower(), expression).split()
    second, minute, hour, day, month, weekday = fields if len(fields) == 6 else ["0", *fields]
    return Text(
        _days(day, month, weekday).zh + " " + _times(second, minute, hour).zh,
        _capital(_times(second, minute, hour).en + ", " + _days(day, month, weekday).en),
    )


def _times(second: str, minute: str, hour: str) -> Text:
    """Times of the day: a list of them where they are few, else field by field."""
    plain = [text.split(",") for text in (hour, minute, second)]
    if all(part.isdigit() for parts in plain for part in parts):
        times = sorted(
            int(h) * 3600 + int(m) * 60 + int(s)
            for h in plain[0]
            for m in plain[1]
            for s in plain[2]
        )
        if len(times) <= 12:
            clocks = [_clock(time) for time in times]
            return Text("、".join(clocks), f"at {_listed(clocks).en}")
    told = [_field(hour, _HOUR)] if not _is_free(hour) or minute.isdigit() else []
    if not _is_free(minute) or second == "0":
        told.append(_field(minute, _MINUTE))
    if second != "0":
        told.append(_field(second, _SECOND))
    zh = ",".join(one.zh for one in told if one.zh)
    en = ", ".join(one.en for one in told if one.en)
    return Text(zh, en)


def _field(text: str, unit: _Unit) -> Text:
    if _is_free(text):
        return Text(f"每{_each(unit)}", f"every {unit.en}")
    parts = [_part(part, unit) for part in text.split(",")]
    return _join(parts)


def _is_free(text: str) -> bool:
    return bool({"*", "?"} & set(text.split(",")))


def _each(unit: _Unit) -> str:
    return {"点": "小时", "分": "分钟", "月": "个月"}.get(unit.zh, unit.zh)


def _part(part: str, unit: _Unit) -> Text:
    span, _, step = part.partition("/")
    first, _, last = span.partition("-")
    if span == "*":
        every = Text(f"每 {step} {_each(unit)}", f"every {step} {unit.en}s")
        return every if step else Text(f"每{_each(unit)}", f"every {unit.en}")
    shown = f"{first}-{last}" if last else first
    if step:
        zh = (
            f"{shown} {unit.zh}起每 {step} {_each(unit)}"
            if not last
            else (f"{shown} {unit.zh}之间每 {step} {_each(unit)}")
        )
        return Text(zh, f"every {step} {unit.en}s from {unit.en} {shown}")
    return Text(f"第 {shown} {unit.zh}", f"{unit.en} {shown}")


def _days(day: str, month: str, weekday: str) -> Text:
    free_day, free_weekday = _is_free(day), _is_free(weekday)
    when = Text("", "") if _is_free(month) else _months(month)
    if free_day and free_weekday:
        return _in_months(Text("每天", "every day"), when)
    told = []
    if not free_day:
        told.append(_join([_month_day(part) for part in day.split(",")]))
    if not free_weekday:
        told.append(_join([_week_day(part) for part in weekday.split(",")]))
    either = not (day.startswith(("*", "?")) or weekday.startswith(("*", "?")))
    zh, en = ("或", " or ") if either else ("且", " and ")
    days = Text(zh.join(one.zh for one in told), en.join(one.en for one in told))
    return _in_months(days, when)


def _in_months(days: Text, months: Text) -> Text:
    return Text(f"{months.zh}{days.zh}", f"{days.en}{months.en}")


def _months(text: str) -> Text:
    parts = []
    for part in text.split(","):
        span, _, step = part.partition("/")
        names = [_MONTHS.get(one.lower(), one) for one in span.split("-")]
        if span == "*":
            parts.append(Text(f"每 {step} 个月", f"every {step} months"))
            continue
        zh = " 月至 ".join(map(str, names)) + " 月"
        en = " to ".join(_MONTHS_EN[int(name) - 1] for name in names)
        every = Text(f"(每 {step} 个月)", f" (every {step} months)") if step else Text("", "")
        parts.append(Text(zh + every.zh, en + every.en))
    return Text(f"{_join(parts).zh.strip()}的", f" in {_join(parts).en}")


def _month_day(part: str) -> Text:
    upper = part.upper()
    if upper == "L":
        return Text("每月最后一天", "on the last day of the month")
    if upper == "LW":
        return Text("每月最后一个周一至周五", "on the last Monday-to-Friday of the month")
    if upper.startswith("L-"):
        number = int(upper[2:])
        return Text(f"每月倒数第 {number + 1} 天", f"{number} days before the last of the month")
    if upper.endswith("W"):
        return Text(
            f"每月离 {upper[:-1]} 日最近的周一至周五",
            f"on the Monday-to-Friday nearest to day {upper[:-1]}",
        )
    span, _, step = part.partition("/")
    if span == "*":
        return Text(
            f"每月 1 日起每 {step} 天" if step else "每天", f"on every {step} days from day 1"
        )
    every = Text(f" 起每 {step} 天", f" every {step} days") if step else Text("", "")
    return Text(f"每月 {span} 日{every.zh}", f"on day {span}{every.en} of the month")


def _week_day(part: str) -> Text:
    name, _, nth = part.partition("#")
    if nth:
        day = _weekday_number(name)
        return Text(
            f"每月第 {nth} 个周{_WEEKDAYS_ZH[day]}",
            f"on the {_ordinal(int(nth))} {_WEEKDAYS_EN[day]} of the month",
        )
    if part.upper().endswith("L"):
        day = _weekday_number(part[:-1])
        return Text(
            f"每月最后一个周{_WEEKDAYS_ZH[day]}", f"on the last {_WEEKDAYS_EN[day]} of the month"
        )
    span, _, step = part.partition("/")
    if span == "*":
        return Text(f"周日起每 {step} 天", f"on every {step} days of the week from Sunday")
    days = [_weekday_number(one) for one in span.split("-")]
    zh = "至".join(f"周{_WEEKDAYS_ZH[day]}" for day in days)
    en = " to ".join(_WEEKDAYS_EN[day % 7] for day in days)
    every = Text(f"(每 {step} 天)", f" (every {step} days)") if step else Text("", "")
    return Text(
        f"每{zh}{every.zh}", f"from {en}{every.en}" if len(days) > 1 else f"every {en}{every.en}"
    )


def _weekday_number(name: str) -> int:
    return int(name) % 7 if name.isdigit() else _NAMES[name.lower()]


def _clock(second: int) -> str:
    text = f"{second // 3600:02}:{second // 60 % 60:02}"
    return f"{text}:{second % 60:02}" if second % 60 else text


def _ordinal(number: int) -> str:
    suffix = (
        "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{suffix}"


def _listed(items: Sequence[str]) -> Text:
    en = items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
    return Text("、".join(items), en)


def _join(items: Sequence[Text]) -> Text:
    en = [item.en for item in items]
    return Text("、".join(item.zh.strip() for item in items), _listed(en).en)


def _sentence(items: Sequence[Text]) -> Text:
    return Text(";".join(item.zh for item in items), _capital("; ".join(item.en for item in items)))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
