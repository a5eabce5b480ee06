"""`POST /api/scheduled-tasks/test-script` and its log, over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.services.platform import Platform
from tests.fakes import FakeQueue
from tests.routes.api import Api
from tests.routes.conftest import key
from tests.services.rows import log_rows
from tests.services.sandboxes import SUCCESS, Sandbox

PATH = "/api/scheduled-tasks/test-script"
MESSAGE = {
    "channel_type": "dingtalk_bot",
    "webhook_url": "https://oapi.dingtalk.com/robot/send?access_token=abcdef0123456789",
    "payload": {"msgtype": "markdown", "markdown": {"title": "T", "text": "x"}},
    "notes": [{"zh": "标题已截断", "en": "The title was cut"}],
}


def captured(sandbox: Sandbox, queue: FakeQueue, told: Any) -> None:
    """A sandbox's report of the one test that waits."""
    (event,) = queue.take()
    assert sandbox.report(sandbox.claim(event), {**SUCCESS, "captured": told})["ok"]


def test_a_test_that_lasts_is_answered_by_its_log(api: Api, sandbox: Sandbox) -> None:
    answer = api.post(PATH, {"script_content": "result = 1"})

    assert answer.status == 202
    assert set(answer.body) == {"log_id", "trace_id"}


DEEP: Any = []
for _ in range(30):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("script_content", "print('\ud800')"),
        ("input_params", {"a": DEEP[0]}),
        ("input_params", {"a": 10**400}),
        ("input_params", {"\ud800": 1}),
        ("notify_channels", list(range(1, 22))),
        ("timezone", "a\ud800"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_field(api: Api, field: str, value: Any) -> None:
    answer = api.post(PATH, {"script_content": "x = 1", field: value})

    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == [field]


def test_parameters_are_nested_as_deep_as_they_may(
    api: Api, sandbox: Sandbox, queue: FakeQueue
) -> None:
    params = {"a": DEEP[0][0]}

    assert api.post(PATH, {"script_content": "x = 1", "input_params": params}).status == 202

    (event,) = queue.take()
    assert sandbox.claim(event)["answer"]["run"]["input_params"] == params


@pytest.mark.parametrize(("language", "note"), [("en", "The title was cut"), ("zh", "标题已截断")])
def test_what_was_caught_is_in_the_log_in_the_readers_language(
    installed: Platform, sandbox: Sandbox, queue: FakeQueue, language: str, note: str
) -> None:
    api = Api(key(installed, None, "editor"), language)
    log_id = api.post(PATH, {"script_content": "x = 1"}).body["log_id"]
    variables = {"set": {"a": [1]}, "deleted": ["b"]}
    captured(sandbox, queue, {"messages": [MESSAGE], "left_out": 0, "variables": variables})

    log = api.get(f"/api/task-logs/{log_id}").body

    (message,) = log["messages"]
    assert (message["channel_id"], message["payload"]) == (None, MESSAGE["payload"])
    assert (message["notes"], message["error"]) == ([note], None)
    assert message["webhook_url"].endswith("access_token=abcd****")
    assert log["variables"] == variables


@pytest.mark.parametrize(
    "told",
    [
        None,
        "nonsense",
        {"messages": "x", "variables": 5, "left_out": "many"},
        {"messages": [None, {"channel_type": "sms"}, {}], "variables": {"set": [], "deleted": {}}},
        {"variables": {"set": {"a": "x" * 3_000_000}}},
    ],
)
def test_a_sandbox_that_tells_nonsense_is_not_believed(
    api: Api, sandbox: Sandbox, queue: FakeQueue, told: Any
) -> None:
    log_id = api.post(PATH, {"script_content": "x = 1"}).body["log_id"]
    captured(sandbox, queue, told)

    log = api.get(f"/api/task-logs/{log_id}").body

    assert (log["messages"], log["variables"]) == ([], {"set": {}, "deleted": []})


def test_more_than_may_be_kept_is_counted(api: Api, sandbox: Sandbox, queue: FakeQueue) -> None:
    log_id = api.post(PATH, {"script_content": "x = 1"}).body["log_id"]
    large = {**MESSAGE, "payload": {"text": "长" * 300_000}}
    captured(sandbox, queue, {"messages": [large] * 5, "left_out": 3})

    messages = api.get(f"/api/task-logs/{log_id}").body["messages"]

    assert [bool(message["payload"]) for message in messages] == [True, True, False]
    assert messages[-1]["error"] == "6 more messages are not shown"
    assert len(json.dumps(messages, ensure_ascii=False).encode()) < 2_100_000


def test_an_ordinary_run_has_nothing_caught(
    api: Api, installed: Platform, sandbox: Sandbox, queue: FakeQueue
) -> None:
    task = {"task_name": "t", "time_points": ["08:05"], "script_content": "x = 1"}
    task_id = api.post("/api/scheduled-tasks", task).body["id"]
    api.post(f"/api/scheduled-tasks/{task_id}/run")
    captured(sandbox, queue, {"messages": [MESSAGE]})

    assert log_rows(installed, trigger_type="manual")[0]["captured"] is None


@pytest.mark.parametrize("task_id", ["1", 0, -1, True, 1.5])
def test_a_task_id_is_a_number(api: Api, task_id: Any) -> None:
    answer = api.post(PATH, {"script_content": "x = 1", "task_id": task_id})

    assert (answer.status, answer.fields()) == (422, ["task_id"])


def test_a_tenant_may_not_test_anothers_task(acme: Api, umbrella: Api) -> None:
    task = {"task_name": "t", "time_points": ["08:05"], "script_content": "x = 1"}
    task_id = umbrella.post("/api/scheduled-tasks", task).body["id"]

    answer = acme.post(PATH, {"script_content": "x = 1", "task_id": task_id})

    assert (answer.status, answer.fields()) == (422, ["task_id"])
