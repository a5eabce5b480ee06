"""`get_var`, `set_var`, `del_var`: kept from run to run, each task its own."""

from __future__ import annotations

import pytest

from tests.sandbox.sdk.house import House

ANY_JSON = [None, True, 0, -1.5, "文本 🎉", [1, [2]], {"a": {"b": None}, "": 1}]


def test_a_variable_lasts_from_run_to_run(house: House) -> None:
    task = house.task("n = get_var('n', 0)\nset_var('n', n + 1)\nresult = n")

    assert [house.run_task(task).result for _ in range(3)] == [0, 1, 2]


def test_a_variable_may_be_any_json(house: House) -> None:
    task = house.task("""
for number, value in enumerate(get_param('values')):
    set_var(f'v{number}', value)
result = [get_var(f'v{number}', 'none') for number in range(len(get_param('values')))]
""")

    assert house.run_task(task, {"values": ANY_JSON}).result == ANY_JSON


def test_a_variable_may_be_nested_as_deep_as_a_result(house: House) -> None:
    task = house.task("""
deep, outer = 1, 1
for _ in range(30):
    deep = [deep]
set_var('deep', deep)
try:
    set_var('deep', {'a': deep})
except TypeError as error:
    refusal = str(error)
try:
    set_var('wide', [[]] * 300_000)
except ValueError as error:
    refusal += str(error)
result = [get_var('deep') == deep, refusal]
""")

    came_back, refusal = house.run_task(task).result
    assert came_back
    assert "levels deep" in refusal
    assert "64 KB" in refusal


@pytest.mark.parametrize(
    "call",
    [
        "get_var('k' * n)",
        "get_secret('k' * n)",
        "db_query('x' * n)",
        "ai('x', model='m' * n)",
        "dingtalk('https://example.com/', 'x' * n)",
        "http_get('https://example.com/' + 'x' * n)",
        "get_tenant_config('a', 'b', 'c' * n)",
    ],
)
def test_arguments_that_are_too_large_are_an_error_of_the_script(house: House, call: str) -> None:
    log = house.run(
        f"n = 9_000_000\ntry:\n    {call}\nexcept ValueError as e:\n    result = str(e)"
    )

    assert "8 MB" in log.result


@pytest.mark.parametrize("value", ["'x' * 9_000_000", "'🎉' * 800_000", "'字' * 400_000"])
def test_a_result_that_is_too_large_is_told_as_one(house: House, value: str) -> None:
    log = house.run(f"result = {value}")

    assert log.fields["error_kind"] == "result"
    assert "over 1000000" in log.error


def test_without_a_variable_there_is_the_default_and_none_if_none_is_named(house: House) -> None:
    log = house.run("del_var('gone')\nresult = [get_var('gone'), get_var('gone', 5)]")

    assert log.result == [None, 5]


def test_a_deleted_variable_is_gone(house: House) -> None:
    log = house.run("set_var('a', 1)\ndel_var('a')\nresult = get_var('a', 'gone')")

    assert log.result == "gone"


def test_another_task_has_variables_of_its_own(house: House) -> None:
    house.run("set_var('a', 1)", tenant_id="acme")

    assert house.run("result = get_var('a')", tenant_id="acme").result is None
    assert house.run("result = get_var('a')").result is None


def test_a_value_that_is_too_large_is_refused_and_the_old_one_stays(house: House) -> None:
    task = house.task("""
set_var('a', 'old')
try:
    set_var('a', 'x' * 70000)
except CallFailed as error:
    refusal = str(error)
result = [get_var('a'), refusal]
""")

    value, refusal = house.run_task(task).result
    assert value == "old"
    assert "64 KB" in refusal
    assert "70002" in refusal


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("datetime.now()", "value 是 datetime"),
        ("{'rows': [1, {2, 3}]}", "value['rows'][1] 是 set"),
        ("[float('nan')]", "value[0] nan 不是 JSON 数字"),
        ("{(1, 2): 'x'}", "value 的键必须是文本"),
        ("10 ** 400", "value 数字太大"),
        ("'\\ud800'", "value 含有残缺的 Unicode 字符"),
    ],
)
def test_a_value_that_is_no_json_is_told_with_its_place_and_type(
    house: House, value: str, place: str
) -> None:
    log = house.run(f"set_var('a', {value})")

    assert place in log.error
    assert "TypeError" in log.error
    assert f"set_var('a', {value})" in log.error


def test_a_value_beyond_all_measure_is_refused_and_the_script_goes_on(house: House) -> None:
    log = house.run("""
set_var('a', 'old')
try:
    set_var('a', 'x' * 20_000_000)
except ValueError as error:
    refusal = str(error)
result = [get_var('a'), refusal]
""")

    value, refusal = log.result
    assert value == "old"
    assert "64 KB" in refusal


@pytest.mark.parametrize("function", ["get_var({})", "set_var({}, 1)", "del_var({})"])
def test_a_key_that_is_no_text_is_told_with_its_type(house: House, function: str) -> None:
    log = house.run(function.format("5"))

    assert "key 须为文本,现为 int / must be text, and is a int" in log.error


@pytest.mark.parametrize("key", ["", "x" * 101, " a", "a ", "a\\nb"])
def test_a_key_that_cannot_be_stored_is_refused(house: House, key: str) -> None:
    log = house.run(f"set_var('{key}', 1)")

    assert "变量名须为 1 到 100 个可见字符的文本" in log.error
    assert "CallFailed" in log.error


def test_a_key_with_half_a_character_is_not_mistaken_for_another(house: House) -> None:
    log = house.run("set_var('\\ud800', 1)")

    assert "key 含有残缺的 Unicode 字符" in log.error
