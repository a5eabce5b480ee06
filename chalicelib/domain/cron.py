"""Cron expressions: five fields or a macro, with the meaning of Debian's (Vixie's) cron."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from chalicelib.domain.cron_field import FIELDS, read_field
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

_MONTH_LENGTHS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SHAPE = Text(
    "五段(分 时 日 月 周)之间用空格隔开,例如 0 9 * * 1-5 表示周一到周五 09:00",
    "five fields (minute hour day month weekday) with spaces between, "
    "for example 0 9 * * 1-5 for 09:00 from Monday to Friday",
)


@dataclass(frozen=True, slots=True)
class Cron:
    """What an expression means. `fixed`: neither its minute nor its hour begins with `*`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: DayRule
    fixed: bool


@lru_cache(maxsize=4096)
def read_cron(expression: str) -> Cron:
    """Read an expression; raises `Wrong` for one that is malformed or never comes.

    The rules are those of Debian's cron (entry.c, cron.c, crontab(5)): day of month and day of
    week are alternatives when neither begins with `*`, else both have to match. One liberty, as
    cronie takes it: `5/15` is `5-59/15`, where Debian's silently drops the step.
    """
    texts = _fields(expression)
    minutes, hours, days, months, weekdays = (
        read_field(field, text) for field, text in zip(FIELDS, texts, strict=True)
    )
    either = not (texts[2].startswith("*") or texts[4].startswith("*"))
    if not either and min(days) > max(_MONTH_LENGTHS[month] for month in months):
        raise Wrong(_never(days, months))
    return Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=day_rule(days, months, frozenset(day % 7 for day in weekdays), either=either),
        fixed=not (texts[0].startswith("*") or texts[1].startswith("*")),
    )


def tidy(expression: str) -> str:
    """The expression with single spaces, so that equal schedules are equal strings."""
    return " ".join(expression.split())


def _fields(expression: str) -> list[str]:
    if len(expression) > LONGEST:
        raise Wrong(
            Text(
                f"CRON 表达式最长 {LONGEST} 个字符,请改短",
                f"a cron expression has at most {LONGEST} characters; shorten it",
            )
        )
    if expression.strip().startswith("@"):
        return _macro(expression.strip()).split()
    texts = expression.split()
    if len(texts) != len(FIELDS):
        raise Wrong(_miscounted(texts))
    return texts


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
    if count in (6, 7):
        return Text(
            f"这里有 {count} 段,而秒和年暂不支持;请只写{_SHAPE.zh}",
            f"there are {count} fields, and seconds and years are not supported; write {_SHAPE.en}",
        )
    return Text(
        f"这里有 {count} 段,应为{_SHAPE.zh}",
        f"there are {count} fields; write {_SHAPE.en}",
    )


def _never(days: frozenset[int], months: frozenset[int]) -> Text:
    day_list = ", ".join(map(str, sorted(days)))
    month_list = ", ".join(map(str, sorted(months)))
    return Text(
        f"这个表达式永远不会触发:{month_list.replace(', ', '、')} 月没有"
        f" {day_list.replace(', ', '、')} 日;请改日期或月份",
        f"this never comes: no day {day_list} in month {month_list}; "
        "change the day of month or the month",
    )
