"""Values of rows and parameters, as one half writes them and the other reads them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_runner.rows import row_functions

from chalicelib.domain.cells import NoParameter, decoded, encoded

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
moments = st.datetimes() | st.dates() | st.timedeltas()
values = plain | moments | st.binary() | st.decimals(-(10**60), 10**60, allow_nan=False)
parameters = values | st.times()


def queried(rows: list[list[Any]]) -> list[dict[str, Any]]:
    """What a script gets of these rows, over JSON as on the wire."""
    width = len(rows[0]) if rows else 0
    answer = {"columns": [f"c{number}" for number in range(width)], "rows": rows}
    query = row_functions(lambda name, args: json.loads(json.dumps(answer)))["db_query"]
    found: list[dict[str, Any]] = query("SELECT 1")
    return found


def sent(params: Any) -> Any:
    """The JSON of `params` as the platform reads it."""
    calls: list[str] = []

    def call(name: str, args: Any) -> Any:
        calls.append(args["params"])
        return {"columns": [], "rows": []}

    row_functions(call)["db_query"]("SELECT %s", params)
    return json.loads(calls[0])


@given(st.lists(values, min_size=1, max_size=5))
def test_a_script_gets_the_values_of_the_database(row: list[Any]) -> None:
    (found,) = queried([[encoded(value) for value in row]])

    assert list(found.values()) == row
    assert [type(value) for value in found.values()] == [type(value) for value in row]


@given(st.lists(parameters, max_size=5))
def test_the_platform_gets_the_parameters_of_a_script(params: list[Any]) -> None:
    assert [decoded(value) for value in sent(params)] == params
    by_name = sent({str(number): value for number, value in enumerate(params)})
    assert [decoded(value) for value in by_name.values()] == params


def test_lists_arrive_as_lists() -> None:
    assert decoded(sent([[(1, "a"), (2, "b")]])[0]) == ((1, "a"), (2, "b"))


@pytest.mark.parametrize(
    "params", [[object()], [{"a": 1}], {1: 2}, "text", 5, {"a"}, [complex(1)], iter([1])]
)
def test_what_is_no_parameter_is_told_to_the_author(params: Any) -> None:
    with pytest.raises(TypeError, match="params"):
        sent(params)


@pytest.mark.parametrize("value", [datetime(2026, 11, 23, tzinfo=UTC), time(8, tzinfo=UTC)])
def test_a_time_with_a_zone_is_not_stripped_of_it_in_silence(value: Any) -> None:
    with pytest.raises(ValueError, match="replace"):
        sent([value])


@pytest.mark.parametrize("sql", ["", "  ", None, b"SELECT 1", 5])
def test_what_is_no_sql_is_told_to_the_author(sql: Any) -> None:
    with pytest.raises(TypeError, match="sql"):
        row_functions(lambda name, args: None)["db_query"](sql)


@pytest.mark.parametrize(
    "forged",
    [
        {"a": 1},
        [],
        ["bytes"],
        ["bytes", "€"],
        ["bytes", 5],
        ["eval", "1"],
        ["decimal", "NaN"],
        ["decimal", "x"],
        ["decimal", "1E+999999999"],
        ["datetime", "2026-11-23T08:05:00+08:00"],
        ["date", "x"],
        ["timedelta", "1"],
        ["timedelta", "99999999999 0 0"],
        ["list", "x"],
        ["list", [["list", [["list", [["list", [["list", []]]]]]]]]],
    ],
)
def test_what_no_library_of_ours_sends_is_refused(forged: Any) -> None:
    with pytest.raises(NoParameter):
        decoded(forged)


def test_values_of_no_database_are_none() -> None:
    with pytest.raises(TypeError):
        encoded(object())
    assert encoded(date(2026, 11, 23)) == ["date", "2026-11-23"]
    assert encoded(timedelta(seconds=-1)) == ["timedelta", "-1 86399 0"]
    assert encoded(Decimal("1.10")) == ["decimal", "1.10"]
