"""`/api/tenants` and their configs: the platform's to change, each tenant's own to read."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.services.platform import Platform
from tests.routes.api import CHANNEL, TASK, Api
from tests.routes.conftest import key

ACME = {"tenant_id": "acme", "tenant_name": "艾克米"}
ROBOT = "/api/tenants/acme/configs/report/robot"


def test_a_tenant_is_created_read_changed_and_deleted(api: Api) -> None:
    made = api.post("/api/tenants", ACME)
    changed = api.put("/api/tenants/acme", {**made.body, "tenant_name": "Acme", "is_enabled": 0})
    read = api.get("/api/tenants/acme")
    gone = api.delete("/api/tenants/acme")

    assert made.status == 201
    assert made.body == {
        **ACME,
        "is_enabled": True,
        "max_running": None,
        "created_at": "2026-11-23T00:00:00Z",
        "updated_at": "2026-11-23T00:00:00Z",
    }
    assert read.body == changed.body == {**made.body, "tenant_name": "Acme", "is_enabled": False}
    assert gone.status == 204
    assert api.get("/api/tenants/acme").status == 404
    assert api.delete("/api/tenants/acme").status == 404


def test_without_a_name_the_id_is_the_name_and_an_id_is_given_once(api: Api) -> None:
    made = api.post("/api/tenants", {"tenant_id": "acme"})
    again = api.post("/api/tenants", {"tenant_id": "acme", "tenant_name": "other"})
    other_case = api.post("/api/tenants", {"tenant_id": "ACME"})

    assert made.body["tenant_name"] == "acme"
    assert (again.status, again.body["code"]) == (409, "tenant_exists")
    assert api.get("/api/tenants/acme").body["tenant_name"] == "acme"
    assert other_case.status == 201


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "tenant_id"),
        ({"tenant_id": "a b"}, "tenant_id"),
        ({"tenant_id": "_platform"}, "tenant_id"),
        ({"tenant_id": "a", "tenant_name": ""}, "tenant_name"),
        ({"tenant_id": "a", "is_enabled": "no"}, "is_enabled"),
        ({"tenant_id": "a", "plan": "gold"}, "plan"),
    ],
)
def test_a_wrong_tenant_is_told_by_field(api: Api, sent: dict[str, Any], field: str) -> None:
    answer = api.post("/api/tenants", sent)

    assert (answer.status, answer.fields()) == (422, [field])
    assert api.get("/api/tenants").body["total"] == 0


def test_the_id_of_a_tenant_stays(api: Api) -> None:
    api.post("/api/tenants", ACME)

    answer = api.put("/api/tenants/acme", {"tenant_id": "umbrella"})

    assert (answer.status, answer.fields()) == (422, ["tenant_id"])


def test_an_id_with_a_slash_is_found_and_one_with_a_blank_behind_it_is_not(api: Api) -> None:
    api.post("/api/tenants", {"tenant_id": "acme/shop+1"})

    assert api.get("/api/tenants/acme%2Fshop+1").body["tenant_id"] == "acme/shop+1"
    assert api.get("/api/tenants/acme%2Fshop+1%20").status == 404


def test_whoever_is_given_something_becomes_a_tenant(api: Api) -> None:
    api.post("/api/scheduled-tasks", {**TASK, "tenant_id": "of-a-task"})
    api.post("/api/notification-channels", {**CHANNEL, "tenant_id": "of-a-channel"})
    api.post("/api/api-keys", {"tenant_id": "of-a-key", "role": "viewer", "name": "x"})
    api.post("/api/scheduled-tasks", {**TASK, "tenant_id": "of-nothing", "time_points": ["x"]})
    api.post("/api/scheduled-tasks", TASK)

    found = api.get("/api/tenants").body["items"]

    assert [one["tenant_id"] for one in found] == ["of-a-channel", "of-a-key", "of-a-task"]


def test_something_new_does_not_change_its_tenant(api: Api) -> None:
    api.post("/api/tenants", {**ACME, "is_enabled": False})

    api.post("/api/scheduled-tasks", {**TASK, "tenant_id": "acme"})

    read = api.get("/api/tenants/acme").body
    assert (read["tenant_name"], read["is_enabled"]) == ("艾克米", False)


def test_tenants_are_searched_filtered_and_paged(api: Api) -> None:
    for number in range(3):
        api.post("/api/tenants", {"tenant_id": f"t{number}", "tenant_name": f"公司{number}"})
    api.put("/api/tenants/t1", {"is_enabled": False})

    def ids(query: str) -> list[str]:
        return [one["tenant_id"] for one in api.get(f"/api/tenants?{query}").body["items"]]

    assert ids("search=T2") == ids("search=%E5%85%AC%E5%8F%B82") == ["t2"]
    assert ids("is_enabled=false") == ["t1"]
    assert ids("size=2&page=2") == ["t2"]


def test_a_tenants_key_sees_its_own_tenant_and_changes_none(
    installed: Platform, api: Api, acme: Api, umbrella: Api
) -> None:
    api.put(ROBOT, {"value": "acme's"})
    admin = Api(key(installed, "acme", "admin"))

    listed = acme.get("/api/tenants").body
    hidden = [umbrella.get("/api/tenants/acme"), umbrella.get("/api/tenants/acme/configs")]
    refused = [
        admin.post("/api/tenants", {"tenant_id": "new"}),
        admin.put("/api/tenants/acme", {"tenant_name": "x"}),
        admin.delete("/api/tenants/acme"),
        admin.put(ROBOT, {"value": 2}),
        admin.delete(ROBOT),
        umbrella.put(ROBOT, {"value": 2}),
    ]

    assert [one["tenant_id"] for one in listed["items"]] == ["acme"]
    assert listed["total"] == 1
    assert acme.get("/api/tenants/acme/configs").body["items"][0]["value"] == "acme's"
    assert {answer.status for answer in hidden} == {404}
    assert hidden[0].body["detail"] == "tenant 'acme' does not exist"
    assert {answer.status for answer in refused} == {403}
    assert api.get("/api/tenants").body["total"] == 2


def test_a_tenant_that_something_belongs_to_is_not_deleted(api: Api) -> None:
    task = api.post("/api/scheduled-tasks", {**TASK, "tenant_id": "acme"}).body["id"]
    made = api.post("/api/api-keys", {"tenant_id": "acme", "role": "viewer", "name": "x"}).body
    api.put(ROBOT, {"value": 1})

    refused = api.delete("/api/tenants/acme")
    api.delete(f"/api/scheduled-tasks/{task}")
    api.delete(f"/api/api-keys/{made['id']}")
    gone = api.delete("/api/tenants/acme")
    api.post("/api/tenants", ACME)

    assert (refused.status, refused.body["code"]) == (409, "tenant_in_use")
    assert "tasks: 1, api_keys: 1" in refused.body["detail"]
    assert gone.status == 204
    assert api.get("/api/tenants/acme/configs").body["total"] == 0


def test_a_disabled_tenants_keys_open_nothing_until_it_is_enabled(api: Api, acme: Api) -> None:
    api.put("/api/tenants/acme", {"is_enabled": False})
    shut = acme.get("/api/scheduled-tasks")
    api.put("/api/tenants/acme", {"is_enabled": True})

    assert (shut.status, shut.body["code"]) == (403, "tenant_disabled")
    assert acme.get("/api/scheduled-tasks").status == 200


def test_a_config_is_written_read_replaced_and_deleted(api: Api) -> None:
    api.post("/api/tenants", ACME)
    made = api.put(ROBOT, {"value": "https://example.com"})
    replaced = api.put(ROBOT, {"value": {"url": None}})
    api.put("/api/tenants/acme/configs/shop/%E5%9F%8E%E5%B8%82", {"value": ["上海"]})
    listed = api.get("/api/tenants/acme/configs").body
    of_one_app = api.get("/api/tenants/acme/configs?app_code=shop").body
    gone = api.delete(ROBOT)

    assert made.body == {
        "app_code": "report",
        "key": "robot",
        "value": "https://example.com",
        "created_at": "2026-11-23T00:00:00Z",
        "updated_at": "2026-11-23T00:00:00Z",
    }
    assert (listed["total"], listed["items"][0]) == (2, replaced.body)
    assert [(one["key"], one["value"]) for one in of_one_app["items"]] == [("城市", ["上海"])]
    assert (gone.status, api.delete(ROBOT).status) == (204, 404)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (ROBOT, {}, "value"),
        (ROBOT, {"value": 1, "more": 1}, "value"),
        (ROBOT, {"value": "x" * 17_000}, "value"),
        (f"/api/tenants/acme/configs/{'x' * 51}/k", {"value": 1}, "app_code"),
        (f"/api/tenants/acme/configs/app/{'x' * 101}", {"value": 1}, "key"),
        ("/api/tenants/acme/configs/app/k%20", {"value": 1}, "key"),
    ],
)
def test_a_wrong_config_is_told_by_field(
    api: Api, path: str, body: dict[str, Any], field: str
) -> None:
    api.post("/api/tenants", ACME)

    answer = api.put(path, body)

    assert (answer.status, answer.fields()) == (422, [field])
    assert api.get("/api/tenants/acme/configs").body["total"] == 0


def test_a_config_with_a_blank_behind_its_name_is_none(api: Api) -> None:
    api.post("/api/tenants", ACME)
    api.put(ROBOT, {"value": 1})

    assert api.delete(f"{ROBOT}%20").status == 404
    assert api.delete("/api/tenants/acme/configs/report%20/robot").status == 404
    assert api.get("/api/tenants/acme/configs").body["total"] == 1


def test_a_config_of_no_tenant_is_refused(api: Api) -> None:
    assert api.put(ROBOT, {"value": 1}).status == 404
    assert api.delete(ROBOT).status == 404
    assert api.get("/api/tenants").body["total"] == 0
