"""The next occurrences as people read them: local and UTC, and what moved or removed one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from chalicelib.domain import workdays
from chalicelib.domain.day_rule import day_number
from chalicelib.domain.schedule import Schedule, next_after
from chalicelib.domain.text import Text
from chalicelib.domain.timetables import timetables

#: Days that are passed over in search of the occurrences that a calendar removed.
_MOST_REMOVED = 60


@dataclass(frozen=True)
class Shown:
    """One instant: `local` is wall time in the schedule's zone with its offset."""

    utc: datetime
    local: datetime
    note: Text | None = None
    #: Whether it is due at all: a day off removes it.
    is_due: bool = True


def preview(schedule: Schedule, after: datetime, count: int) -> list[Shown]:
    """The next `count` occurrences after an aware instant, and between them those that the
    calendar removed, each with what is worth knowing of it."""
    due = list(islice(_following(schedule, after), count))
    shown = [_shown(schedule, instant) for instant in due]
    return sorted([*shown, *_removed(schedule, after, due)], key=lambda one: one.utc)


def _following(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    found = next_after(schedule, after)
    while found is not None:
        yield found
        found = next_after(schedule, found)


def _removed(schedule: Schedule, after: datetime, due: list[datetime]) -> Iterator[Shown]:
    if schedule.bounds.calendar == "every_day" or not due:
        return
    whole = replace(schedule, bounds=replace(schedule.bounds, calendar="every_day"))
    zone, dues = ZoneInfo(schedule.timezone), set(due)
    for instant in islice(_following(whole, after), len(due) + _MOST_REMOVED):
        if instant > due[-1]:
            return
        if instant not in dues:
            local = instant.astimezone(zone)
            yield Shown(instant, local, _why_removed(schedule, local), is_due=False)


def _why_removed(schedule: Schedule, local: datetime) -> Text:
    if schedule.bounds.calendar == "workdays":
        return Text("休息日或法定节假日,不执行", "a day off or public holiday: it does not run")
    return Text("工作日,不执行", "a working day: it does not run")


def _shown(schedule: Schedule, instant: datetime) -> Shown:
    local = instant.astimezone(ZoneInfo(schedule.timezone))
    return Shown(instant, local, _moved(schedule, local) or _unknown_year(schedule, local))


def _moved(schedule: Schedule, local: datetime) -> Text | None:
    """What daylight saving has to do with it."""
    tables = timetables(schedule)
    if not any(table.fixed for table in tables):
        return None
    second = local.hour * 3600 + local.minute * 60 + local.second
    if not any(second in table.times for table in tables):
        return Text(
            "时钟拨快跳过了原定时刻,随后立即执行",
            "the clock leaps over its time, so it runs right after",
        )
    if _comes_again(local):
        return Text(
            "时钟拨慢,这个时刻出现两次,只执行第一次",
            "the clock goes back and shows this time twice; it runs the first time",
        )
    return None


def _comes_again(local: datetime) -> bool:
    return local.fold == 0 and local.replace(fold=1).utcoffset() != local.utcoffset()


def _unknown_year(schedule: Schedule, local: datetime) -> Text | None:
    uses = schedule.bounds.calendar != "every_day" or any(
        '"workdays"' in point for point in schedule.time_points
    )
    if not uses or workdays.is_known(day_number(local.date())):
        return None
    return Text(
        f"{local.year} 年的放假通知尚未收录,暂按周一至周五为工作日",
        f"the holidays of {local.year} are not known yet; Monday to Friday count as working days",
    )


def warning(schedule: Schedule, now: datetime) -> Text | None:
    """What whoever relies on working days should know: their data end soon, or have ended."""
    start = now.astimezone(ZoneInfo(schedule.timezone))
    ahead = _unknown_year(schedule, start + workdays.WARN_BEFORE)
    found = next_after(schedule, now + workdays.WARN_BEFORE - timedelta(seconds=1))
    return ahead if found else None
