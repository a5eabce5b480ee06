"""Cron expressions: five fields, six with seconds, or a macro; as Debian's (Vixie's) cron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from chalicelib.domain.cron_days import read_days, read_weekdays
from chalicelib.domain.cron_field import HOUR, MINUTE, MONTH, SECOND, read_field
from chalicelib.domain.day_rule import DayRule, day_rule
from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text

#: The width of `platform_scheduled_tasks.cron_expression`.
LONGEST = 100

#: crontab(5), "EXTENSIONS"; `@reboot` has no meaning here.
MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

#: Seconds between two occurrences, at least.
LEAST_SPACING = 10
_SHAPE = Text(
    "五段(分 时 日 月 周)之间用空格隔开,例如 0 9 * * 1-5 表示周一到周五 09:00;六段时第一段为秒",
    "five fields (minute hour day month weekday) with spaces between, "
    "for example 0 9 * * 1-5 for 09:00 from Monday to Friday; with six, the first is the second",
)


@dataclass(frozen=True, slots=True)
class Cron:
    """What an expression means; `times` are seconds of the day, ascending.

    `fixed`: neither its minute nor its hour begins with `*`.
    """

    times: tuple[int, ...]
    days: DayRule
    fixed: bool


@lru_cache(maxsize=4096)
def read_cron(expression: str) -> Cron:
    """Read an expression; raises `Wrong` for one that is malformed, never comes or comes too often.

    The rules are those of Debian's cron (entry.c, cron.c, crontab(5)): day of month and day of
    week are alternatives when neither begins with `*`, else both have to match. One liberty, as
    cronie takes it: `5/15` is `5-59/15`, where Debian's silently drops the step. With six fields
    the first is the second, and weekdays count as ever, as in Spring: 1 is Monday.
    """
    second, minute, hour, day, month, weekday = _fields(expression)
    times = _times(read_field(SECOND, second), read_field(MINUTE, minute), read_field(HOUR, hour))
    days, weekdays = read_days(day), read_weekdays(weekday)
    months = read_field(MONTH, month)
    either = not (days.starred or weekdays.starred)
    rule = day_rule(days.days, weekdays.days, months, either=either)
    if rule.never_comes:
        raise Wrong(_never(day, months))
    check_spacing(times)
    return Cron(times, rule, fixed=not (minute.startswith("*") or hour.startswith("*")))


def _times(
    seconds: frozenset[int], minutes: frozenset[int], hours: frozenset[int]
) -> tuple[int, ...]:
    return tuple(
        hour * 3600 + minute * 60 + second
        for hour in sorted(hours)
        for minute in sorted(minutes)
        for second in sorted(seconds)
    )


def check_spacing(times: Sequence[int]) -> None:
    """Refuse times of the day, ascending, of which two are less than 10 s apart; raises `Wrong`."""
    around = [*times, times[0] + 86_400]
    nearest = min(after - before for before, after in pairwise(around))
    if nearest < LEAST_SPACING:
        raise Wrong(
            Text(
                f"两次执行相隔 {nearest} 秒,至少应相隔 {LEAST_SPACING} 秒,例如秒字段写 */10",
                f"two runs would be {nearest} s apart; leave at least {LEAST_SPACING} s,"
                " for example with */10 as the seconds",
            )
        )


def tidy(expression: str) -> str:
    """The expression with single spaces, so that equal schedules are equal strings."""
    return " ".join(expression.split())


def _fields(expression: str) -> list[str]:
    """Second, minute, hour, day of month, month, day of week."""
    if len(expression) > LONGEST:
        raise Wrong(
            Text(
                f"CRON 表达式最长 {LONGEST} 个字符,请改短",
                f"a cron expression has at most {LONGEST} characters; shorten it",
            )
        )
    if expression.strip().startswith("@"):
        expression = _macro(expression.strip())
    texts = expression.split()
    if len(texts) == 5:
        return ["0", *texts]
    if len(texts) == 6:
        return texts
    raise Wrong(_miscounted(texts))


def _macro(name: str) -> str:
    try:
        return MACROS[name.lower()]
    except KeyError:
        known = " ".join(MACROS)
        raise Wrong(
            Text(
                f"不支持 {name},可用的有:{known}",
                f"{name} is not supported; these are: {known}",
            )
        ) from None


def _miscounted(texts: list[str]) -> Text:
    count = len(texts)
    if count == 0:
        return Text(f"请填写 CRON 表达式:{_SHAPE.zh}", f"a cron expression is missing: {_SHAPE.en}")
    if count == 7:
        return Text(
            "这里有 7 段,而年份字段不支持;请删去最后一段,用 start_date 和 end_date 限定日期;"
            f"{_SHAPE.zh}",
            "there are 7 fields, and years are not supported; leave the last one out and use"
            f" start_date and end_date; {_SHAPE.en}",
        )
    return Text(
        f"这里有 {count} 段,应为{_SHAPE.zh}",
        f"there are {count} fields; write {_SHAPE.en}",
    )


def _never(day: str, months: frozenset[int]) -> Text:
    month_list = ", ".join(map(str, sorted(months)))
    return Text(
        f"这个表达式永远不会触发:{month_list.replace(', ', '、')} 月没有"
        f" {day.replace(',', '、')} 日;请改日期或月份",
        f"this never comes: no day {day} in month {month_list}; "
        "change the day of month or the month",
    )
