"""What a task may say of its alerts; an address that is a key is never answered whole."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.services.platform import Platform
from tests.routes.api import Api

TASK = {"task_name": "daily", "time_points": ["08:05"], "script_content": "print(1)"}
ROBOT = "https://oapi.dingtalk.com/robot/send?access_token=abcdef0123456789&secret=SECdeadbeef"
SHOWN = "https://oapi.dingtalk.com/robot/send?access_token=abcd****"


def stored(platform: Platform) -> str:
    with platform.database.transaction() as tx:
        (row,) = tx.all("SELECT alert_webhook FROM platform_scheduled_tasks")
    return str(row["alert_webhook"])


def test_the_options_are_kept_and_have_defaults(api: Api) -> None:
    plain = api.post("/api/scheduled-tasks", TASK).body
    wished = {"notify_when": "on_change", "alert_after_failures": 3, "alert_quiet_minutes": 60}
    made = api.post("/api/scheduled-tasks", {**TASK, **wished}).body
    changed = api.put(f"/api/scheduled-tasks/{made['id']}", {"alert_after_failures": 2}).body

    assert [plain[key] for key in wished] == ["always", 1, 0]
    assert {key: made[key] for key in wished} == wished
    assert {key: changed[key] for key in wished} == {**wished, "alert_after_failures": 2}


@pytest.mark.parametrize(
    "wrong",
    [
        {"notify_when": "never"},
        {"alert_after_failures": 0},
        {"alert_quiet_minutes": -1},
        {"alert_quiet_minutes": 10081},
        {"alert_webhook": "https://oapi.dingtalk.com/robot/send"},
        {"alert_webhook": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abcd****"},
        {"alert_webhook": "https://robots.example.com/robot/send?access_token=x"},
        {"alert_webhook": "http://10.0.0.1/hook"},
    ],
)
def test_a_wrong_option_is_told_by_its_name(api: Api, wrong: dict[str, Any]) -> None:
    answer = api.post("/api/scheduled-tasks", {**TASK, **wrong})

    assert (answer.status, answer.fields()) == (422, [*wrong])


def test_the_address_is_shown_masked_and_sent_back_it_stays(api: Api, platform: Platform) -> None:
    made = api.post("/api/scheduled-tasks", {**TASK, "alert_webhook": ROBOT}).body
    back = api.put(f"/api/scheduled-tasks/{made['id']}", {**made, "task_desc": "x"})
    listed = api.get("/api/scheduled-tasks").body["items"][0]

    assert made["alert_webhook"] == listed["alert_webhook"] == SHOWN
    assert (back.status, back.body["task_desc"]) == (200, "x")
    assert stored(platform) == ROBOT


def test_another_address_takes_its_place(api: Api, platform: Platform) -> None:
    made = api.post("/api/scheduled-tasks", {**TASK, "alert_webhook": ROBOT}).body
    hook = "https://hooks.example.com/T0/B0"
    answer = api.put(f"/api/scheduled-tasks/{made['id']}", {"alert_webhook": hook})

    assert answer.body["alert_webhook"] == hook
    assert stored(platform) == hook
