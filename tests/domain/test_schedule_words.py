"""Schedules in words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given

from chalicelib.domain.schedule import Bounds, parse
from chalicelib.domain.schedule_words import describe
from tests.domain.schedule_cases import Case, cases


@pytest.mark.parametrize(
    ("expression", "zh", "en"),
    [
        ("0 9 * * 1-5", "每周一至周五 09:00", "At 09:00, from Monday to Friday"),
        ("@daily", "每天 00:00", "At 00:00, every day"),
        ("*/30 * * * *", "每天 每 30 分钟", "Every 30 minutes, every day"),
        ("15 * * * *", "每天 每小时,第 15 分", "Every hour, minute 15, every day"),
        ("*/10 * * * * *", "每天 每 10 秒", "Every 10 seconds, every day"),
        ("0 0 L * ?", "每月最后一天 00:00", "At 00:00, on the last day of the month"),
        (
            "0 12 LW * *",
            "每月最后一个周一至周五 12:00",
            "At 12:00, on the last Monday-to-Friday of the month",
        ),
        ("0 0 * * 5#2", "每月第 2 个周五 00:00", "At 00:00, on the 2nd Friday of the month"),
        ("0 0 ? * SUNL", "每月最后一个周日 00:00", "At 00:00, on the last Sunday of the month"),
        (
            "0 9 13 * 5",
            "每月 13 日或每周五 09:00",
            "At 09:00, on day 13 of the month or every Friday",
        ),
        (
            "30 15 8 1 1-6 *",
            "1 月至 6 月的每月 1 日 08:15:30",
            "At 08:15:30, on day 1 of the month in January to June",
        ),
    ],
)
def test_a_cron_expression(expression: str, zh: str, en: str) -> None:
    said = describe(parse("cron", None, expression, "Asia/Shanghai"))

    assert said.zh == f"{zh}(Asia/Shanghai 时间)"
    assert said.en == f"{en} (Asia/Shanghai time)"


@pytest.mark.parametrize(
    ("points", "zh", "en"),
    [
        (["08:00", "12:00"], "每天 08:00、12:00", "Every day at 08:00 and 12:00"),
        (
            [{"time": "09:00", "weekdays": [1, 7]}, "08:00"],
            "每天 08:00;每周一、周日 09:00",
            "Every day at 08:00; every Monday and Sunday at 09:00",
        ),
        (
            [{"time": "17:00", "workdays": [-1]}],
            "每月最后一个工作日 17:00",
            "On the last working day of every month at 17:00",
        ),
        (
            [{"time": "10:00", "days": [1, -1], "dates": ["2026-12-31"]}],
            "每月最后一天、1 日 以及 2026-12-31 10:00",
            "On the last day and day 1 of every month and on 2026-12-31 at 10:00",
        ),
    ],
)
def test_points_of_time(points: list[Any], zh: str, en: str) -> None:
    said = describe(parse("simple", points, None, "UTC"))

    assert said.zh == f"{zh}(UTC 时间)"
    assert said.en == f"{en} (UTC time)"


def test_what_holds_it_is_told_too() -> None:
    bounds = Bounds("workdays", date(2026, 12, 1), date(2026, 12, 31))

    said = describe(parse("simple", ["08:00"], None, "UTC", bounds))

    assert (
        said.zh == "每天 08:00,仅限法定工作日(含调休),自 2026-12-01 起,至 2026-12-31 止(UTC 时间)"
    )
    assert "from 2026-12-01, until 2026-12-31" in said.en


@given(cases)
def test_every_schedule_can_be_told(case: Case) -> None:
    said = describe(case.schedule)

    assert said.zh
    assert "  " not in said.zh + said.en
