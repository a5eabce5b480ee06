"""Reading a data source on a real server: rows, types and parameters."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.errors import Wrong
from chalicelib.gateways.data_source import Door
from tests.accounts import Accounts
from tests.gateways.sources import ask, refusal


def test_rows_have_their_types(door: Door) -> None:
    full, empty = ask(door, "SELECT * FROM orders ORDER BY id")

    assert full[:7] == [
        1,
        "上海 🎉",
        ["decimal", "1234567890123456.7891"],
        ["date", "2026-11-23"],
        ["datetime", "2026-11-23T08:05:00.000001"],
        ["timedelta", "-2 79015 500000"],
        ["bytes", "AP8n"],
    ]
    assert full[7].replace(" ", "") == '{"a":[1]}'
    assert full[8:] == [0.1, 18446744073709551615, ["bytes", "BQ=="]]
    assert empty == [2, *[None] * 10]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "SELECT n FROM numbers WHERE n = 1 UNION SELECT 1",
        "(SELECT 1)",
        "SHOW TABLES",
        "DESCRIBE orders",
        "EXPLAIN SELECT * FROM orders",
        "SHOW CREATE TABLE orders",
        "SELECT 1;",
        "/* 注释 */ SELECT 1 -- 100%",
        "SELECT table_name FROM information_schema.tables WHERE table_name = 'orders'",
    ],
)
def test_whatever_returns_rows_is_a_query(door: Door, sql: str) -> None:
    assert ask(door, sql)


def test_a_query_without_rows_is_an_empty_list(door: Door) -> None:
    assert ask(door, "SELECT * FROM orders WHERE id = 9") == []


def test_parameters_arrive_as_they_are(door: Door) -> None:
    values = ["'; DROP TABLE orders -- \\", 5, 1.5, None, True, b"\x00'\\", Decimal("1.10")]
    moments = [
        datetime.fromisoformat("2026-11-23T08:05:00.000001"),
        date(2026, 11, 23),
        time(8, 5, 30),
        timedelta(hours=-3),
    ]

    (row,) = ask(door, f"SELECT {', '.join(['%s'] * 11)}", [*values, *moments])

    assert row[0] == values[0]
    assert row[1:5] == [5, 1.5, None, 1]
    assert row[5:7] == [["bytes", "ACdc"], ["decimal", "1.10"]]
    assert row[7:] == ["2026-11-23 08:05:00.000001", "2026-11-23", "08:05:30", "-03:00:00"]


def test_parameters_by_name_and_lists_and_percent_signs(door: Door) -> None:
    named = ask(door, "SELECT %(a)s, %(b)s, %(a)s, '%%'", {"a": 1, "b": "二"})
    several = ask(door, "SELECT n FROM numbers WHERE n IN %s ORDER BY n", [(7, 3)])

    assert named == [[1, "二", 1, "%"]]
    assert several == [[3], [7]]
    assert ask(door, "SELECT '100%s', 7 % 4") == [["100%s", 3]]


@pytest.mark.parametrize("params", [[float("nan")], [float("inf")], ["\ud800"]])
def test_what_no_database_takes_is_a_wrong_parameter(door: Door, params: list[Any]) -> None:
    with pytest.raises(Wrong, match="cannot take"):
        ask(door, "SELECT %s", params)


def test_a_type_that_the_driver_does_not_know_is_told(accounts: Accounts, door: Door) -> None:
    ((version,),) = accounts.run("SELECT VERSION()")
    if "MariaDB" in str(version) or int(str(version).partition(".")[0]) < 9:
        pytest.skip("VECTOR came with MySQL 9")

    assert "convert it in SQL" in refusal(door, "SELECT STRING_TO_VECTOR('[1, 2]')").text.en
