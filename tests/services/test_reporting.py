"""Claim, signs of life, report: each may be asked again, and none by a stranger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.services import delivering, run_logs, tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_channel, make_task
from tests.services.sandboxes import FAILURE, SUCCESS, Sandbox


@pytest.fixture
def event(platform: Platform, clock: FakeClock, queue: FakeQueue) -> dict[str, Any]:
    """The message of a run that is due now, of a task with one channel."""
    channel = make_channel(platform)
    make_task(platform, notify_channels=[channel], input_params={"a": 1})
    clock.advance(minutes=5)
    dispatch(platform)
    return queue.take()[0]


def held(claimed: dict[str, Any]) -> dict[str, Any]:
    return {key: claimed[key] for key in ("log_id", "token", "nonce")}


def test_a_claim_answers_all_that_a_run_needs_and_no_secret(
    sandbox: Sandbox, event: dict[str, Any]
) -> None:
    run = sandbox.claim(event)["answer"]["run"]

    assert run["script_content"] == "print(1)"
    assert run["input_params"] == {"a": 1}
    assert run["timezone"] == "Asia/Shanghai"
    assert run["scheduled_for"] == "2026-11-23T00:05:00Z"
    assert "webhook/send" not in str(run)
    assert "SECdeadbeef" not in str(run)


def test_only_one_of_two_environments_wins_and_the_winner_may_ask_again(
    sandbox: Sandbox, event: dict[str, Any]
) -> None:
    first = sandbox.claim(event, nonce="a")
    other = sandbox.claim(event, nonce="b")
    again = sandbox.claim(event, nonce="a")

    assert first["answer"]["run"] == again["answer"]["run"]
    assert other["answer"] == {"ok": True, "run": None, "reason": "already running"}


def test_a_wrong_token_gets_nothing(sandbox: Sandbox, event: dict[str, Any]) -> None:
    forged = sandbox.claim({**event, "token": "guessed"})

    assert forged["answer"]["error"]["code"] == "refused"


def test_a_token_of_one_attempt_opens_no_other(
    platform: Platform, sandbox: Sandbox, event: dict[str, Any], queue: FakeQueue
) -> None:
    make_task(platform)
    other = tasks.run_task(platform, ADMIN, make_task(platform).id)

    stolen = sandbox.claim({"log_id": other["log_id"], "token": event["token"]})

    assert stolen["answer"]["error"]["code"] == "refused"


def test_output_can_be_read_while_it_grows(
    platform: Platform, sandbox: Sandbox, event: dict[str, Any]
) -> None:
    claimed = sandbox.claim(event)
    log_id = claimed["log_id"]

    sandbox.ask("heartbeat", **held(claimed), offset=0, output="一二")
    sandbox.ask("heartbeat", **held(claimed), offset=2, output="三")
    sandbox.ask("heartbeat", **held(claimed), offset=2, output="三")  # a lost answer
    running = run_logs.get_output(platform, ADMIN, log_id, 1)
    sandbox.ask("report", **held(claimed), outcome=SUCCESS, offset=3, output="四")
    ended = run_logs.get_output(platform, ADMIN, log_id, running["next_offset"])

    assert running == {"output": "二三", "next_offset": 3, "status": "running", "finished": False}
    assert ended == {"output": "四", "next_offset": 4, "status": "success", "finished": True}


def test_a_cancel_reaches_a_running_script_by_its_next_sign_of_life(
    platform: Platform, sandbox: Sandbox, event: dict[str, Any]
) -> None:
    claimed = sandbox.claim(event)
    before = sandbox.ask("heartbeat", **held(claimed), offset=0, output="")

    run_logs.cancel(platform, ADMIN, claimed["log_id"])
    after = sandbox.ask("heartbeat", **held(claimed), offset=0, output="")
    cancelled = {**FAILURE, "status": "cancelled", "error_kind": "cancelled"}
    sandbox.ask("report", **held(claimed), outcome=cancelled, offset=0, output="")

    assert (before["cancel"], after["cancel"]) == (False, True)
    assert log_rows(platform)[0]["status"] == "cancelled"


def test_a_queued_run_is_cancelled_at_once_and_its_message_does_nothing(
    platform: Platform, sandbox: Sandbox, event: dict[str, Any]
) -> None:
    run_logs.cancel(platform, ADMIN, event["log_id"])

    assert sandbox.claim(event)["answer"] == {
        "ok": True,
        "run": None,
        "reason": "already cancelled",
    }


def test_channel_secrets_are_given_with_the_report_and_only_for_these_deliveries(
    platform: Platform, sandbox: Sandbox, event: dict[str, Any]
) -> None:
    claimed = sandbox.claim(event)
    answer = sandbox.report(claimed, {**SUCCESS, "result": {"content": "好"}})

    (delivery,) = answer["deliveries"]
    assert delivery["channel"]["sign_secret"] == "SECdeadbeef"
    assert delivery["result"] == {"content": "好"}
    assert delivery["title"] == "daily"
    assert sandbox.ask("deliveries", ids=[delivery["id"]], token="guessed")["deliveries"] == []


def test_a_delivery_knows_the_page_of_its_run(
    platform: Platform, sandbox: Sandbox, event: dict[str, Any]
) -> None:
    claimed = sandbox.claim(event)
    token = sandbox.report(claimed, {**SUCCESS, "result": "好"})["token"]
    public = replace(
        platform, settings=replace(platform.settings, public_url="https://zhundian.example")
    )

    pages = [
        [one["page"] for one in delivering.to_deliver(here, token)["deliveries"]]
        for here in (platform, public)
    ]

    assert pages == [[""], [f"https://zhundian.example/logs/{claimed['log_id']}"]]


@pytest.mark.parametrize("result", [None, []])
def test_no_message_makes_no_delivery(
    sandbox: Sandbox, event: dict[str, Any], result: object
) -> None:
    answer = sandbox.report(sandbox.claim(event), {**SUCCESS, "result": result})

    assert answer["deliveries"] == []


def test_a_report_asked_again_answers_the_deliveries_that_are_left(
    platform: Platform, sandbox: Sandbox, event: dict[str, Any]
) -> None:
    claimed = sandbox.claim(event)
    outcome = {**SUCCESS, "result": {"content": "x"}}

    first = sandbox.report(claimed, outcome)
    again = sandbox.report(claimed, outcome)
    receipt = {"id": again["deliveries"][0]["id"], "status": "sent", "errcode": 0, "errmsg": "ok"}
    late = sandbox.ask("receipts", token=first["token"], receipts=[receipt])
    good = sandbox.ask("receipts", token=again["token"], receipts=[receipt])
    third = sandbox.report(claimed, outcome)

    assert first["deliveries"] == again["deliveries"]
    assert late["error"]["code"] == "refused"
    assert good["ok"]
    assert third["deliveries"] == []


def test_receipts_are_in_the_log_and_change_no_status(
    platform: Platform, sandbox: Sandbox, event: dict[str, Any]
) -> None:
    claimed = sandbox.claim(event)
    answer = sandbox.report(claimed, {**SUCCESS, "result": {"content": "x"}}, output="out")
    receipt = {
        "id": answer["deliveries"][0]["id"],
        "status": "failed",
        "errcode": 310000,
        "errmsg": "sign not match",
        "notes": ["请检查加签密钥"],
        "payload": {"msgtype": "markdown"},
    }
    sandbox.ask("receipts", token=answer["token"], receipts=[receipt])

    log = run_logs.get_log(platform, ADMIN, claimed["log_id"])

    assert log["status"] == "success"
    assert log["output"] == "out"
    assert log["deliveries"][0]["status"] == "failed"
    assert log["deliveries"][0]["errcode"] == 310000
    assert log["deliveries"][0]["errmsg"] == "sign not match"


def test_a_message_that_the_sandbox_took_and_never_sent_goes_out_by_a_later_tick(
    platform: Platform, sandbox: Sandbox, clock: FakeClock, queue: FakeQueue, event: dict[str, Any]
) -> None:
    claimed = sandbox.claim(event)
    lost = sandbox.report(claimed, {**SUCCESS, "result": {"content": "x"}})

    clock.advance(seconds=181)
    dispatch(platform)
    (deliver,) = [body for body in queue.take() if body["kind"] == "deliver"]
    answer = sandbox.ask("deliveries", ids=deliver["ids"], token=deliver["token"])

    assert answer["deliveries"][0]["uuid"] == lost["deliveries"][0]["uuid"]


def test_a_message_that_the_robot_put_off_goes_out_when_it_may(
    platform: Platform, sandbox: Sandbox, clock: FakeClock, queue: FakeQueue, event: dict[str, Any]
) -> None:
    claimed = sandbox.claim(event)
    answer = sandbox.report(claimed, {**SUCCESS, "result": {"content": "x"}})
    receipt = {
        "id": answer["deliveries"][0]["id"],
        "status": "later",
        "errcode": 130101,
        "errmsg": "send too fast",
        "retry_after_seconds": 600,
        "sent_parts": 2,
    }
    sandbox.ask("receipts", token=answer["token"], receipts=[receipt])

    clock.advance(seconds=599)
    dispatch(platform)
    early = [body for body in queue.take() if body["kind"] == "deliver"]
    clock.advance(seconds=2)
    dispatch(platform)
    due = [body for body in queue.take() if body["kind"] == "deliver"]
    again = sandbox.ask("deliveries", ids=due[0]["ids"], token=due[0]["token"])

    assert (len(early), len(due)) == (0, 1)
    assert (answer["deliveries"][0]["sent_parts"], again["deliveries"][0]["sent_parts"]) == (0, 2)


def test_the_task_tells_how_its_last_run_ended(
    platform: Platform, sandbox: Sandbox, clock: FakeClock, event: dict[str, Any]
) -> None:
    claimed = sandbox.claim(event)
    sandbox.report(claimed, FAILURE)

    task = tasks.get_task(platform, ADMIN, claimed["answer"]["run"]["task_id"])

    assert task.last_run_status == "failed"
    assert task.last_run_message == "ValueError: no"
    assert task.last_run_at == clock.now()


def test_a_task_deleted_while_it_runs_keeps_its_log(
    platform: Platform, sandbox: Sandbox, event: dict[str, Any]
) -> None:
    claimed = sandbox.claim(event)
    tasks.delete_task(platform, ADMIN, claimed["answer"]["run"]["task_id"])

    assert sandbox.report(claimed, SUCCESS)["ok"]
    assert run_logs.get_log(platform, ADMIN, claimed["log_id"])["status"] == "success"


@pytest.mark.parametrize("broken", [{}, {"op": "claim"}, {"op": "drop tables"}, {"op": "report"}])
def test_a_malformed_request_is_answered_and_changes_nothing(
    platform: Platform, broken: dict[str, Any]
) -> None:
    answered = Sandbox.ask.__get__(Sandbox(platform, None))  # type: ignore[arg-type]

    assert answered(**{"op": "", **broken})["ok"] is False
