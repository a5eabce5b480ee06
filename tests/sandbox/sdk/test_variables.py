"""`get_var`, `set_var`, `del_var`: kept from run to run, each task its own."""

from __future__ import annotations

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
