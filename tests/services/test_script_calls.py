"""What a script asks of the platform: for its own attempt, while it runs, and nobody else."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.services import run_logs, tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeQueue
from tests.services.rows import ADMIN, make_task
from tests.services.sandboxes import SUCCESS, Sandbox
from tests.services.threads import at_once

GET = {"name": "get_var", "args": {"key": "a"}}


@pytest.fixture
def claimed(platform: Platform, sandbox: Sandbox, queue: FakeQueue) -> dict[str, Any]:
    """An attempt that runs."""
    return started(platform, sandbox, queue)


def started(platform: Platform, sandbox: Sandbox, queue: FakeQueue) -> dict[str, Any]:
    tasks.run_task(platform, ADMIN, make_task(platform).id)
    (event,) = queue.take()
    return sandbox.claim(event)


def held(claimed: dict[str, Any]) -> dict[str, Any]:
    return {key: claimed[key] for key in ("log_id", "token", "nonce")}


def refusal(answer: dict[str, Any]) -> tuple[str, int]:
    return answer["error"]["code"], answer["error"]["status"]


def test_a_running_attempt_is_answered(sandbox: Sandbox, claimed: dict[str, Any]) -> None:
    answer = sandbox.ask("call", **held(claimed), **GET)

    assert answer == {"ok": True, "value": {"found": False, "value": None}}


@pytest.mark.parametrize("wrong", [{"token": "guessed"}, {"nonce": "other"}, {"log_id": 999999}])
def test_a_wrong_token_nonce_or_id_is_refused_and_logged(
    sandbox: Sandbox,
    claimed: dict[str, Any],
    wrong: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = sandbox.ask("call", **{**held(claimed), **wrong}, **GET)

    assert refusal(answer) == ("refused", 403)
    assert "not its attempt's" in caplog.text
    assert claimed["token"] not in caplog.text + str(caplog.records[0].__dict__)


def test_another_attempts_token_is_refused(
    platform: Platform, sandbox: Sandbox, queue: FakeQueue, claimed: dict[str, Any]
) -> None:
    other = started(platform, sandbox, queue)

    answer = sandbox.ask("call", **{**held(claimed), "token": other["token"]}, **GET)

    assert refusal(answer) == ("refused", 403)


def test_a_token_is_dead_once_its_run_is_over(sandbox: Sandbox, claimed: dict[str, Any]) -> None:
    sandbox.report(claimed, SUCCESS)

    assert refusal(sandbox.ask("call", **held(claimed), **GET)) == ("refused", 403)


def test_an_old_token_is_dead_once_another_replaced_it(
    platform: Platform, sandbox: Sandbox, queue: FakeQueue, clock: FakeClock
) -> None:
    tasks.run_task(platform, ADMIN, make_task(platform, is_enabled=False).id)
    (old,) = queue.take()
    clock.advance(minutes=5)
    dispatch(platform)  # never started: it is sent again
    (new,) = queue.take()
    claimed = sandbox.claim(new)

    answer = sandbox.ask("call", **{**held(claimed), "token": old["token"]}, **GET)

    assert refusal(answer) == ("refused", 403)


def test_what_is_no_function_is_told_so(sandbox: Sandbox, claimed: dict[str, Any]) -> None:
    for name in ("drop_table", None, ["get_var"]):
        answer = sandbox.ask("call", **held(claimed), name=name, args={})
        assert answer["failed"]["en"] == "There is no such function"


def test_twenty_runs_at_once_lose_no_variable(
    platform: Platform, sandbox: Sandbox, claimed: dict[str, Any]
) -> None:
    def put(number: int) -> Any:
        args = {"key": f"k{number}", "value": number}
        return sandbox.ask("call", **held(claimed), name="set_var", args=args)

    answers = at_once([partial(put, number) for number in range(20)])

    assert answers == [{"ok": True, "value": None}] * 20
    values = [
        sandbox.ask("call", **held(claimed), name="get_var", args={"key": f"k{number}"})["value"]
        for number in range(20)
    ]
    assert [value["value"] for value in values] == list(range(20))
    assert run_logs.get_log(platform, ADMIN, claimed["log_id"])["status"] == "running"
