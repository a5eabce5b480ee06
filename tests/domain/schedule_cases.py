"""Schedules for property tests, each beside what it means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

from hypothesis import strategies as st

from chalicelib.domain.schedule import Schedule, parse

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ZONES = sorted(available_timezones() - {"localtime"})
#: Zones with rules worth meeting often.
LIVELY = [
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Europe/London",
    "Pacific/Apia",
]
zones = st.sampled_from(ZONES) | st.sampled_from(LIVELY)
#: Since 1985 all offsets are whole minutes, which the oracle's steps rely on.
years = st.integers(1985, 2040)


@dataclass(frozen=True)
class Field:
    text: str
    values: frozenset[int]

    @property
    def starred(self) -> bool:
        return self.text.startswith("*")


@dataclass(frozen=True)
class Case:
    """A schedule beside what it means, as sets."""

    schedule: Schedule
    minutes: frozenset[int]
    days: Field
    months: Field
    weekdays: Field
    fixed: bool

    def means(self, local: datetime) -> bool:
        return local.hour * 60 + local.minute in self.minutes and self.means_date(local.date())

    def means_date(self, day: date) -> bool:
        by_date = day.day in self.days.values
        by_weekday = day.isoweekday() % 7 in {value % 7 for value in self.weekdays.values}
        either = not (self.days.starred or self.weekdays.starred)
        matching = (by_date or by_weekday) if either else (by_date and by_weekday)
        return matching and day.month in self.months.values


@st.composite
def parts(draw: st.DrawFn, low: int, high: int) -> Field:
    first = draw(st.integers(low, high))
    last = draw(st.integers(first, high))
    step = draw(st.integers(1, high))
    return draw(
        st.sampled_from(
            [
                Field("*", frozenset(range(low, high + 1))),
                Field(f"*/{step}", frozenset(range(low, high + 1, step))),
                Field(f"{first}", frozenset({first})),
                Field(f"{first}-{last}", frozenset(range(first, last + 1))),
                Field(f"{first}-{last}/{step}", frozenset(range(first, last + 1, step))),
            ]
        )
    )


@st.composite
def fields(draw: st.DrawFn, low: int, high: int) -> Field:
    chosen = draw(st.lists(parts(low, high), min_size=1, max_size=2))
    values = frozenset[int]().union(*(part.values for part in chosen))
    return Field(",".join(part.text for part in chosen), values)


@st.composite
def cron_cases(draw: st.DrawFn) -> Case:
    minutes, hours, weekdays = draw(fields(0, 59)), draw(fields(0, 23)), draw(fields(0, 7))
    # A day that every month has, so that no expression is refused as one that never comes.
    days = draw(fields(1, 31).filter(lambda field: min(field.values) <= 28))
    months = draw(st.just(Field("*", frozenset(range(1, 13)))) | fields(1, 12))
    texts = [field.text for field in (minutes, hours, days, months, weekdays)]
    return Case(
        schedule=parse("cron", None, " ".join(texts), draw(zones)),
        minutes=frozenset(h * 60 + m for h in hours.values for m in minutes.values),
        days=days,
        months=months,
        weekdays=weekdays,
        fixed=not (minutes.starred or hours.starred),
    )


@st.composite
def simple_cases(draw: st.DrawFn) -> Case:
    minutes = draw(st.frozensets(st.integers(0, 1439), min_size=1, max_size=5))
    points = [f"{minute // 60:02}:{minute % 60:02}" for minute in minutes]
    return Case(
        schedule=parse("simple", points, None, draw(zones)),
        minutes=minutes,
        days=Field("*", frozenset(range(1, 32))),
        months=Field("*", frozenset(range(1, 13))),
        weekdays=Field("*", frozenset(range(8))),
        fixed=True,
    )


cases = cron_cases() | simple_cases()


@st.composite
def instants(draw: st.DrawFn) -> datetime:
    first, second = datetime(draw(years), 1, 1, tzinfo=UTC), draw(st.integers(0, 365 * 86_400))
    return first + timedelta(seconds=second, microseconds=draw(st.sampled_from([0, 0, 1, 999_999])))
