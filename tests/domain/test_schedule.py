"""Reading schedules, and their occurrences on days on which no clock is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import islice

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.schedule import MOST_TIME_POINTS, Schedule, between, next_after, parse


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def cron(expression: str, zone: str = "UTC") -> Schedule:
    return parse("cron", None, expression, zone)


def wrong_fields(*fields: object) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        parse(*fields)  # type: ignore[arg-type]
    assert all(error.message.zh and error.message.en for error in refused.value.errors)
    return {error.field: error.message.en for error in refused.value.errors}


def test_time_points_are_sorted_and_merged() -> None:
    schedule = parse("simple", ["18:00", "08:00", "18:00"], "ignored", "Asia/Shanghai")

    assert schedule == Schedule("simple", ("08:00", "18:00"), None, "Asia/Shanghai")


def test_equal_expressions_are_one_cache_key() -> None:
    schedule = parse("cron", ["ignored"], " 0  9 * *\t1-5 ", "UTC")

    assert schedule == Schedule("cron", (), "0 9 * * 1-5", "UTC")
    assert hash(schedule) == hash(cron("0 9 * * 1-5"))


@pytest.mark.parametrize(
    "point",
    ["25:00", "24:00", "8:0", "8:00", "08:60", "0800", "08:00:0", "08\uff1a00", " 08:00", ""],
)
def test_a_wrong_time_point_is_named_by_its_place(point: str) -> None:
    wrong = wrong_fields("simple", ["08:00", point], None, "UTC")

    assert list(wrong) == ["time_points.1"]
    assert "HH:MM" in wrong["time_points.1"]


@pytest.mark.parametrize("points", [[8, "09:00"], [None], [["08:00"]], "08:00"])
def test_time_points_that_are_no_texts_are_refused(points: object) -> None:
    assert "time_points.0" in wrong_fields("simple", points, None, "UTC")


@pytest.mark.parametrize("points", [None, [], ()])
def test_a_list_without_time_points_is_refused(points: object) -> None:
    assert list(wrong_fields("simple", points, None, "UTC")) == ["time_points"]


def test_there_may_be_200_time_points_and_no_more() -> None:
    points = [f"{n // 60:02}:{n % 60:02}" for n in range(MOST_TIME_POINTS + 1)]

    assert len(parse("simple", points[:-1], None, "UTC").time_points) == MOST_TIME_POINTS
    assert list(wrong_fields("simple", points, None, "UTC")) == ["time_points"]


def test_each_wrong_field_has_its_error() -> None:
    assert set(wrong_fields("cron", None, "61 * * * *", "Mars/Olympus")) == {
        "cron_expression",
        "timezone",
    }
    assert set(wrong_fields("simple", ["x", "08:00", "y"], None, "")) == {
        "time_points.0",
        "time_points.2",
        "timezone",
    }
    assert set(wrong_fields("weekly", None, None, "UTC")) == {"schedule_type"}
    assert set(wrong_fields("cron", None, None, "UTC")) == {"cron_expression"}


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Asia/Beijing", "Asia/Shanghai"),
        ("北京时间", "Asia/Shanghai"),
        ("UTC+8", "Asia/Shanghai"),
        ("China Standard Time", "Asia/Shanghai"),
        ("asia/shanghai", "Asia/Shanghai"),
        ("tokyo", "Asia/Tokyo"),
        ("America/New York", "America/New_York"),
        ("Amercia/New_York", "America/New_York"),
        ("Europe/Berlim", "Europe/Berlin"),
        ("Mars/Olympus", "IANA"),
        ("", "missing"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_nearest_names(zone: str, hint: str) -> None:
    assert hint in wrong_fields("cron", None, "@daily", zone)["timezone"]


@pytest.mark.parametrize(
    "zone",
    [
        "../etc/passwd",
        "/usr/share/zoneinfo/UTC",
        "Asia/../UTC",
        "Asia//Shanghai",
        "./UTC",
        "localtime",
        "posixrules",
        "posix/UTC",
        "right/UTC",
        "America",
        "tzdata.zi",
        "leapseconds",
        "__init__.py",
        "UTC\n",
        "UTC\x00",
        "x" * 5000,
    ],
)
def test_what_is_a_path_or_no_zone_is_refused(zone: str) -> None:
    assert list(wrong_fields("cron", None, "@daily", zone)) == ["timezone"]


@pytest.mark.parametrize("zone", ["UTC", "GMT", "Asia/Shanghai", "Etc/GMT+8", "Asia/Kolkata"])
def test_iana_names_are_zones(zone: str) -> None:
    assert parse("simple", ["08:00"], None, zone).timezone == zone


@pytest.mark.parametrize(
    ("expression", "zone", "after", "due"),
    [
        ("*/5 * * * *", "UTC", "2026-11-23 05:17", "2026-11-23 05:20"),
        ("*/5 * * * *", "UTC", "2026-11-23 05:20", "2026-11-23 05:25"),
        ("*/5 * * * *", "UTC", "2026-12-31 23:55", "2027-01-01 00:00"),
        ("0 9 * * 1-5", "Asia/Shanghai", "2026-11-20 01:00", "2026-11-23 01:00"),
        ("0 8 * * *", "Asia/Shanghai", "2026-11-22 23:59:59.999999", "2026-11-23 00:00"),
        ("0 8 * * *", "Asia/Shanghai", "2026-11-23 00:00:00.000001", "2026-11-24 00:00"),
        ("0 0 1 1 *", "Asia/Shanghai", "2026-11-23 00:00", "2026-12-31 16:00"),
        ("0 0 29 2 *", "UTC", "2026-11-23 00:00", "2028-02-29 00:00"),
        ("0 0 29 2 *", "UTC", "2096-03-01 00:00", "2104-02-29 00:00"),
        ("0 12 29 2 */7", "UTC", "2088-03-01 00:00", "2128-02-29 12:00"),
        ("30 9 * * *", "Etc/GMT+8", "2026-11-23 00:00", "2026-11-23 17:30"),
        ("0 9 * * *", "Asia/Kathmandu", "2026-11-23 00:00", "2026-11-23 03:15"),
        ("* * * * *", "UTC", "1960-01-01 00:00:01", "1960-01-01 00:01"),
    ],
)
def test_the_next_occurrence_is_strictly_later(
    expression: str, zone: str, after: str, due: str
) -> None:
    assert next_after(cron(expression, zone), at(after)) == at(due)


def test_instants_may_come_in_any_zone_and_go_out_in_utc() -> None:
    evening = datetime(2026, 11, 23, 20, 0, tzinfo=timezone(timedelta(hours=8)))

    due = next_after(cron("0 * * * *"), evening)

    assert due == at("2026-11-23 13:00")
    assert due.tzinfo is UTC


def test_a_naive_instant_is_an_error() -> None:
    with pytest.raises(TypeError):
        next_after(cron("@daily"), datetime(2026, 11, 23))  # noqa: DTZ001
    with pytest.raises(TypeError):
        list(between(cron("@daily"), datetime(2026, 11, 23), at("2026-11-24")))  # noqa: DTZ001


def test_the_start_belongs_to_a_window_and_the_end_does_not() -> None:
    start, end = at("2026-11-23 08:00"), at("2026-11-23 08:03")

    assert list(between(cron("* * * * *"), start, end)) == [
        start,
        start + timedelta(minutes=1),
        start + timedelta(minutes=2),
    ]
    assert list(between(cron("* * * * *"), start, start + timedelta(microseconds=1))) == [start]
    assert list(between(cron("* * * * *"), start + timedelta(microseconds=1), end))[0] > start
    assert list(between(cron("* * * * *"), start, start)) == []
    assert list(between(cron("* * * * *"), end, start)) == []


def test_a_window_can_be_read_without_end() -> None:
    leap_days = between(cron("0 0 29 2 *"), at("2026-01-01"), at("9999-12-31"))

    assert [day.year for day in islice(leap_days, 3)] == [2028, 2032, 2036]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Apia"])
@pytest.mark.parametrize("expression", ["30 2 * * *", "*/7 * * * *", "0 0 29 2 *"])
def test_the_ends_of_time_are_no_crash(expression: str, zone: str) -> None:
    first = next_after(cron(expression, zone), datetime.min.replace(tzinfo=UTC))

    assert first is not None
    assert first.year < 10
    assert next_after(cron(expression, zone), datetime.max.replace(tzinfo=UTC)) is None
    assert len(list(between(cron(expression, zone), at("9985-01-01"), at("9985-01-03")))) in (
        0,
        2,
        2 * 24 * 9,
    )
