"""Asking an OpenAI-compatible provider: what goes out, what comes back, and all that goes wrong."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.wrappers import Response

from chalicelib.domain.ai import AiFailed, Completion, Endpoint, Question, Tokens
from chalicelib.gateways.ai import chat_url, complete
from tests.fakes import START, FakeClock
from tests.loopback import talking
from tests.openai_server import OpenAi, error, open_ai, said

KEY = "sk-0123456789abcdef"
QUESTION = Question("今天怎么样?", "你是一个助手", "deepseek-chat")


@pytest.fixture
def provider() -> Iterator[OpenAi]:
    with open_ai() as provider:
        yield provider


def ask(
    url: str, seconds: float = 10, clock: FakeClock | None = None, key: str | None = KEY
) -> Completion:
    return complete(
        Endpoint("DeepSeek", url, key),
        QUESTION,
        allow=[url],
        seconds=seconds,
        clock=clock or FakeClock(),
    )


def failed(url: str, seconds: float = 10, clock: FakeClock | None = None) -> AiFailed:
    with pytest.raises(AiFailed) as caught:
        ask(url, seconds, clock)
    words = f"{caught.value.text.zh} {caught.value.text.en} {caught.value!r}"
    assert KEY not in words
    return caught.value


def test_a_question_goes_out_as_openai_has_it_and_the_text_comes_back(provider: OpenAi) -> None:
    answer = ask(provider.url)

    assert answer == Completion("你好,世界", Tokens(12, 34))
    assert provider.paths == ["POST /v1/chat/completions"]
    assert provider.asked == [
        {
            "model": "deepseek-chat",
            "messages": [
                {"role": "system", "content": "你是一个助手"},
                {"role": "user", "content": "今天怎么样?"},
            ],
            "stream": False,
        }
    ]
    assert provider.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_without_a_key_none_is_sent(provider: OpenAi) -> None:
    ask(provider.url, key=None)

    assert "Authorization" not in provider.headers[0]


@pytest.mark.parametrize(
    "base",
    ["https://a.example/v1", "https://a.example/v1/", "https://a.example/v1/chat/completions"],
)
def test_a_base_url_may_end_as_people_paste_it(base: str) -> None:
    assert chat_url(base) == "https://a.example/v1/chat/completions"


REFUSALS = [
    (401, error(f"Incorrect API key provided: {KEY}"), "key"),
    (403, error("Country not supported"), "key"),
    (402, error("Insufficient Balance"), "balance"),
    (429, error("You exceeded your quota", code="insufficient_quota"), "balance"),
    (400, error("Access denied", code="Arrearage"), "balance"),
    (404, error("The model `x` does not exist", code="model_not_found"), "model"),
    (400, error("Model Not Exist"), "model"),
    (404, "<html>not here</html>", "model"),
    (400, error("too long", code="context_length_exceeded"), "too_long"),
    (400, error("This model's maximum context length is 65536 tokens"), "too_long"),
    (413, "", "too_long"),
    (400, error("Content Exists Risk"), "filtered"),
    (400, error("The response was filtered", code="content_filter"), "filtered"),
    (400, error("Output data may contain…", code="data_inspection_failed"), "filtered"),
    (422, error("temperature is wrong"), "refused"),
    (200, error("something else"), "refused"),
    (500, "oops", "overloaded"),
    (503, error("overloaded"), "overloaded"),
    (302, "", "address"),
    (200, "<html>hello</html>", "malformed"),
    (200, b"\xff\xfe", "malformed"),
    (200, "[]", "malformed"),
    (200, "[" * 100_000, "malformed"),
    (200, {"choices": []}, "malformed"),
    (200, {"choices": None}, "malformed"),
    (200, {"choices": ["text"]}, "malformed"),
    (200, {"choices": [{"message": "text"}]}, "malformed"),
]


@pytest.mark.parametrize(("status", "body", "kind"), REFUSALS)
def test_a_refusal_is_told_by_its_kind_and_never_repeated(
    provider: OpenAi, status: int, body: Any, kind: str
) -> None:
    provider.will(body, status, {"Location": "https://elsewhere.example/", "Retry-After": "900"})

    refusal = failed(provider.url)

    assert refusal.code == kind
    assert len(provider.asked) == 1
    assert "DeepSeek" in refusal.text.zh or "deepseek-chat" in refusal.text.zh
    assert refusal.text.zh != refusal.text.en
    assert "{" not in refusal.text.zh + refusal.text.en


def test_a_providers_own_words_are_shown_without_the_key_and_cut(provider: OpenAi) -> None:
    provider.will(error(f"bad\n\x1b[31m field {KEY} " + "x" * 1000), 422)

    refusal = failed(provider.url)

    assert "bad [31m field **** xx" in refusal.text.en
    assert len(refusal.text.en) < 500


CHOICES = [
    ({"message": {"content": ""}, "finish_reason": "length"}, "length"),
    ({"message": {"content": None}, "finish_reason": "stop"}, "empty"),
    ({"message": {"content": " \n"}, "finish_reason": "stop"}, "empty"),
    ({"message": {"content": "半句"}, "finish_reason": "content_filter"}, "filtered"),
    ({"message": {"content": None, "refusal": "I cannot"}, "finish_reason": "stop"}, "filtered"),
    (
        {"message": {"content": ""}, "finish_reason": "insufficient_system_resource"},
        "overloaded",
    ),
]


@pytest.mark.parametrize(("choice", "kind"), CHOICES)
def test_an_answer_without_text_is_an_error_that_counts(
    provider: OpenAi, choice: dict[str, Any], kind: str
) -> None:
    provider.will(said(choices=[choice]))

    refusal = failed(provider.url)

    assert (refusal.code, refusal.spent) == (kind, 46)


def test_a_text_that_came_to_its_limit_is_given_and_said_to_be_cut(provider: OpenAi) -> None:
    provider.will(said(choices=[{"message": {"content": "很长的开头"}, "finish_reason": "length"}]))

    assert ask(provider.url) == Completion("很长的开头", Tokens(12, 34), is_cut=True)


def test_a_text_in_parts_is_put_together_and_halves_of_characters_are_mended(
    provider: OpenAi,
) -> None:
    provider.will(said([{"type": "text", "text": "a\ud800"}, {"type": "image"}, {"text": "b"}]))

    assert ask(provider.url).text == "a?b"


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "12",
        {},
        {"prompt_tokens": "12", "completion_tokens": 3},
        {"prompt_tokens": -5, "completion_tokens": 3},
        {"prompt_tokens": True, "completion_tokens": 3},
        {"prompt_tokens": 10**12, "completion_tokens": 3},
    ],
)
def test_tokens_that_are_not_told_are_estimated(provider: OpenAi, usage: Any) -> None:
    provider.will(said("四个汉字", usage=usage))

    # 12 Chinese characters of 0.6 tokens; 4 of them.
    assert ask(provider.url).tokens == Tokens(7, 2, is_estimated=True)


@pytest.mark.parametrize(
    ("told", "waited"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("Mon, 23 Nov 2026 00:00:09 GMT", 9),
        ("Sun, 22 Nov 2026 00:00:00 GMT", 0),
        (None, 2),
        ("nan", 2),
        ("soon", 2),
    ],
)
def test_a_provider_that_is_asked_too_often_is_asked_once_more_when_it_says(
    provider: OpenAi, told: str | None, waited: float
) -> None:
    provider.will(error("slow down"), 429, {"Retry-After": told} if told else None)
    clock = FakeClock()

    assert ask(provider.url, 60, clock).text == "你好,世界"
    assert len(provider.asked) == 2
    assert clock.now() - START == timedelta(seconds=waited)


def test_an_account_without_quota_is_not_asked_again(provider: OpenAi) -> None:
    provider.will(error("You exceeded your quota", code="insufficient_quota"), 429)

    assert failed(provider.url, 60).code == "balance"
    assert len(provider.asked) == 1


def test_an_answer_that_names_no_error_is_none(provider: OpenAi) -> None:
    provider.will(said(error=None))

    assert ask(provider.url).text == "你好,世界"


def test_it_is_asked_no_third_time(provider: OpenAi) -> None:
    provider.will(error("slow down"), 429, times=2)

    assert failed(provider.url).code == "rate"
    assert len(provider.asked) == 2


def test_there_is_no_second_try_without_time_for_it(provider: OpenAi) -> None:
    provider.will(error("slow down"), 429, {"Retry-After": "56"})
    clock = FakeClock()

    assert failed(provider.url, 60, clock).code == "rate"
    assert clock.now() == START


def test_a_provider_that_is_silent_is_given_up_in_time_and_may_have_cost(
    provider: OpenAi,
) -> None:
    release = threading.Event()

    def late() -> Response:
        release.wait(10)
        return Response(json.dumps(said()))

    provider.answers.append(late)

    refusal = failed(provider.url, seconds=0.3)
    release.set()

    assert (refusal.code, refusal.spent) == ("timeout", QUESTION.estimated_tokens)


def test_a_provider_that_hangs_up_or_floods_has_no_good_answer(provider: OpenAi) -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.recv(65536)

    with talking(hang_up) as port:
        assert failed(f"http://127.0.0.1:{port}/v1").code == "malformed"
    provider.will("x" * (3 * 1024 * 1024))
    assert failed(provider.url).code == "malformed"


def test_one_that_is_not_there_got_no_question_and_costs_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]

    refusal = failed(f"http://127.0.0.1:{port}/v1")

    assert (refusal.code, refusal.spent) == ("network", 0)


def test_an_address_inside_is_refused_whoever_names_it(provider: OpenAi) -> None:
    with pytest.raises(AiFailed) as caught:
        complete(
            Endpoint("内网", provider.url, KEY), QUESTION, allow=[], seconds=5, clock=FakeClock()
        )

    assert caught.value.code == "network"
    assert provider.asked == []


def test_neither_key_nor_question_is_in_a_repr() -> None:
    shown = repr([Endpoint("a", "https://a.example/v1?k=s3cret", KEY), QUESTION])

    assert not any(secret in shown for secret in (KEY, "s3cret", "今天", "助手"))
