"""`/api/wecom-apps`."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.services.platform import Platform
from tests.routes.api import Api

APP = {
    "app_name": "报表",
    "corpid": "ww0123456789abcdef",
    "agentid": 1000002,
    "secret": "app-secret-0123456789",
    "touser": "@all",
}
TASK = {"task_name": "daily", "time_points": ["08:05"], "script_content": "print(1)"}


def key_of(api: Api, tenant: str, role: str = "editor") -> Api:
    asked = {"tenant_id": tenant, "role": role, "name": f"{tenant} {role}"}
    return Api(api.post("/api/api-keys", asked).body["key"])


def sealed(platform: Platform) -> str:
    with platform.database.transaction() as tx:
        (row,) = tx.all("SELECT secret_sealed FROM platform_wecom_apps")
    return str(row["secret_sealed"])


def test_an_app_is_made_read_changed_and_deleted_and_its_secret_never_answered(
    api: Api, platform: Platform
) -> None:
    made = api.post("/api/wecom-apps", APP)
    path = f"/api/wecom-apps/{made.body['id']}"
    before = sealed(platform)
    changed = api.put(path, {**made.body, "touser": "wang", "totag": "1|2"})
    kept = sealed(platform)
    answers = [made.body, api.get(path).body, changed.body, api.get("/api/wecom-apps").body]
    renewed = api.put(path, {"secret": "another-secret-0123"})

    assert (made.status, changed.status, renewed.status) == (201, 200, 200)
    assert made.body["secret"] == "********"
    assert (changed.body["touser"], changed.body["totag"]) == ("wang", "1|2")
    assert "app-secret" not in str(answers)
    assert before == kept != sealed(platform)
    assert "app-secret" not in before
    assert api.call("DELETE", path).status == 204
    assert api.get(path).status == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"agentid": "1000002"}, "agentid"),
        ({"agentid": -1}, "agentid"),
        ({"corpid": "ww 1"}, "corpid"),
        ({"secret": None}, "secret"),
        ({"secret": "********"}, "secret"),
        ({"touser": None}, "touser"),
        ({"toparty": "|".join(["1"] * 101)}, "toparty"),
        ({"api_base": "https://example.com"}, "api_base"),
        ({"api_base": "http://10.0.0.1"}, "api_base"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_wrong_input_is_told_by_field(api: Api, wrong: dict[str, Any], field: str) -> None:
    answer = api.post("/api/wecom-apps", {**APP, **wrong})

    assert (answer.status, answer.fields()) == (422, [field])
    assert "app-secret" not in str(answer.body)


def test_a_secret_does_not_follow_the_app_to_another_corp(api: Api) -> None:
    made = api.post("/api/wecom-apps", APP).body
    answer = api.put(f"/api/wecom-apps/{made['id']}", {"corpid": "wwanother"})

    assert (answer.status, answer.fields()) == (422, ["secret"])


def test_a_tenant_has_its_own_apps_alone(api: Api) -> None:
    acme, bolt = key_of(api, "acme"), key_of(api, "bolt")
    mine = acme.post("/api/wecom-apps", APP).body
    path = f"/api/wecom-apps/{mine['id']}"

    assert mine["tenant_id"] == "acme"
    assert bolt.get("/api/wecom-apps").body["items"] == []
    assert [bolt.get(path).status, bolt.put(path, {}).status] == [404, 404]
    refused = bolt.post("/api/scheduled-tasks", {**TASK, "notify_wecom_app_id": mine["id"]})
    taken = acme.post("/api/scheduled-tasks", {**TASK, "notify_wecom_app_id": mine["id"]})
    assert (refused.status, refused.fields()) == (422, ["notify_wecom_app_id"])
    assert taken.body["notify_wecom_app_id"] == mine["id"]


def test_who_may_only_look_changes_nothing(api: Api) -> None:
    viewer = key_of(api, "acme", "viewer")

    assert viewer.get("/api/wecom-apps").status == 200
    assert viewer.post("/api/wecom-apps", APP).status == 403


def test_an_app_that_a_task_sends_by_is_not_deleted(api: Api) -> None:
    made = api.post("/api/wecom-apps", APP).body
    api.post("/api/scheduled-tasks", {**TASK, "notify_wecom_app_id": made["id"]})
    answer = api.call("DELETE", f"/api/wecom-apps/{made['id']}")

    assert (answer.status, answer.body["code"]) == (409, "wecom_app_in_use")


def test_an_app_that_is_off_is_not_tested(api: Api) -> None:
    made = api.post("/api/wecom-apps", {**APP, "is_enabled": False}).body

    assert api.post(f"/api/wecom-apps/{made['id']}/test", {}).status == 409
