"""Who is let in, and how far."""

from __future__ import annotations

import pytest

from chalicelib.services.platform import Platform
from tests.routes.api import CHANNEL, TASK, Api
from tests.routes.conftest import key


def test_health_is_open_and_everything_else_is_not(installed: Platform) -> None:
    nobody = Api(None)
    stranger = Api("zd_guessed")

    assert nobody.get("/api/health").status == 200
    assert nobody.get("/api/scheduled-tasks").status == 401
    assert nobody.get("/api/scheduled-tasks").headers["WWW-Authenticate"] == "Bearer"
    assert stranger.get("/api/scheduled-tasks").status == 401


def test_a_key_is_shown_once_and_ends_when_it_is_revoked(api: Api) -> None:
    made = api.post("/api/api-keys", {"tenant_id": "acme", "role": "editor", "name": "ci"})
    holder = Api(made.body["key"])
    before = holder.get("/api/scheduled-tasks").status
    listed = api.get("/api/api-keys").body["items"]
    gone = api.delete(f"/api/api-keys/{made.body['id']}")

    assert made.status == 201
    assert before == 200
    assert all("key" not in item and "key_hash" not in item for item in listed)
    assert gone.status == 204
    assert holder.get("/api/scheduled-tasks").status == 401


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("viewer", {"read"}),
        ("operator", {"read", "run"}),
        ("editor", {"read", "run", "write"}),
        ("admin", {"read", "run", "write", "keys"}),
    ],
)
def test_each_role_may_what_its_name_says(
    installed: Platform, api: Api, role: str, allowed: set[str]
) -> None:
    task_id = api.post("/api/scheduled-tasks", {**TASK, "tenant_id": "acme"}).body["id"]
    holder = Api(key(installed, "acme", role))

    statuses = {
        "read": holder.get(f"/api/scheduled-tasks/{task_id}").status,
        "run": holder.post(f"/api/scheduled-tasks/{task_id}/run").status,
        "write": holder.post("/api/scheduled-tasks", TASK).status,
        "keys": holder.post("/api/api-keys", {"role": "viewer", "name": "x"}).status,
    }

    assert {what for what, status in statuses.items() if status < 300} == allowed
    assert {status for what, status in statuses.items() if what not in allowed} <= {403}


def test_a_tenants_admin_hands_out_keys_of_its_own_tenant_alone(installed: Platform) -> None:
    holder = Api(key(installed, "acme", "admin"))

    own = holder.post("/api/api-keys", {"role": "viewer", "name": "x"}).body
    other = holder.post("/api/api-keys", {"tenant_id": "umbrella", "role": "viewer", "name": "x"})

    assert own["tenant_id"] == "acme"
    assert other.status == 403


def test_secrets_of_a_channel_are_never_answered(api: Api) -> None:
    made = api.post("/api/notification-channels", CHANNEL)
    path = f"/api/notification-channels/{made.body['id']}"
    kept = api.put(path, {**made.body, "channel_name": "new"})
    texts = [str(answer.body) for answer in (made, kept, api.get(path), api.get(path[:-2]))]

    assert made.status == 201
    assert all("abcdef0123456789" not in text and "deadbeef" not in text for text in texts)
    assert kept.body["channel_name"] == "new"


def test_a_masked_secret_that_comes_back_leaves_the_secret_as_it_is(
    api: Api, platform: Platform
) -> None:
    made = api.post("/api/notification-channels", CHANNEL)

    api.put(f"/api/notification-channels/{made.body['id']}", made.body)

    with platform.database.transaction() as tx:
        row = tx.one("SELECT webhook_url, sign_secret FROM platform_task_notify_channels")
    assert row == {"webhook_url": CHANNEL["webhook_url"], "sign_secret": "SECdeadbeef"}


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/robot/send?access_token=x",
        "https://169.254.169.254/robot/send?access_token=x",
        "https://example.com/robot/send?access_token=x",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x",
        "https://oapi.dingtalk.com/robot/send",
        "not an address",
    ],
)
def test_a_channel_takes_only_an_address_of_its_kind(api: Api, url: str) -> None:
    answer = api.post("/api/notification-channels", {**CHANNEL, "webhook_url": url})

    assert answer.status == 422
    assert answer.fields() == ["webhook_url"]
    assert api.get("/api/notification-channels").body["total"] == 0


def test_a_channel_that_a_task_uses_is_not_deleted_behind_its_back(api: Api) -> None:
    channel = api.post("/api/notification-channels", CHANNEL).body["id"]
    task = api.post("/api/scheduled-tasks", {**TASK, "notify_channels": [channel]}).body["id"]
    refused = api.delete(f"/api/notification-channels/{channel}")
    api.put(f"/api/scheduled-tasks/{task}", {"notify_channels": []})

    assert refused.status == 409
    assert TASK["task_name"] in refused.body["detail"]
    assert api.delete(f"/api/notification-channels/{channel}").status == 204
