"""Where no clock is moved, croniter agrees with us: the rules that differ are daylight saving's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.schedule import between, parse

_MINUTES = st.sampled_from(["*", "*/7", "0", "5-20/5", "59", "1,31"])
_HOURS = st.sampled_from(["*", "*/6", "0", "9-17", "23", "8,20"])
# No `*/10`: beside a weekday, Debian's cron wants both to match and croniter either.
_DAYS = st.sampled_from(["*", "1", "15", "28-31"])
_MONTHS = st.sampled_from(["*", "1", "2", "JUN-AUG", "*/3"])
_WEEKDAYS = st.sampled_from(["*", "1-5", "0", "7", "sat", "mon,WED"])


@given(
    expression=st.tuples(_MINUTES, _HOURS, _DAYS, _MONTHS, _WEEKDAYS).map(" ".join),
    start=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
)
def test_croniter_agrees_in_a_zone_without_daylight_saving(
    expression: str, start: datetime
) -> None:
    begin = start.replace(second=30, microsecond=0, tzinfo=UTC)
    schedule = parse("cron", None, expression, "UTC")

    ours = list(islice(between(schedule, begin, begin + timedelta(days=366 * 5)), 5))
    theirs = croniter(expression, begin, ret_type=datetime)

    assert ours == [theirs.get_next() for _ in ours]
    assert ours
