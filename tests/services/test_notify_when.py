"""`notify_when`: which results are sent, and what goes out in their place."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.services import tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.services.rows import ADMIN, make_channel, make_task
from tests.services.sandboxes import FAILURE, SUCCESS, Sandbox


class Runs:
    """Runs a task and answers what its report was told to send."""

    def __init__(self, platform: Platform, sandbox: Sandbox, **fields: Any) -> None:
        self.platform, self.sandbox = platform, sandbox
        self.channel = make_channel(platform)
        wished = {"notify_channels": [self.channel], "is_enabled": False, **fields}
        self.task = make_task(platform, **wished)

    def run(
        self, result: Any, receipt: str | None = "sent", status: dict[str, Any] = SUCCESS
    ) -> list[Any]:
        tasks.run_task(self.platform, ADMIN, self.task.id)
        (event,) = [body for body in self.sandbox.queue.take() if body["kind"] == "run"]
        claimed = self.sandbox.claim(event)
        answer = self.sandbox.report(claimed, {**status, "result": result})
        receipts = [{"id": d["id"], "status": receipt} for d in answer["deliveries"]]
        if receipt and receipts:
            self.sandbox.ask("receipts", token=answer["token"], receipts=receipts)
        return [d["result"] for d in answer["deliveries"]]


def test_on_change_sends_what_differs_from_the_last_that_was_sent(
    platform: Platform, sandbox: Sandbox
) -> None:
    runs = Runs(platform, sandbox, notify_when="on_change")
    results: list[Any] = [{"a": 1, "b": 2}, {"b": 2, "a": 1}, None, {"a": 1, "b": 2}, "x", "x"]

    sent = [runs.run(result) for result in results]

    assert sent == [[results[0]], [], [], [], ["x"], []]


def test_always_sends_the_same_again(platform: Platform, sandbox: Sandbox) -> None:
    runs = Runs(platform, sandbox)

    assert [runs.run("x"), runs.run("x")] == [["x"], ["x"]]


@pytest.mark.parametrize(("receipt", "again"), [("failed", ["x"]), ("later", []), (None, [])])
def test_what_no_channel_took_counts_as_not_sent(
    platform: Platform, sandbox: Sandbox, receipt: str | None, again: list[str]
) -> None:
    runs = Runs(platform, sandbox, notify_when="on_change")
    runs.run("x", receipt)

    assert runs.run("x") == again


def test_one_of_two_channels_is_enough(platform: Platform, sandbox: Sandbox) -> None:
    runs = Runs(platform, sandbox, notify_when="on_change")
    both = [runs.channel, make_channel(platform)]
    tasks.update_task(platform, ADMIN, runs.task.id, {"notify_channels": both})
    tasks.run_task(platform, ADMIN, runs.task.id)
    answer = sandbox.report(sandbox.claim(sandbox.queue.take()[0]), {**SUCCESS, "result": "x"})
    first, second = [d["id"] for d in answer["deliveries"]]
    receipts = [{"id": first, "status": "failed"}, {"id": second, "status": "sent"}]
    sandbox.ask("receipts", token=answer["token"], receipts=receipts)

    assert runs.run("x") == []


def test_on_failure_sends_no_result_and_tells_the_channels_of_failures(
    platform: Platform, sandbox: Sandbox
) -> None:
    runs = Runs(platform, sandbox, notify_when="on_failure")
    good = runs.run("x")
    runs.run(None, status=FAILURE)
    dispatch(platform)
    (deliver,) = [body for body in sandbox.queue.take() if body["kind"] == "deliver"]
    answer = sandbox.ask("deliveries", ids=deliver["ids"], token=deliver["token"])

    assert good == []
    (told,) = answer["deliveries"]
    assert told["channel"]["id"] == runs.channel
    assert told["result"]["title"] == "任务失败: daily"
