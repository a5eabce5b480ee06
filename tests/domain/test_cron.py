"""Reading cron expressions."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from chalicelib.domain.cron import MACROS, read_cron
from chalicelib.domain.errors import Wrong

EPOCH = date(1970, 1, 1)


def dates(expression: str, start: date, days: int) -> list[date]:
    """The dates that an expression matches, found one after the other."""
    rule, found = read_cron(expression).days, []
    day, last = (start - EPOCH).days, (start - EPOCH).days + days - 1
    while (matching := rule.first_from(day, last)) is not None:
        found.append(EPOCH + timedelta(days=matching))
        day = matching + 1
    return found


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("0", (0,)),
        ("05", (5,)),
        ("1,3,2,3", (1, 2, 3)),
        ("10-13", (10, 11, 12, 13)),
        ("7-7", (7,)),
        ("10-20/5", (10, 15, 20)),
        ("*/20", (0, 20, 40)),
        ("5/20", (5, 25, 45)),
        ("*/90", (0,)),
        ("*,5", tuple(range(60))),
        ("50-59/3,1-2,30", (1, 2, 30, 50, 53, 56, 59)),
    ],
)
def test_lists_ranges_and_steps_are_read(text: str, minutes: tuple[int, ...]) -> None:
    assert read_cron(f"{text} 0 * * *").times == tuple(minute * 60 for minute in minutes)


@pytest.mark.parametrize(
    ("text", "weekdays"),
    [
        ("0", {"Sun"}),
        ("7", {"Sun"}),
        ("1-5", {"Mon", "Tue", "Wed", "Thu", "Fri"}),
        ("5-7", {"Fri", "Sat", "Sun"}),
        ("0-7", {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}),
        ("MON", {"Mon"}),
        ("mon-Fri", {"Mon", "Tue", "Wed", "Thu", "Fri"}),
        ("sun,SAT", {"Sat", "Sun"}),
        ("*/2", {"Sun", "Tue", "Thu", "Sat"}),
        ("*/7", {"Sun"}),
        ("1/3", {"Mon", "Thu", "Sun"}),
    ],
)
def test_weekdays_count_from_sunday(text: str, weekdays: set[str]) -> None:
    week = dates(f"0 0 * * {text}", date(2026, 11, 23), 7)

    assert {f"{day:%a}" for day in week} == weekdays


def test_months_have_numbers_and_names() -> None:
    found = dates("0 0 1 JAN,mar-apr,12 *", date(2026, 1, 1), 365)

    assert [day.month for day in found] == [1, 3, 4, 12]


@pytest.mark.parametrize(
    ("expression", "november_2026"),
    [
        ("0 0 13 * 5", [6, 13, 20, 27]),
        ("0 0 1,15 * 1", [1, 2, 9, 15, 16, 23, 30]),
        ("0 0 31 2 1", []),
        ("0 0 * * 5", [6, 13, 20, 27]),
        ("0 0 13 * *", [13]),
        ("0 0 */2 * 1", [9, 23]),
        ("0 0 1-10 * */2", [1, 3, 5, 7, 8, 10]),
        ("0 0 *,3 * 5", [6, 13, 20, 27]),
        ("0 0 1-31 * 5", list(range(1, 31))),
    ],
)
def test_day_and_weekday_are_alternatives_unless_one_begins_with_a_star(
    expression: str, november_2026: list[int]
) -> None:
    assert [day.day for day in dates(expression, date(2026, 11, 1), 30)] == november_2026


@pytest.mark.parametrize(
    ("expression", "november_2026"),  # its 1st is a Sunday
    [
        ("0 0 L * *", [30]),
        ("0 0 L-2 * ?", [28]),
        ("0 0 1W * ?", [2]),
        ("0 0 28W * *", [27]),
        ("0 0 29w * *", [30]),
        ("0 0 LW * *", [30]),
        ("0 0 ? * 1", [2, 9, 16, 23, 30]),
        ("0 0 * * 5L", [27]),
        ("0 0 * * sunl", [29]),
        ("0 0 * * 5#2", [13]),
        ("0 0 ? * MON#1,FRI#4", [2, 27]),
        ("0 0 * * 3#5", []),
        ("0 0 15,L * 7#1", [1, 15, 30]),
        ("0 0 12 15W * ?", [16]),
    ],
)
def test_last_nearest_and_nth_days(expression: str, november_2026: list[int]) -> None:
    assert [day.day for day in dates(expression, date(2026, 11, 1), 30)] == november_2026


def test_the_nearest_weekday_stays_in_its_month() -> None:
    found = dates("0 0 1W,31W * *", date(2026, 1, 1), 365)

    assert date(2026, 8, 3) in found  # the 1st is a Saturday
    assert date(2026, 5, 29) in found  # the 31st is a Sunday
    assert {day.month for day in found if day.day > 27} == {1, 3, 5, 7, 8, 10, 12}


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("*/20 0 0 * * *", (0, 20, 40)),
        ("30 1,2 0 * * ?", (90, 150)),
        ("15 30 8 ? * MON-FRI", (30615,)),
    ],
)
def test_with_six_fields_the_first_is_the_second(expression: str, times: tuple[int, ...]) -> None:
    assert read_cron(expression).times == times


def test_weekdays_of_six_fields_count_as_those_of_five() -> None:
    six, five = read_cron("0 0 9 ? * 1-5"), read_cron("0 9 * * 1-5")

    assert six == five


def test_a_leap_day_is_found_across_1900_like_centuries() -> None:
    found = dates("0 0 29 2 *", date(2095, 1, 1), 366 * 14)

    assert [day.year for day in found] == [2096, 2104, 2108]


def test_the_last_day_asked_for_is_the_last_that_is_found() -> None:
    assert dates("0 0 30 * *", date(2026, 11, 1), 30) == [date(2026, 11, 30)]
    assert dates("0 0 30 * *", date(2026, 11, 1), 29) == []
    assert dates("0 0 * * *", date(2026, 11, 1), 2) == [date(2026, 11, 1), date(2026, 11, 2)]


@pytest.mark.parametrize(
    ("expression", "fixed"),
    [
        ("30 2 * * *", True),
        ("0,30 0-23 * * *", True),
        ("0 1/2 * * *", True),
        ("* 2 * * *", False),
        ("0 * * * *", False),
        ("0 */2 * * *", False),
        ("*/5 3 * * *", False),
        ("@hourly", False),
        ("@daily", True),
    ],
)
def test_a_star_in_minute_or_hour_makes_times_that_are_not_fixed(
    expression: str, fixed: bool
) -> None:
    assert read_cron(expression).fixed is fixed


@pytest.mark.parametrize(("macro", "expression"), MACROS.items())
def test_a_macro_is_its_expression(macro: str, expression: str) -> None:
    assert read_cron(f" {macro.upper()} ") == read_cron(expression)


@pytest.mark.parametrize(
    ("expression", "zh", "en"),
    [
        ("", "请填写", "is missing"),
        ("0 9 * *", "这里有 4 段", "there are 4 fields"),
        ("0 0 9 * * ? 2027", "年", "years"),
        ("@reboot", "@daily", "@daily"),
        ("@every 5m", "@daily", "@daily"),
        ("60 0 * * *", "0 到 59", "0 to 59"),
        ("0 24 * * *", "0 到 23", "0 to 23"),
        ("0 0 0 * *", "1 到 31", "1 to 31"),
        ("0 0 1 13 *", "1 到 12", "1 to 12"),
        ("0 0 * * 8", "0 到 7", "0 to 7"),
        ("-1 0 * * *", "看不懂", "cannot be read"),
        ("1, 0 * * *", "看不懂", "cannot be read"),
        ("1--2 0 * * *", "看不懂", "cannot be read"),
        ("1.5 0 * * *", "看不懂", "cannot be read"),
        ("*/x 0 * * *", "看不懂", "cannot be read"),
        ("**  0 * * *", "看不懂", "cannot be read"),
        ("\uff15 0 * * *", "半角", "cannot be read"),
        ("٥ 0 * * *", "半角", "cannot be read"),
        ("mon 0 * * *", "分钟", "minute"),
        ("0 0 * monday *", "jan/feb", "jan/feb"),
        ("*/0 0 * * *", "步长", "step"),
        ("0 22-2 * * *", "22-23,0-2", "22-23,0-2"),
        ("0 22-3/2 * * *", "22,0,2", "22,0,2"),
        ("0 0 * * fri-sun", "5-7", "5-7"),
        ("0 0 * * 5-1", "5-6,0-1", "5-6,0-1"),
        ("0 0 * * 7-2", "0-2", "0-2"),
        ("0 0 1 NOV-FEB *", "11-12,1-2", "11-12,1-2"),
        ("L 0 * * *", "只能用于日期和星期", "belong to days"),
        ("0 15W * * *", "只能用于日期和星期", "belong to days"),
        ("0 0 * ? *", "只能用于日期和星期", "belong to days"),
        ("0 0 5#2 * *", "只能用于日期和星期", "belong to days"),
        ("0 0 5L * *", "只能用于日期和星期", "belong to days"),
        ("0 0 1,? * *", "只能用于日期和星期", "belong to days"),
        ("0 0 L-31 * *", "L-30", "L-30"),
        ("0 0 32W * *", "1 到 31", "1 to 31"),
        ("0 0 * * L", "5L", "5L"),
        ("0 0 * * 5#6", "1 到 5", "1 to 5"),
        ("0 0 * * 9#1", "0 到 7", "0 to 7"),
        ("0 0 31W 2 *", "永远不会触发", "never comes"),
        ("0 0 L-29 2 ?", "永远不会触发", "never comes"),
        ("* * * * * *", "*/10", "*/10"),
        ("*/9 * * * * *", "6 秒", "6 s apart"),
        ("0 0 31 2 *", "永远不会触发:2 月没有 31 日", "no day 31 in month 2"),
        ("0 0 30 2 *", "永远不会触发", "never comes"),
        ("0 0 31 2,4,jun */2", "2、4、6 月", "month 2, 4, 6"),
        ("0 " * 60, "100 个字符", "100 characters"),
    ],
)
def test_a_wrong_expression_is_refused_with_what_to_write(
    expression: str, zh: str, en: str
) -> None:
    with pytest.raises(Wrong) as refused:
        read_cron(expression)

    assert zh in refused.value.text.zh
    assert en in refused.value.text.en
