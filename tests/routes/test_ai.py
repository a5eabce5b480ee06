"""`/api/ai-providers`, `/api/ai-usage`, `/api/ai-budgets` over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.domain.ai_settings import one_provider
from chalicelib.domain.cipher import Cipher, new_key
from chalicelib.services.platform import Platform
from tests.openai_server import OpenAi, error, open_ai
from tests.routes.api import Api
from tests.routes.conftest import key

SECRET = "sk-own-0123456789"


@pytest.fixture
def provider() -> Iterator[OpenAi]:
    with open_ai() as provider:
        yield provider


@pytest.fixture
def installed(platform: Platform, provider: OpenAi) -> Platform:
    """Instead of the one that has no keys and opens nothing."""
    master = new_key()
    settings = replace(platform.settings, egress_allow=(provider.url,), ai_monthly_tokens=1000)
    changed = replace(
        platform,
        settings=settings,
        cipher=Cipher(lambda: master),
        ai_of_settings=lambda: one_provider(provider.url, "sk-settings", "*"),
    )
    wiring.install(changed)
    return changed


def spec(provider: OpenAi, **fields: Any) -> dict[str, Any]:
    base = {"name": "DeepSeek", "base_url": provider.url, "api_key": SECRET}
    return {**base, "models": ["deepseek-chat", "deepseek-*"], **fields}


def test_a_provider_is_made_read_changed_tested_and_deleted(acme: Api, provider: OpenAi) -> None:
    made = acme.post("/api/ai-providers", spec(provider))
    path = f"/api/ai-providers/{made.body['id']}"

    assert made.status == 201
    assert made.body["tenant_id"] == "acme"
    assert made.body["api_key"] == "********"
    assert acme.get("/api/ai-providers").body["items"] == [acme.get(path).body]
    changed = acme.put(path, {**made.body, "name": "DS", "models": ["m"]})
    assert (changed.body["name"], changed.body["models"]) == ("DS", ["m"])
    tested = acme.post(f"{path}/test")
    assert tested.body["ok"]
    assert (tested.body["model"], tested.body["text"]) == ("m", "你好,世界")
    # The mask that came back has left the key as it was.
    assert provider.headers[0]["Authorization"] == f"Bearer {SECRET}"
    assert acme.delete(path).status == 204
    assert acme.get(path).status == 404


def test_a_key_is_never_answered_or_logged(
    acme: Api, provider: OpenAi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = acme.post("/api/ai-providers", spec(provider))
    path = f"/api/ai-providers/{made.body['id']}"
    provider.will(error(f"the key {SECRET} is bad"), 400)
    answers = [
        made,
        acme.get(path),
        acme.get("/api/ai-providers"),
        acme.put(path, {"api_key": SECRET}),
        acme.put(path, {"api_key": f"{SECRET} {SECRET}"}),
        acme.put(path, {"api_key": SECRET, "models": []}),
        acme.post(f"{path}/test"),
        acme.post("/api/ai-providers", spec(provider)),
    ]

    assert [one.status for one in answers] == [201, 200, 200, 200, 422, 422, 200, 409]
    assert not answers[6].body["ok"]
    assert SECRET not in str([one.body for one in answers])
    assert SECRET not in caplog.text


def test_a_key_goes_to_no_other_host_than_it_was_given_for(acme: Api, provider: OpenAi) -> None:
    made = acme.post("/api/ai-providers", spec(provider)).body
    path = f"/api/ai-providers/{made['id']}"

    for sent in ({}, {"api_key": "********"}):
        refused = acme.put(path, {"base_url": "https://thief.example/v1", **sent})
        assert (refused.status, refused.fields()) == (422, ["api_key"])
    given = acme.put(path, {"base_url": "https://thief.example/v1", "api_key": "sk-other"})
    assert given.status == 200
    without = acme.put(path, {"base_url": provider.url, "api_key": None})
    assert (without.status, without.body["api_key"]) == (200, None)


WRONG = [
    ({"base_url": "http://8.8.8.8/v1"}, "base_url"),
    ({"base_url": "https://127.0.0.1/v1"}, "base_url"),
    ({"base_url": "https://a.example:22/v1"}, "base_url"),
    ({"base_url": "https://a.example/v1?key=s"}, "base_url"),
    ({"base_url": "not a url"}, "base_url"),
    ({"base_url": ""}, "base_url"),
    ({"api_key": "********"}, "api_key"),
    ({"api_key": "a b"}, "api_key"),
    ({"api_key": "密钥"}, "api_key"),
    ({"models": []}, "models"),
    ({"models": ["a b"]}, "models.0"),
    ({"models": "m"}, "models"),
    ({"name": ""}, "name"),
    ({"unknown": 1}, "unknown"),
]


@pytest.mark.parametrize(("fields", "wrong"), WRONG)
def test_a_wrong_field_is_named_and_nothing_is_stored(
    acme: Api, provider: OpenAi, fields: dict[str, Any], wrong: str
) -> None:
    refused = acme.post("/api/ai-providers", spec(provider, **fields))

    assert (refused.status, refused.fields()) == (422, [wrong])
    assert acme.get("/api/ai-providers").body["total"] == 0


def test_a_name_is_given_once_in_a_tenant_and_again_in_another(
    acme: Api, umbrella: Api, provider: OpenAi
) -> None:
    first = acme.post("/api/ai-providers", spec(provider)).body
    other = acme.post("/api/ai-providers", spec(provider, name="B")).body

    assert acme.post("/api/ai-providers", spec(provider)).status == 409
    renamed = acme.put(f"/api/ai-providers/{other['id']}", {"name": first["name"]})
    assert (renamed.status, renamed.body["code"]) == (409, "name_taken")
    assert umbrella.post("/api/ai-providers", spec(provider)).status == 201


def test_another_tenants_provider_and_the_platforms_are_as_if_they_were_not(
    api: Api, acme: Api, umbrella: Api, provider: OpenAi
) -> None:
    theirs = umbrella.post("/api/ai-providers", spec(provider)).body
    platforms = api.post("/api/ai-providers", spec(provider)).body

    assert acme.get("/api/ai-providers").body["items"] == []
    for one in (theirs, platforms):
        path = f"/api/ai-providers/{one['id']}"
        assert acme.get(path).status == 404
        assert acme.put(path, {"name": "mine"}).status == 404
        assert acme.delete(path).status == 404
        assert acme.post(f"{path}/test").status == 404
    assert acme.post("/api/ai-providers", spec(provider, tenant_id="umbrella")).status == 403
    assert provider.asked == []
    assert api.get("/api/ai-providers").body["total"] == 2
    assert api.get("/api/ai-providers?tenant_id=umbrella").body["items"] == [theirs]
    assert api.get("/api/ai-providers?tenant_id=_platform").body["items"] == [platforms]


def test_who_may(installed: Platform, provider: OpenAi) -> None:
    viewer = Api(key(installed, "acme", "operator"))
    editor = Api(key(installed, None, "editor"))

    assert viewer.get("/api/ai-providers").status == 403
    assert viewer.get("/api/ai-usage").status == 200
    assert editor.get("/api/ai-providers").status == 403
    assert editor.post("/api/ai-providers", spec(provider)).status == 403
    assert editor.put("/api/ai-budgets", {"monthly_tokens": 1}).status == 403
    admin = Api(key(installed, "acme", "admin"))
    assert admin.put("/api/ai-budgets", {"monthly_tokens": 1}).status == 403


def test_a_provider_stays_with_its_tenant(api: Api, provider: OpenAi) -> None:
    made = api.post("/api/ai-providers", spec(provider, tenant_id="acme")).body

    moved = api.put(f"/api/ai-providers/{made['id']}", {"tenant_id": None})

    assert (moved.status, moved.fields()) == (422, ["tenant_id"])


def test_without_a_master_key_no_key_is_stored(
    acme: Api, installed: Platform, provider: OpenAi
) -> None:
    wiring.install(replace(installed, cipher=Cipher()))

    refused = acme.post("/api/ai-providers", spec(provider))

    assert refused.body["code"] == "no_master_key"
    assert acme.get("/api/ai-providers").body["total"] == 0


def test_a_test_of_patterns_alone_wants_a_name(acme: Api, provider: OpenAi) -> None:
    made = acme.post("/api/ai-providers", spec(provider, models=["gpt-*"])).body
    path = f"/api/ai-providers/{made['id']}/test"

    assert acme.post(path).fields() == ["model"]
    assert acme.post(path, {"model": 5}).fields() == ["model"]
    assert acme.post(path, {"model": "gpt-4"}).body["model"] == "gpt-4"


def test_a_test_that_fails_says_why(acme: Api, provider: OpenAi) -> None:
    made = acme.post("/api/ai-providers", spec(provider)).body
    provider.will(error("wrong"), 401)

    tested = acme.post(f"/api/ai-providers/{made['id']}/test")

    assert (tested.status, tested.body["ok"], tested.body["kind"]) == (200, False, "key")
    assert "does not accept the API key" in tested.body["error"]
    assert tested.body["error"].isascii()  # in the caller's language alone


def test_usage_is_a_tenants_own_and_has_its_budget(
    api: Api, acme: Api, umbrella: Api, provider: OpenAi
) -> None:
    made = acme.post("/api/ai-providers", spec(provider)).body
    acme.post(f"/api/ai-providers/{made['id']}/test")

    mine = acme.get("/api/ai-usage").body

    assert [one["paid_by"] for one in mine["items"]] == ["tenant"]
    assert mine["month"] == "2026-11"
    assert mine["budget"]["monthly_tokens"] == 1000
    assert mine["budget"]["left_tokens"] == 1000
    assert umbrella.get("/api/ai-usage?tenant_id=acme").body["items"] == []
    assert api.get("/api/ai-usage").body["total"] == 1
    assert acme.get("/api/ai-usage?month=2026-10").body["items"] == []
    assert acme.get("/api/ai-usage?month=2026-13").fields() == ["month"]
    assert acme.get("/api/ai-usage?month=%D9%A2026-13").fields() == ["month"]


def test_the_platform_sets_a_tenants_budget(api: Api, acme: Api) -> None:
    assert api.put("/api/ai-budgets", {"tenant_id": "acme", "monthly_tokens": 5}).status == 200
    assert acme.get("/api/ai-usage").body["budget"]["monthly_tokens"] == 5
    for wrong in (-1, "5", 1.5, True):
        refused = api.put("/api/ai-budgets", {"tenant_id": "acme", "monthly_tokens": wrong})
        assert refused.fields() == ["monthly_tokens"]
    assert api.put("/api/ai-budgets", {"tenant_id": "acme"}).fields() == ["monthly_tokens"]
