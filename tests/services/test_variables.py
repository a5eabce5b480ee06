"""Variables when several change them at once: no key is lost, no cap is passed, nothing is left."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.domain.errors import CallRefused
from chalicelib.domain.variables import LARGEST_TOTAL, LARGEST_VALUE, MOST_KEYS
from chalicelib.repositories import variables as rows
from chalicelib.services import tasks, variables
from chalicelib.services.caller import Caller
from chalicelib.services.dispatching import plan_due
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_task
from tests.services.sandboxes import Sandbox
from tests.services.threads import at_once


def caller(task_id: int) -> Caller:
    return Caller(log_id=1, task_id=task_id, tenant_id=None, is_test=False)


def put(platform: Platform, task_id: int, key: str, value: Any) -> None:
    variables.set_var(platform, caller(task_id), {"key": key, "value": value})


def kept(platform: Platform, task_id: int) -> list[dict[str, Any]]:
    with platform.database.transaction() as tx:
        return tx.all(
            "SELECT var_key, var_value FROM platform_script_vars WHERE task_id = %(id)s",
            {"id": task_id},
        )


@pytest.fixture
def task_id(platform: Platform) -> int:
    """A task; and there is a connection for every thread, so that all of them meet."""
    task_id = make_task(platform).id
    at_once([lambda: variables.get_var(platform, caller(task_id), {"key": "a"})] * 8)
    return task_id


@pytest.mark.parametrize("_", range(4))
def test_the_last_free_place_is_given_once(platform: Platform, task_id: int, _: int) -> None:
    with platform.database.transaction() as tx:
        full = [{"id": task_id, "key": f"k{n}"} for n in range(MOST_KEYS - 1)]
        tx.many(
            "INSERT INTO platform_script_vars (task_id, var_key, var_value, updated_at)"
            " VALUES (%(id)s, %(key)s, '1', UTC_TIMESTAMP(6))",
            full,
        )

    answers = at_once([partial(put, platform, task_id, f"new{n}", n) for n in range(8)])

    assert sum(isinstance(answer, CallRefused) for answer in answers) == 7
    assert len(kept(platform, task_id)) == MOST_KEYS
    put(platform, task_id, "k0", "a key that is there may still change")


@pytest.mark.parametrize("_", range(4))
def test_the_last_free_bytes_are_given_once(platform: Platform, task_id: int, _: int) -> None:
    value = "x" * (LARGEST_VALUE - 2)
    for number in range(LARGEST_TOTAL // LARGEST_VALUE - 1):
        put(platform, task_id, f"k{number}", value)

    answers = at_once([partial(put, platform, task_id, f"new{n}", value) for n in range(6)])

    assert sum(isinstance(answer, CallRefused) for answer in answers) == 5
    assert sum(len(row["var_value"]) for row in kept(platform, task_id)) == LARGEST_TOTAL


@pytest.mark.parametrize("_", range(8))
def test_a_task_that_is_deleted_while_it_stores_leaves_nothing(
    platform: Platform, task_id: int, _: int
) -> None:
    put(platform, task_id, "old", 1)

    works = [partial(put, platform, task_id, f"k{n}", n) for n in range(4)]
    at_once([*works[:2], lambda: tasks.delete_task(platform, ADMIN, task_id), *works[2:]])

    assert kept(platform, task_id) == []
    with platform.database.transaction() as tx:
        assert tx.all("SELECT * FROM platform_script_var_locks") == []


def test_twenty_runs_of_a_task_at_once_lose_no_variable(
    platform: Platform, sandbox: Sandbox, queue: FakeQueue, task_id: int
) -> None:
    for _ in range(20):
        tasks.run_task(platform, ADMIN, task_id)
    runs = [sandbox.claim(event) for event in queue.take()]

    def store(run: dict[str, Any]) -> list[Any]:
        held = {name: run[name] for name in ("log_id", "token", "nonce")}
        return [
            sandbox.ask("call", **held, name="set_var", args={"key": key, "value": run["log_id"]})
            for key in (f"of {run['log_id']}", "of all")
        ]

    answers = at_once([partial(store, run) for run in runs])

    values = {row["var_key"]: int(row["var_value"]) for row in kept(platform, task_id)}
    ids = {run["log_id"] for run in runs}
    assert answers == [[{"ok": True, "value": None}] * 2] * 20
    assert values.pop("of all") in ids
    assert values == {f"of {log_id}": log_id for log_id in ids}


def test_a_run_that_outlives_its_task_is_told_why_nothing_is_stored(platform: Platform) -> None:
    task_id = make_task(platform).id
    tasks.delete_task(platform, ADMIN, task_id)

    with pytest.raises(CallRefused, match="the task is deleted"):
        put(platform, task_id, "a", 1)


def test_a_task_is_planned_while_a_script_stores_something(
    platform: Platform, clock: FakeClock
) -> None:
    task = make_task(platform)
    clock.advance(minutes=4)
    with platform.database.transaction() as tx:
        rows.lock(tx, task.id)
        planned = plan_due(platform)

    assert planned == 1
    assert [row["task_id"] for row in log_rows(platform)] == [task.id]


def test_keys_that_differ_in_case_or_accents_are_two(platform: Platform) -> None:
    task_id = make_task(platform).id

    for key in ("a", "A", "á"):
        put(platform, task_id, key, key)

    page = variables.list_vars(platform, ADMIN, task_id, None, Page())
    assert {item["key"]: item["value"] for item in page["items"]} == {"a": "a", "A": "A", "á": "á"}
