"""Runs that are one HTTP request, to a real server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.sandbox.web_server import Got
from tests.sandbox.world import FAST, World


def webhook(world: World, page: bytes = b"", status: int = 200, **fields: Any) -> Got | None:
    world.web.pages["/hook"] = lambda _: (status, page)
    fields = {"webhook_url": f"{world.web.url}/hook", **fields}
    world.run(execution_type="webhook", script_content=None, **fields)
    return next(iter(world.web.sent_to("/hook")), None)


def test_a_webhook_gets_the_run_and_its_idempotency_key(world: World) -> None:
    got = webhook(world, b'{"ok": true}')

    assert got is not None
    assert got.headers["Idempotency-Key"] == "trace-1"
    assert got.json == {
        "task_id": 7,
        "task_name": "日报",
        "trace_id": "trace-1",
        "scheduled_for": "2026-11-23T00:00:00Z",
        "params": {"n": 1},
    }
    assert world.outcome["status"] == "success"
    assert world.outcome["result"] is None
    assert world.report["output"] == 'HTTP 200 OK\n{"ok": true}'


def test_a_webhook_may_answer_with_a_message(world: World) -> None:
    webhook(world, '{"content": "三单"}'.encode())

    assert world.outcome["result"] == {"content": "三单"}


@pytest.mark.parametrize("page", [b'{"content": NaN}', b"[" * 9999, b"\xff", b'["content"]', b""])
def test_a_webhooks_odd_answers_are_no_messages(world: World, page: bytes) -> None:
    webhook(world, page)

    assert (world.outcome["status"], world.outcome["result"]) == ("success", None)


def test_a_webhook_that_answers_badly_or_not_at_all_has_failed(world: World) -> None:
    webhook(world, b"x" * 100_000, status=503)

    assert (world.outcome["status"], world.outcome["error_kind"]) == ("failed", "http")
    assert "503" in world.outcome["error"]
    assert len(world.report["output"]) < 70_000


def test_a_webhook_at_a_closed_address_has_failed(world: World) -> None:
    webhook(world, webhook_url="http://10.0.0.1/hook")

    assert (world.outcome["status"], world.outcome["error_kind"]) == ("failed", "http")


def test_a_cancel_does_not_wait_for_a_webhooks_answer(world: World) -> None:
    world.here = replace(world.here, rhythm=FAST)
    world.broker.rules["heartbeat"] = lambda _: {"ok": True, "cancel": True}
    reported = lambda _: (200, str(world.broker.wait_for("report")).encode())  # noqa: E731
    world.web.pages["/slow"] = reported

    webhook(world, webhook_url=f"{world.web.url}/slow")

    assert world.outcome["status"] == "cancelled"
