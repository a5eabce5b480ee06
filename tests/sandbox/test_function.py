"""The sandbox function end to end: a broker on a socket, real scripts, real HTTP."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from chalice.app import Chalice

from chalicelib.sandbox import function
from tests.fakes import FakeClock
from tests.sandbox.conftest import ROOT
from tests.sandbox.fake_broker import refused
from tests.sandbox.world import World


def test_a_run_is_claimed_carried_out_and_reported(world: World) -> None:
    world.run("print('hello')\nresult = {'content': str(get_param('n')), 'id': task_id}")

    claim, report = world.broker.requests
    assert claim["op"] == "claim"
    assert report["nonce"] == claim["nonce"]
    assert (report["log_id"], report["token"]) == (3, "run-token")
    assert (report["offset"], report["output"]) == (0, "hello\n")
    assert world.outcome.pop("duration_ms") < 5000
    assert report["outcome"] == {
        "status": "success",
        "error_kind": None,
        "error": None,
        "result": {"content": "1", "id": 7},
    }


def test_a_failure_is_reported_as_one(world: World) -> None:
    world.run("1/0")

    assert (world.outcome["status"], world.outcome["error_kind"]) == ("failed", "script")


def test_nothing_happens_when_there_is_nothing_to_run(world: World) -> None:
    world.broker.rules["claim"] = lambda _: {"ok": True, "run": None, "reason": "cancelled"}

    world.run()

    assert [request["op"] for request in world.broker.requests] == ["claim"]


def test_a_claim_whose_answer_is_lost_is_asked_again_with_the_same_nonce(world: World) -> None:
    order: list[Any] = [{"ok": True, "run": None, "reason": None}, None, refused("unavailable")]
    world.broker.rules["claim"] = lambda _: order.pop()

    world.run()

    assert len(world.broker.requests) == 3
    assert len({request["nonce"] for request in world.broker.requests}) == 1


@pytest.mark.parametrize("op", ["claim", "report", "receipts"])
def test_a_broker_that_refuses_ends_it(
    world: World, op: str, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = world.delivery(1, "wecom_bot")
    if op == "receipts":
        answer = {"ok": True, "deliveries": [delivery], "token": "t"}
        world.broker.rules["report"] = lambda _: answer
    world.broker.rules[op] = lambda _: refused()

    world.run()

    assert len(world.broker.asked(op)) == 1
    assert "the broker refused" in caplog.text
    assert "run-token" not in caplog.text


def test_a_report_is_tried_for_a_minute_and_then_given_up(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.broker.rules["report"] = lambda _: refused("unavailable")
    clock = FakeClock()
    world.here = replace(world.here, clock=clock)
    start = clock.now()

    world.run()

    assert (clock.now() - start).total_seconds() == 60
    assert 8 < len(world.broker.asked("report")) < 40
    assert [one.levelno for one in caplog.records] == [logging.ERROR]


def test_a_scripts_http_goes_out_under_the_egress_rules(world: World) -> None:
    world.web.pages["/page"] = lambda got: (404, got.headers["X-Key"].encode())

    world.run(f"""
r = http_get("{world.web.url}/page", headers={{"X-Key": "1"}}, params={{"q": "好"}})
try:
    http_get("http://169.254.169.254/latest/meta-data/")
except HttpError as error:
    refusal = str(error)
result = [r.status_code, r.ok, r.text, r.url, refusal]
""")

    status, ok, text, url, refusal = world.outcome["result"]
    assert (status, ok, text) == (404, False, "1")
    assert url == f"{world.web.url}/page?q=%E5%A5%BD"
    assert "169.254.169.254" in refusal


def test_the_function_is_registered_where_lambda_finds_it_without_the_app() -> None:
    app = Chalice("zhundian")
    app.register_blueprint(function.bp)

    (found,) = app.pure_lambda_functions
    assert (found.name, found.handler_string) == ("sandbox", "chalicelib.sandbox.function.sandbox")


def test_loading_it_loads_no_database_code_and_nothing_that_is_not_needed_yet() -> None:
    code = """
import sys, chalicelib.sandbox.function
print(sorted({"pymysql", "boto3", "botocore", "urllib3", "requests"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
