"""Who answers for a model, what it may cost a tenant, and what is counted."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.access import Principal, Role
from chalicelib.domain.ai import Tokens, question_of, serves
from chalicelib.domain.ai_failures import TEXTS
from chalicelib.domain.ai_months import month_of
from chalicelib.domain.ai_providers import Provider, chosen
from chalicelib.domain.ai_settings import one_provider, providers_in
from chalicelib.domain.cipher import Cipher, new_key
from chalicelib.domain.errors import CallRefused, Wrong
from chalicelib.services import ai_budgets, master_keys
from chalicelib.services.ai import ai
from chalicelib.services.ai_providers import create_provider
from chalicelib.services.caller import Caller
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from chalicelib.wiring import ai_of_settings
from tests.fakes import FakeClock
from tests.openai_server import OpenAi, error, open_ai, said
from tests.services.rows import ADMIN
from tests.services.threads import at_once

KEY = "sk-platform-0123456789"
ARGS = {"prompt": "a", "system": None, "model": "deepseek-chat", "seconds": 60}
ACME = Caller(log_id=1, task_id=1, tenant_id="acme", is_test=False)
NOBODY = replace(ACME, tenant_id=None)


@pytest.fixture
def provider() -> Iterator[OpenAi]:
    with open_ai() as provider:
        yield provider


@pytest.fixture
def asked(platform: Platform, provider: OpenAi) -> Platform:
    """A platform whose settings name the provider for DeepSeek's models."""
    key = new_key()
    return replace(
        platform,
        settings=replace(platform.settings, egress_allow=(provider.url,)),
        cipher=Cipher(lambda: key),
        ai_of_settings=lambda: one_provider(provider.url, KEY, "deepseek-*"),
    )


def limited(platform: Platform, tokens: int) -> Platform:
    return replace(platform, settings=replace(platform.settings, ai_monthly_tokens=tokens))


def add(platform: Platform, url: str, tenant_id: str | None = "acme", **fields: Any) -> Provider:
    spec = {"name": "own", "base_url": url, "api_key": "sk-own-key", "models": ["deepseek-*"]}
    return create_provider(platform, ADMIN, {"tenant_id": tenant_id, **spec, **fields})


def usage(platform: Platform, tenant: str | None = None, month: str | None = None) -> Any:
    return ai_budgets.list_usage(platform, tenant, month, Page(1, 100))


def refusal(platform: Platform, caller: Caller = ACME, **args: Any) -> CallRefused:
    with pytest.raises(CallRefused) as caught:
        ai(platform, caller, {**ARGS, **args})
    return caught.value


def provider_of(tenant_id: str | None, *models: str, name: str = "p") -> Provider:
    return Provider(1, tenant_id, name, "https://a.example/v1", None, models)


@pytest.mark.parametrize(
    ("names", "model", "how_well"),
    [
        (["deepseek-chat"], "deepseek-chat", 2),
        (["gpt-*"], "gpt-4o", 1),
        (["*"], "anything", 1),
        (["gpt-*"], "my-gpt-4", 0),
        (["GPT-*"], "gpt-4", 0),
        (["a[bc]"], "ab", 0),
        (["a[bc]*"], "a[bc]d", 1),
        ([], "a", 0),
    ],
)
def test_a_name_or_a_pattern_fits_a_model(names: list[str], model: str, how_well: int) -> None:
    assert serves(names, model) == how_well


def test_the_tenants_own_comes_first_then_who_names_it_then_the_older() -> None:
    own = provider_of("acme", "*")
    exact = provider_of(None, "m")
    pattern = provider_of(None, "*")
    again = provider_of(None, "m", name="younger")

    assert chosen([pattern, again, exact, own], "m") is own
    assert chosen([pattern, exact, again], "m") is exact
    assert chosen([pattern], "m") is pattern
    assert chosen([replace(own, is_enabled=False)], "m") is None


def test_settings_name_providers_as_json_or_by_parts() -> None:
    text = (
        '[{"name": "A", "base_url": "https://a.example", "api_key": "k", "models": ["m", "n-*"]}]'
    )

    (one,) = providers_in(text)
    (other,) = one_provider("https://b.example/v1", "", "")

    assert (one.name, one.plain_key, one.models, one.is_own) == ("A", "k", ("m", "n-*"), False)
    assert (other.plain_key, other.models) == (None, ("*",))
    assert one_provider("https://b.example", "k", "a, b c")[0].models == ("a", "b", "c")
    assert providers_in("") == one_provider("", "k", "m") == []
    assert "'k'" not in repr(one)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "sk-s3cret"}',
        "sk-s3cret",
        '["sk-s3cret"]',
        '[{"name": "A", "base_url": "https://a", "models": ["m"], "api_key": "sk-s3cret x"}]',
        '[{"name": "A", "base_url": "https://a.example", "models": [], "api_key": "sk-s3cret"}]',
        '[{"name": "A", "base_url": "u", "models": ["m"], "tenant_id": "t", "api_key": "s3cret"}]',
    ],
)
def test_wrong_settings_are_said_without_the_key_and_refuse_the_call(
    asked: Platform, text: str
) -> None:
    with pytest.raises(Wrong) as caught:
        providers_in(text)
    said = refusal(replace(asked, ai_of_settings=lambda: providers_in(text)))

    assert said.code == "settings"
    assert "s3cret" not in f"{caught.value.text} {said.text.zh} {caught.value.__context__}"


def test_the_settings_of_a_deployment_may_be_in_secrets_manager(
    monkeypatch: pytest.MonkeyPatch, platform: Platform
) -> None:
    import boto3
    from moto import mock_aws

    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    text = '[{"name": "A", "base_url": "https://a.example", "api_key": "k", "models": ["m"]}]'
    with mock_aws():
        kept = boto3.client("secretsmanager").create_secret(Name="ai", SecretString=text)
        settings = replace(platform.settings, ai_providers_secret=kept["ARN"])

        assert [one.name for one in ai_of_settings(settings)] == ["A"]


@pytest.mark.parametrize("size", [200 * 1024, 200 * 1024 + 1])
def test_prompt_and_system_have_200_kb_together(size: int) -> None:
    args = {"prompt": "x" * (size - 3), "system": "字", "model": "m"}

    if size == 200 * 1024:
        assert question_of(args).prompt == args["prompt"]
    else:
        with pytest.raises(Wrong, match="204801 bytes"):
            question_of(args)


def test_an_answer_has_the_text_and_what_it_used(asked: Platform) -> None:
    assert ai(asked, ACME, ARGS) == {
        "text": "你好,世界",
        "model": "deepseek-chat",
        "prompt_tokens": 12,
        "completion_tokens": 34,
        "is_estimated": False,
        "is_cut": False,
    }


def test_a_model_that_nobody_has_is_refused_with_those_that_there_are(asked: Platform) -> None:
    add(asked, asked.settings.egress_allow[0], "umbrella", models=["secret-model"])

    said = refusal(asked, model="gpt-4")

    assert said.code == "model"
    assert "deepseek-*" in said.text.en
    assert "secret-model" not in said.text.en


def test_each_tenant_is_counted_by_month_model_and_who_pays(
    asked: Platform, provider: OpenAi, clock: FakeClock
) -> None:
    for caller in (ACME, ACME, NOBODY, replace(ACME, tenant_id="umbrella")):
        ai(asked, caller, ARGS)
    add(asked, provider.url)
    ai(asked, ACME, ARGS)
    clock.advance(days=30)
    ai(asked, NOBODY, ARGS)

    def row(tenant: str | None, by: str, calls: int, month: str = "2026-11") -> dict[str, Any]:
        tokens = {"prompt_tokens": 12 * calls, "completion_tokens": 34 * calls}
        who = {"tenant_id": tenant, "month": month, "model": "deepseek-chat", "paid_by": by}
        return {**who, "calls": calls, **tokens}

    mine = [row("acme", "platform", 2), row("acme", "tenant", 1)]
    november = usage(asked, month="2026-11")
    assert november["items"] == [
        row(None, "platform", 1),
        *mine,
        row("umbrella", "platform", 1),
    ]
    assert (november["total"], november["budget"]) == (4, None)
    assert usage(asked, "acme", "2026-11")["items"] == mine
    assert usage(asked, "_platform")["items"] == [row(None, "platform", 1, "2026-12")]


def test_twenty_calls_at_once_all_count(asked: Platform) -> None:
    at_once([partial(ai, asked, ACME, ARGS) for _ in range(20)])

    (row,) = usage(asked, "acme")["items"]
    assert (row["calls"], row["prompt_tokens"], row["completion_tokens"]) == (20, 240, 680)


def test_a_month_begins_at_midnight_in_china() -> None:
    assert month_of(datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)) == "2026-11"
    assert month_of(datetime(2026, 11, 30, 16, 0, tzinfo=UTC)) == "2026-12"


def test_a_budget_is_a_tenants_and_fresh_every_month(
    asked: Platform, provider: OpenAi, clock: FakeClock
) -> None:
    here = limited(asked, 46)
    ai(here, ACME, ARGS)

    assert refusal(here).code == "budget"
    ai(here, replace(ACME, tenant_id="umbrella"), ARGS)
    for _ in range(3):
        ai(here, NOBODY, ARGS)  # the platform's own tasks have no limit by default
    clock.advance(days=31)
    ai(here, ACME, ARGS)

    assert len(provider.asked) == 6


def test_a_tenants_own_key_is_its_own_money(asked: Platform, provider: OpenAi) -> None:
    here = limited(asked, 1)
    ai(here, ACME, ARGS)
    assert refusal(here).code == "budget"

    add(here, provider.url)

    assert ai(here, ACME, ARGS)["text"] == "你好,世界"
    assert usage(here, "acme")["budget"]["used_tokens"] == 46


def test_a_budget_of_its_own_goes_before_that_of_the_settings(asked: Platform) -> None:
    here = limited(asked, 46)
    ai(here, ACME, ARGS)

    state = ai_budgets.set_budget(here, ADMIN, {"tenant_id": "acme", "monthly_tokens": 100})
    assert (state["used_tokens"], state["left_tokens"]) == (46, 54)
    ai(here, ACME, ARGS)
    ai(here, ACME, ARGS)
    assert refusal(here).code == "budget"
    ai_budgets.set_budget(here, ADMIN, {"tenant_id": "acme", "monthly_tokens": 0})
    ai(here, ACME, ARGS)
    state = ai_budgets.set_budget(here, ADMIN, {"tenant_id": "acme", "monthly_tokens": None})

    assert (state["monthly_tokens"], state["left_tokens"]) == (46, 0)


def test_what_a_failure_may_have_used_counts(asked: Platform, provider: OpenAi) -> None:
    release = threading.Event()
    provider.answers.append(lambda: release.wait(10) or error("late"))  # type: ignore[arg-type,return-value]

    said = refusal(asked, seconds=0.3, prompt="x" * 100)
    release.set()

    assert said.code == "timeout"
    (row,) = usage(asked, "acme")["items"]
    assert (row["prompt_tokens"], row["completion_tokens"]) == (30, 0)


def test_what_was_refused_counts_nothing_and_its_operator_can_see_it(
    asked: Platform, provider: OpenAi, caplog: pytest.LogCaptureFixture
) -> None:
    provider.will(error(f"no {KEY}"), 401)

    assert refusal(asked).code == "key"
    assert usage(asked)["items"] == []
    (record,) = (one for one in caplog.records if "no answer" in one.message)
    assert (record.__dict__["kind"], record.__dict__["tenant_id"]) == ("key", "acme")
    assert KEY not in str(record.__dict__)


def test_a_call_has_no_more_time_than_the_settings_allow(asked: Platform, provider: OpenAi) -> None:
    release = threading.Event()
    provider.answers.append(lambda: release.wait(10) or error("late"))  # type: ignore[arg-type,return-value]
    here = replace(asked, settings=replace(asked.settings, ai_timeout_seconds=0.3))

    said = refusal(here, seconds=10_000)
    release.set()

    assert said.code == "timeout"


def test_a_stored_key_is_sealed_and_opens_in_its_place_alone(
    asked: Platform, provider: OpenAi
) -> None:
    mine = add(asked, provider.url)
    add(asked, provider.url, "umbrella", api_key="sk-umbrella-key")
    ai(asked, ACME, ARGS)
    with asked.database.transaction() as tx:
        stored = tx.all("SELECT * FROM platform_ai_providers")
        tx.execute(
            "UPDATE platform_ai_providers mine JOIN platform_ai_providers other"
            " ON other.tenant_id = 'umbrella' SET mine.api_key = other.api_key"
            " WHERE mine.tenant_id = 'acme'"
        )

    said = refusal(asked)

    assert "sk-own-key" not in str(stored)
    assert said.code == "key"
    assert "own" in said.text.en
    assert mine.shown()["api_key"] == "********"
    assert [h["Authorization"] for h in provider.headers] == ["Bearer sk-own-key"]


def test_a_stored_key_is_sealed_anew_by_a_rotation(asked: Platform, provider: OpenAi) -> None:
    older, newer = new_key(), new_key()
    add(replace(asked, cipher=Cipher(lambda: older)), provider.url)
    add(asked, provider.url, "umbrella", api_key=None)

    answer = master_keys.rotate(replace(asked, cipher=Cipher(lambda: f"{newer} {older}")), ADMIN)
    ai(replace(asked, cipher=Cipher(lambda: newer)), ACME, ARGS)

    assert (answer["resealed"], answer["unreadable"]) == (1, [])
    assert provider.headers[0]["Authorization"] == "Bearer sk-own-key"


def test_every_kind_of_failure_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/ai.md").read_text("utf-8")
    # Those that have no words of a provider: this subject's own, and the gateway's to the broker.
    own = {"argument", "model", "budget", "settings", "refused", "unavailable"}

    assert set(re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE)) == own | set(TEXTS)


def test_many_tokens_are_not_too_many_for_the_tables(asked: Platform, provider: OpenAi) -> None:
    most = {"prompt_tokens": 10**8, "completion_tokens": 10**8}
    provider.will(said(usage=most), times=30)

    for _ in range(30):
        ai(asked, ACME, ARGS)

    (row,) = usage(asked, "acme")["items"]
    assert row["prompt_tokens"] == 3 * 10**9
    assert Tokens(1, 2).total == 3


def test_only_the_platform_sets_budgets(asked: Platform) -> None:
    from chalicelib.domain.errors import Forbidden

    acme = Principal(2, "acme's admin", "acme", Role.admin)
    with pytest.raises(Forbidden):
        ai_budgets.set_budget(asked, acme, {"monthly_tokens": 0})
