"""The stand-in for an AI provider, as our own gateway and others meet it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client
from werkzeug.wrappers import Response

from chalicelib.domain.ai import Completion, Endpoint, Question
from chalicelib.gateways.ai import complete
from infra.local.ai import PATH, StandIn
from tests.fakes import FakeClock
from tests.loopback import serving

CHAT = "/v1/chat/completions"


@pytest.fixture
def url() -> Iterator[str]:
    with serving(DispatcherMiddleware(Response(status=404), {PATH: StandIn()})) as origin:
        yield f"{origin}{PATH}/v1"


def ask(url: str, prompt: str, system: str | None = None) -> Completion:
    question = Question(prompt, system, "any-model")
    return complete(Endpoint("A", url), question, allow=[url], seconds=10, clock=FakeClock())


def test_it_answers_our_gateway_in_the_language_of_the_question(url: str) -> None:
    chinese = ask(url, "写一句\n早安", "你是一个助手")
    english = ask(url, "x" * 100_000)

    assert chinese.text.startswith("【模拟回答】收到提问:“写一句 早安”")
    assert english.text.startswith('[stand-in] You asked: "xxx')
    assert len(english.text) < 400
    assert chinese.tokens.prompt == 7  # 11 Chinese characters and one line break
    assert english.tokens.prompt == 30_000
    assert not chinese.tokens.is_estimated


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"model": "m"},
        {"model": "m", "messages": []},
        {"model": "m", "messages": ["a"]},
        {"model": "m", "messages": [{"role": "user"}]},
        {"model": "m", "messages": [{"role": "user", "content": 5}]},
        {"model": 5, "messages": [{"role": "user", "content": "a"}]},
    ],
)
def test_what_is_no_question_is_an_error_as_openai_spells_it(body: Any) -> None:
    answer = Client(StandIn()).post(CHAT, json=body)

    assert answer.status_code == 400
    assert "expected" in answer.get_json()["error"]["message"]


def test_other_paths_and_methods_are_errors_of_the_same_form() -> None:
    client = Client(StandIn())

    assert client.get("/v1/models").get_json()["data"][0]["id"] == "deepseek-chat"
    for answer, status in ((client.get(CHAT), 405), (client.post("/v1/images"), 404)):
        assert answer.status_code == status
        assert answer.get_json()["error"]["message"]
