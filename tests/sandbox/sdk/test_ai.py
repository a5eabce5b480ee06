"""`ai()` from a script through the broker to a provider on a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response

from chalicelib.domain.ai_settings import one_provider
from chalicelib.domain.cipher import Cipher, new_key
from chalicelib.gateways.broker import SocketBroker
from chalicelib.services.ai_providers import create_provider
from chalicelib.services.broker import answer
from infra.local.broker_server import BrokerServer
from tests.openai_server import OpenAi, error, open_ai, said
from tests.sandbox.sdk.house import House
from tests.services.rows import ADMIN

KEY = "sk-platform-0123456789"

#: The product document's first sample, unmodified.
SAMPLE = (Path(__file__).parents[3] / "docs/samples/daily_push.py").read_text("utf-8")

CATCH = """
try:
    {}
except CallFailed as error:
    result = [error.kind, str(error)]
"""


@pytest.fixture
def provider() -> Iterator[OpenAi]:
    with open_ai() as provider:
        yield provider


@pytest.fixture
def asked(house: House, provider: OpenAi, tmp_path: Path) -> Iterator[House]:
    """A house whose settings name the provider for every model."""
    with house_of(house, provider, tmp_path) as here:
        yield here


@contextmanager
def house_of(house: House, provider: OpenAi, folder: Path, **settings: Any) -> Iterator[House]:
    """The house with a broker that knows the provider."""
    key = new_key()
    allow = (*house.platform.settings.egress_allow, provider.url)
    platform = replace(
        house.platform,
        settings=replace(house.platform.settings, egress_allow=allow, **settings),
        cipher=Cipher(lambda: key),
        ai_of_settings=lambda: one_provider(provider.url, KEY, ""),
    )
    path = folder / "ai-broker"
    server = BrokerServer(path, lambda request: answer(platform, request))
    server.start()
    here = replace(house.here, broker=SocketBroker(str(path)))
    yield replace(house, platform=platform, here=here)
    server.stop()


def test_the_documents_first_sample_runs(asked: House, provider: OpenAi) -> None:
    log = asked.run(SAMPLE, {"prompt": "写一句早安"})

    assert log.result["title"] == "每日推送"
    assert log.result["content"].endswith("\n\n你好,世界")
    first, used, last = log.output.splitlines()
    assert first.endswith("任务开始执行")
    assert used.startswith("[ai] deepseek-chat: 12 + 34 tokens, ")
    assert last.endswith("任务执行完成")
    assert log.fields["ai_tokens"] == 46
    assert provider.asked[0]["messages"] == [
        {"role": "system", "content": "你是一个助手"},
        {"role": "user", "content": "写一句早安"},
    ]


def test_arguments_go_by_place_and_by_name(asked: House, provider: OpenAi) -> None:
    asked.run("ai('a', 'b', 'gpt-x')\nai(model='m', prompt='p', system=None)")

    assert [one["model"] for one in provider.asked] == ["gpt-x", "m"]
    assert [len(one["messages"]) for one in provider.asked] == [2, 1]


def test_the_key_is_nowhere_that_a_script_or_a_reader_looks(asked: House, provider: OpenAi) -> None:
    provider.will(error(f"bad field, and your key is {KEY}"), 400)
    log = asked.run(CATCH.format("ai('a')"))

    assert log.result[0] == "refused"
    assert provider.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in str(log.fields)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("ai(5)", "TypeError: ai() 的 prompt 须为文本,现为 int"),
        ("ai()", "TypeError"),
        ("ai('a', system=['b'])", "TypeError: ai() 的 system 须为文本"),
        ("ai('a', model=None)", "TypeError: ai() 的 model 须为文本"),
        ("ai('字' * 70000)", "ValueError: ai() 的 prompt 和 system 合计最多 200 KB,现为 210000"),
        ("ai(' ')", "the prompt of ai() is empty"),
        ("ai('a', model='a b')", "a model's name has 1 to 100 ASCII characters"),
    ],
)
def test_wrong_arguments_are_told(asked: House, provider: OpenAi, call: str, words: str) -> None:
    log = asked.run(call)

    assert words in log.error
    assert provider.asked == []


def test_a_script_that_goes_round_the_sdk_is_told_the_same(asked: House, provider: OpenAi) -> None:
    log = asked.run(
        """
call = ai.__closure__[0].cell_contents
said = []
for args in [{}, {'prompt': 1, 'model': 'm'}, {'prompt': 'x' * 300000, 'model': 'm'},
             {'prompt': 'x', 'model': 'm', 'seconds': 'soon'}]:
    try:
        said.append(call('ai', args))
    except CallFailed as error:
        said.append(error.kind)
result = said
"""
    )

    assert log.result == ["argument", "argument", "argument", "你好,世界"]


def test_what_goes_wrong_is_an_error_with_words_in_both_languages(
    asked: House, provider: OpenAi
) -> None:
    provider.will(error("Insufficient Balance"), 402)

    log = asked.run(CATCH.format("ai('a')"))

    kind, words = log.result
    assert kind == "balance"
    assert "余额或额度不足" in words
    assert "top it up" in words


def test_a_cut_answer_and_estimated_tokens_are_said_in_the_log(
    asked: House, provider: OpenAi
) -> None:
    choice = {"message": {"content": "abc"}, "finish_reason": "length"}
    provider.will(said(choices=[choice], usage=None))

    log = asked.run("result = ai('abcdefghij')")

    assert log.result == "abc"
    assert "~3 + ~1 tokens" in log.output
    assert "已截断" in log.output


def test_a_tenant_asks_its_own_provider_and_no_other_tenants(
    asked: House, provider: OpenAi
) -> None:
    for tenant in ("acme", "umbrella"):
        create_provider(
            asked.platform,
            ADMIN,
            {
                "tenant_id": tenant,
                "name": "own",
                "base_url": provider.url,
                "api_key": f"sk-{tenant}-key",
                "models": [f"{tenant}-*", "shared"],
            },
        )

    log = asked.run("ai('a', model='shared')\nai('a', model='umbrella-1')", tenant_id="acme")

    assert log.fields["status"] == "success"
    keys = [headers["Authorization"] for headers in provider.headers]
    # The platform answers for any model; what is umbrella's is not asked for acme.
    assert keys == ["Bearer sk-acme-key", f"Bearer {KEY}"]


def test_over_its_budget_a_tenant_is_refused_and_others_are_not(
    house: House, provider: OpenAi, tmp_path: Path
) -> None:
    twice = "ai('a')\nai('b')\n" + CATCH.format("ai('c')")

    with house_of(house, provider, tmp_path, ai_monthly_tokens=50) as here:
        log = here.run(twice, tenant_id="acme")
        other = here.run("result = ai('a')", tenant_id="umbrella")

    kind, words = log.result
    assert kind == "budget"
    assert "92 / 上限 50" in words
    assert other.result == "你好,世界"
    assert len(provider.asked) == 3


def test_without_a_provider_it_is_said_so(house: House) -> None:
    kind, words = house.run(CATCH.format("ai('a')")).result

    assert kind == "model"
    assert "no AI provider is set up" in words


def test_a_call_that_outlasts_its_run_does_not_hold_it_up(asked: House, provider: OpenAi) -> None:
    release = threading.Event()

    def late() -> Response:
        release.wait(20)
        return Response("{}")

    provider.answers.append(late)

    log = asked.run("ai('a')", timeout_seconds=1)
    release.set()

    assert log.fields["error_kind"] in ("timeout", "script")
    assert log.fields["duration_ms"] < 5000
