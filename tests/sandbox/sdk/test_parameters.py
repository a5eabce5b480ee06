"""`get_param`, `get_params`: the task's own, overlaid by those of the run."""

from __future__ import annotations

from chalicelib.domain.runs import Trigger
from chalicelib.repositories import logs
from chalicelib.repositories.logs import NewAttempt
from chalicelib.services import run_logs, sending
from tests.sandbox.sdk.house import House, Log
from tests.services.rows import ADMIN

OWN = {"day": "today", "limit": 10, "filter": {"city": ["上海"]}}


def test_a_task_has_its_own_parameters(house: House) -> None:
    log = house.run("result = [get_param('day'), get_params()]", input_params=OWN)

    assert log.result == ["today", OWN]


def test_a_manual_run_lays_its_parameters_over_them(house: House) -> None:
    log = house.run("result = get_params()", {"day": "yesterday", "more": None}, input_params=OWN)

    assert log.result == {**OWN, "day": "yesterday", "more": None}


def test_a_run_again_has_the_same_parameters(house: House) -> None:
    first = house.run("result = get_params()", {"day": "yesterday"}, input_params=OWN)

    again = run_logs.rerun(house.platform, ADMIN, first.fields["id"])
    house.work()

    assert house.log(again["log_id"]).result == {**OWN, "day": "yesterday"}


def test_an_event_lays_its_parameters_over_them(house: House) -> None:
    task = house.task("result = get_params()", input_params=OWN)

    log = run_by_event(house, task.id, {"limit": 1})

    assert log.result == {**OWN, "limit": 1}


def run_by_event(house: House, task_id: int, params: dict[str, int]) -> Log:
    now = house.platform.now()
    attempt = NewAttempt(
        trace_id="event-1",
        task_id=task_id,
        tenant_id=None,
        task_name="event",
        due_at=now,
        trigger_type=Trigger.EVENT,
        input_params=params,
    )
    with house.platform.database.transaction() as tx:
        log_id = logs.add(tx, attempt, now)
    sending.send_these(house.platform, [log_id])
    house.work()
    return house.log(log_id)


def test_without_a_parameter_there_is_the_default_as_it_is(house: House) -> None:
    log = house.run("""
lock = __import__('threading').Lock()  # nothing can copy this
result = [get_param('gone'), get_param('gone', 5), get_param('null', 5),
          get_param('gone', lock) is lock]
""", input_params={"null": None})  # fmt: skip

    assert log.result == [None, 5, None, True]


def test_a_script_that_changes_what_it_got_changes_nothing_else(house: House) -> None:
    task = house.task(
        """
get_params()['filter']['city'].append('北京')
get_param('filter')['city'].append('北京')
mine = get_params()
mine.clear()
result = get_params()
""",
        input_params=OWN,
    )

    assert [house.run_task(task).result for _ in range(2)] == [OWN, OWN]
