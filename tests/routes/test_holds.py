"""`/api/pause`, `/api/resume` and `/api/maintenance-windows`, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.services.platform import Platform
from tests.routes.api import TASK, Api
from tests.routes.conftest import key

WINDOWS = "/api/maintenance-windows"
NIGHT = {
    "starts_at": "2026-11-24T22:00:00+08:00",
    "ends_at": "2026-11-25T02:00:00+08:00",
    "reason": "数据库升级",
}


def test_schedules_are_paused_listed_and_resumed(api: Api, acme: Api, umbrella: Api) -> None:
    acme.post("/api/scheduled-tasks", TASK)

    paused = api.post("/api/pause", {"tenant_id": "acme", "reason": "month's end"})
    seen = [len(who.get("/api/pause").body["items"]) for who in (api, acme, umbrella)]
    resumed = acme.post("/api/resume")

    assert paused.status == 200
    assert {k: paused.body[k] for k in ("tenant_id", "reason", "paused_at", "created_by")} == {
        "tenant_id": "acme",
        "reason": "month's end",
        "paused_at": "2026-11-23T00:00:00Z",
        "created_by": "None admin",
    }
    assert seen == [1, 1, 0]
    assert resumed.body == {"tenant_id": "acme", "resumed": True, "paused": False}
    assert api.get("/api/pause").body["total"] == 0


def test_nobody_pauses_what_is_not_theirs(installed: Platform, acme: Api, api: Api) -> None:
    viewer = Api(key(installed, "acme", "viewer"))

    assert viewer.post("/api/pause").status == 403
    assert acme.post("/api/pause", {"tenant_id": "umbrella"}).status == 403
    assert acme.post("/api/pause", {"tenant_id": "_platform"}).status == 403
    assert api.post("/api/pause", {"tenant_id": "nobody"}).fields() == ["tenant_id"]
    assert api.post("/api/pause", {"tenant_id": "a b"}).status == 422
    assert api.get("/api/pause").body["total"] == 0


def test_a_run_by_hand_is_answered_with_a_warning_in_the_callers_language(api: Api) -> None:
    made = api.post("/api/scheduled-tasks", TASK).body
    api.post("/api/pause")
    api.headers["Accept-Language"] = "zh"

    run = api.post(f"/api/scheduled-tasks/{made['id']}/run")
    again = api.post(f"/api/task-logs/{run.body['log_id']}/rerun")

    assert run.status == again.status == 202
    assert run.body["warning"] == again.body["warning"] == "调度暂停中;本次手动执行照常进行"


def test_a_window_is_made_changed_listed_and_taken_back(api: Api, acme: Api) -> None:
    made = api.post(WINDOWS, NIGHT)
    own = acme.post(WINDOWS, {**NIGHT, "reason": "own"})
    path = f"{WINDOWS}/{made.body['id']}"
    changed = api.put(path, {**made.body, "ends_at": "2026-11-25T00:00:00Z"})

    assert made.status == 201
    assert made.body["starts_at"] == "2026-11-24T14:00:00Z"
    assert (made.body["tenant_id"], made.body["state"]) == (None, "coming")
    assert own.body["tenant_id"] == "acme"
    assert changed.body == {**made.body, "ends_at": "2026-11-25T00:00:00Z"}
    assert [one["reason"] for one in acme.get(WINDOWS).body["items"]] == ["own", "数据库升级"]
    assert acme.delete(path).status == 403
    assert api.delete(path).status == 204
    assert api.get(WINDOWS).body["total"] == 1
    assert api.delete(path).status == 404


def test_a_tenant_neither_sees_nor_changes_anothers_window(acme: Api, umbrella: Api) -> None:
    made = acme.post(WINDOWS, NIGHT).body

    assert umbrella.get(WINDOWS).body["total"] == 0
    assert umbrella.put(f"{WINDOWS}/{made['id']}", {"reason": "x"}).status == 404
    assert umbrella.delete(f"{WINDOWS}/{made['id']}").status == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"ends_at": "2026-11-24T22:00:00+08:00"}, "ends_at"),
        ({"starts_at": "2026-11-22T00:00:00Z", "ends_at": "2026-11-23T00:00:00Z"}, "ends_at"),
        ({"ends_at": "2026-12-26T22:00:00+08:00"}, "ends_at"),
        ({"ends_at": "2026-11-25T02:00:00"}, "ends_at"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "starts_at"),
        ({"ends_at": "9999-12-31T23:59:59-12:00"}, "ends_at"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 121}, "reason"),
        ({"colour": "red"}, "colour"),
        ({"tenant_id": "nobody"}, "tenant_id"),
    ],
)
def test_a_window_that_is_wrong_is_refused_by_field(
    api: Api, wrong: dict[str, Any], field: str
) -> None:
    answer = api.post(WINDOWS, {**NIGHT, **wrong})

    assert (answer.status, answer.fields()) == (422, [field])
    assert api.get(f"{WINDOWS}?with_past=true").body["total"] == 0


def test_a_preview_marks_what_a_window_will_skip(api: Api, acme: Api) -> None:
    acme.post(WINDOWS, {**NIGHT, "ends_at": "2026-11-25T23:59:00+08:00"})
    spec = {"time_points": ["08:00", "23:00"], "timezone": "Asia/Shanghai", "count": 6}

    items = acme.post("/api/scheduled-tasks/preview-schedule", spec).body["items"]
    others = api.post("/api/scheduled-tasks/preview-schedule", spec).body["items"]

    skipped = [item for item in items if not item["runs"]]
    assert [item["local"][:16] for item in skipped] == [
        "2026-11-24T23:00",
        "2026-11-25T08:00",
        "2026-11-25T23:00",
    ]
    assert "maintenance window: #" in skipped[0]["note"]
    assert all(item["runs"] for item in others)
