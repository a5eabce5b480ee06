"""`/api/scheduled-tasks`, as a team uses it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.services.platform import Platform
from tests.fakes import FakeClock
from tests.routes.api import CHANNEL, TASK, Api
from tests.services.rows import statuses
from tests.services.sandboxes import Sandbox


def test_a_task_is_created_read_changed_and_deleted(api: Api) -> None:
    made = api.post("/api/scheduled-tasks", {**TASK, "tenant_id": "acme"})
    path = f"/api/scheduled-tasks/{made.body['id']}"
    changed = api.put(path, {"task_name": "周报", "timezone": "UTC"})
    read = api.get(path)
    gone = api.delete(path)

    assert made.status == 201
    assert made.body["next_run_at"] == "2026-11-23T00:05:00Z"
    assert made.body["created_at"] == "2026-11-23T00:00:00Z"
    assert changed.body["task_name"] == "周报"
    assert changed.body["script_content"] == TASK["script_content"]
    assert changed.body["next_run_at"] == "2026-11-23T08:05:00Z"
    assert read.body == changed.body
    assert gone.status == 204
    assert api.get(path).status == 404


def test_next_run_at_is_the_next_occurrence_also_when_it_is_planned_already(
    api: Api, clock: FakeClock
) -> None:
    clock.advance(minutes=4)

    made = api.post("/api/scheduled-tasks", TASK)

    assert made.body["next_run_at"] == "2026-11-23T00:05:00Z"


def test_a_list_is_searched_filtered_and_paged(api: Api) -> None:
    for number in range(25):
        api.post("/api/scheduled-tasks", {**TASK, "task_name": f"job {number}"})
    api.post("/api/scheduled-tasks", {**TASK, "task_name": "100%", "is_enabled": False})

    first = api.get("/api/scheduled-tasks").body
    second = api.get("/api/scheduled-tasks?page=2&size=20").body
    found = api.get("/api/scheduled-tasks?search=job+2").body
    percent = api.get("/api/scheduled-tasks?search=%25").body
    off = api.get("/api/scheduled-tasks?is_enabled=false").body

    assert (first["total"], first["page"], first["size"], len(first["items"])) == (26, 1, 20, 20)
    assert len(second["items"]) == 6
    assert {item["task_name"] for item in found["items"]} == {
        "job 2",
        "job 20",
        "job 21",
        "job 22",
        "job 23",
        "job 24",
    }
    assert [item["task_name"] for item in percent["items"]] == ["100%"]
    assert off["total"] == 1


@pytest.mark.parametrize("query", ["page=0", "size=0", "size=101", "page=x", "is_enabled=maybe"])
def test_a_list_says_what_is_wrong_with_its_query(api: Api, query: str) -> None:
    answer = api.get(f"/api/scheduled-tasks?{query}")

    assert answer.status == 422
    assert answer.fields() == [query.split("=")[0]]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"time_points": ["25:00"]}, "time_points.0"),
        ({"time_points": []}, "time_points"),
        ({"time_points": None}, "time_points"),
        ({"schedule_type": "cron", "cron_expression": "0 0 31 2 *"}, "cron_expression"),
        ({"schedule_type": "cron", "cron_expression": "every day"}, "cron_expression"),
        ({"schedule_type": "cron"}, "cron_expression"),
        ({"schedule_type": "hourly"}, "schedule_type"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"script_content": "def broken(:"}, "script_content"),
        ({"script_content": "x = '\x00'"}, "script_content"),
        ({"script_content": None}, "script_content"),
        ({"script_content": 5}, "script_content"),
        ({"notify_channels": [999]}, "notify_channels.0"),
        ({"execution_type": "webhook"}, "webhook_url"),
        ({"execution_type": "webhook", "webhook_url": "http://127.0.0.1/x"}, "webhook_url"),
        ({"execution_type": "webhook", "webhook_url": "http://169.254.169.254/"}, "webhook_url"),
        ({"execution_type": "webhook", "webhook_url": "ftp://example.com/"}, "webhook_url"),
        ({"alert_webhook": "http://localhost:9/"}, "alert_webhook"),
        ({"task_name": ""}, "task_name"),
        ({"task_name": "x" * 101}, "task_name"),
        ({"retry_count": 21}, "retry_count"),
        ({"retry_count": "3"}, "retry_count"),
        ({"retry_interval": 0}, "retry_interval"),
        ({"timeout_seconds": 841}, "timeout_seconds"),
        ({"is_enabled": "yes"}, "is_enabled"),
        ({"input_params": [1]}, "input_params"),
        ({"tenant_id": "a b"}, "tenant_id"),
        ({"tenant_id": "_platform"}, "tenant_id"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_wrong_input_is_told_by_field_and_writes_nothing(
    api: Api, platform: Platform, wrong: dict[str, Any], field: str
) -> None:
    answer = api.post("/api/scheduled-tasks", {**TASK, **wrong})

    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert field in answer.fields()
    assert all(len(error["message"]) > 5 for error in answer.body["errors"])
    assert api.get("/api/scheduled-tasks").body["total"] == 0
    assert statuses(platform) == []


@pytest.mark.parametrize(
    "wrong", [{"time_points": ["8\ud800"]}, {"time_points": ["08:00"], "\ud800": 1}]
)
def test_a_refusal_that_repeats_half_a_character_can_be_sent(
    api: Api, wrong: dict[str, Any]
) -> None:
    answer = api.post("/api/scheduled-tasks", {**TASK, **wrong})

    assert answer.status == 422
    assert answer.body["errors"]


def test_a_wrong_change_changes_nothing(api: Api) -> None:
    made = api.post("/api/scheduled-tasks", TASK).body

    answer = api.put(f"/api/scheduled-tasks/{made['id']}", {"time_points": ["24:00"]})

    assert answer.status == 422
    assert api.get(f"/api/scheduled-tasks/{made['id']}").body == made


def test_a_task_can_be_read_changed_and_sent_back_whole(api: Api) -> None:
    made = api.post("/api/scheduled-tasks", {**TASK, "is_enabled": 1}).body

    changed = api.put(f"/api/scheduled-tasks/{made['id']}", {**made, "is_enabled": 0})

    assert changed.status == 200
    assert (made["is_enabled"], changed.body["is_enabled"]) == (True, False)


def test_a_problem_speaks_the_language_that_is_asked_for(api: Api) -> None:
    chinese = Api(api.headers["Authorization"][7:], language="zh-CN,zh;q=0.9,en;q=0.8")

    english = api.post("/api/scheduled-tasks", {**TASK, "task_name": 5}).body
    told = chinese.post("/api/scheduled-tasks", {**TASK, "task_name": 5}).body

    assert english["errors"] == [{"field": "task_name", "message": "must be a string"}]
    assert told["errors"] == [{"field": "task_name", "message": "须为字符串"}]
    assert {"status", "title", "detail", "code", "request_id"} <= english.keys()


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"', b"\xff\xfe", b"", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_told_so(api: Api, raw: bytes) -> None:
    answer = api.call("POST", "/api/scheduled-tasks", raw=raw)

    assert answer.status == 400
    assert answer.body["code"] == "malformed"


def test_a_task_is_switched_and_run_and_its_log_read(
    api: Api, sandbox: Sandbox, platform: Platform
) -> None:
    task_id = api.post("/api/scheduled-tasks", TASK).body["id"]
    off = api.post(f"/api/scheduled-tasks/{task_id}/toggle")
    on = api.post(f"/api/scheduled-tasks/{task_id}/toggle", {"is_enabled": True})
    started = api.post(f"/api/scheduled-tasks/{task_id}/run", {"input_params": {"a": 1}})
    sandbox.run_due()
    logs = api.get(f"/api/scheduled-tasks/{task_id}/logs").body
    log = api.get(f"/api/task-logs/{started.body['log_id']}").body

    assert (off.body["is_enabled"], on.body["is_enabled"]) == (False, True)
    assert started.status == 202
    assert started.body.keys() == {"log_id", "trace_id"}
    assert logs["total"] == 1
    assert (log["status"], log["trigger_type"], log["duration_ms"]) == ("success", "manual", 5)
    assert log["input_params"] == {"a": 1}


def test_a_run_is_started_again_from_its_log(api: Api, sandbox: Sandbox) -> None:
    task_id = api.post("/api/scheduled-tasks", TASK).body["id"]
    first = api.post(f"/api/scheduled-tasks/{task_id}/run", {"input_params": {"a": 1}}).body
    sandbox.run_due()

    again = api.post(f"/api/task-logs/{first['log_id']}/rerun")
    (run,) = sandbox.run_due()

    assert again.status == 202
    assert again.body["trace_id"] != first["trace_id"]
    assert run["input_params"] == {"a": 1}
    assert api.post(f"/api/task-logs/{first['log_id']}/cancel").status == 409


def test_another_tenants_rows_do_not_exist(acme: Api, umbrella: Api, api: Api) -> None:
    task = acme.post("/api/scheduled-tasks", TASK).body
    channel = acme.post("/api/notification-channels", CHANNEL).body
    log = acme.post(f"/api/scheduled-tasks/{task['id']}/run").body["log_id"]
    task_path, log_path = f"/api/scheduled-tasks/{task['id']}", f"/api/task-logs/{log}"
    channel_path = f"/api/notification-channels/{channel['id']}"

    refused = [
        umbrella.get(task_path),
        umbrella.put(task_path, {"task_name": "mine"}),
        umbrella.delete(task_path),
        umbrella.post(f"{task_path}/toggle"),
        umbrella.post(f"{task_path}/run"),
        umbrella.get(f"{task_path}/logs"),
        umbrella.get(log_path),
        umbrella.get(f"{log_path}/output"),
        umbrella.post(f"{log_path}/cancel"),
        umbrella.post(f"{log_path}/rerun"),
        umbrella.get(channel_path),
        umbrella.put(channel_path, {"channel_name": "mine"}),
        umbrella.delete(channel_path),
        umbrella.post(f"{channel_path}/test"),
    ]

    assert {answer.status for answer in refused} == {404}
    assert umbrella.get("/api/scheduled-tasks?tenant_id=acme").body["total"] == 0
    assert umbrella.get("/api/task-logs").body["total"] == 0
    assert umbrella.get("/api/notification-channels").body["total"] == 0
    assert task["tenant_id"] == "acme"
    assert acme.get(task_path).body == task
    assert api.get("/api/scheduled-tasks?tenant_id=acme").body["total"] == 1
    sent = umbrella.post("/api/scheduled-tasks", {**TASK, "notify_channels": [channel["id"]]})
    assert sent.fields() == ["notify_channels.0"]
    assert acme.post("/api/scheduled-tasks", {**TASK, "tenant_id": "umbrella"}).status == 403


def test_a_global_task_is_the_platforms_alone(api: Api, acme: Api) -> None:
    made = api.post("/api/scheduled-tasks", TASK).body

    assert made["tenant_id"] is None
    assert acme.get(f"/api/scheduled-tasks/{made['id']}").status == 404


@pytest.mark.parametrize("wrong", ["x", "-1", "1.5", "99999999999999999999"])
def test_an_id_that_is_none_does_not_exist(api: Api, wrong: str) -> None:
    assert api.get(f"/api/scheduled-tasks/{wrong}").status == 404
