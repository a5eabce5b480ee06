"""The builder as the API reaches it on AWS, against a server that plays Lambda's Invoke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.gateways.builder import (
    BuilderUnavailable,
    BuildRefused,
    Built,
    LambdaBuilder,
    NoBuilder,
)
from tests.loopback import serving

PACKAGES = [{"name": "idna", "version": "3.10", "sha256": "0" * 64, "is_pure": True}]


@dataclass
class Lambda:
    """Answers every invocation with `answer`."""

    answer: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def __call__(self, environ, start_response):  # type: ignore[no-untyped-def]
        request = Request(environ)
        self.asked.append((request.path, json.loads(request.get_data())))
        body = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer)
        return Response(body, self.status, self.headers)(environ, start_response)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    function = Lambda()
    with serving(function) as origin:
        for name, value in {
            "AWS_ENDPOINT_URL_LAMBDA": origin,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }.items():
            monkeypatch.setenv(name, value)
        yield function


def test_a_bundle_is_asked_for_and_answered(aws: Lambda) -> None:
    aws.answer = {"ok": True, "key": "a" * 64, "size": 9, "packages": PACKAGES}

    built = LambdaBuilder("builder").build(["idna==3.10"], is_pure=True)

    assert built == Built("a" * 64, PACKAGES)
    assert aws.asked == [
        (
            "/2015-03-31/functions/builder/invocations",
            {"requirements": ["idna==3.10"], "pure": True},
        )
    ]


def test_a_refusal_comes_with_its_words_and_names(aws: Lambda) -> None:
    aws.answer = {"ok": False, "kind": "refused", "zh": "没有", "en": "none", "names": ["x"]}

    with pytest.raises(BuildRefused) as refusal:
        LambdaBuilder("builder").build(["x"], is_pure=False)

    assert (refusal.value.text.zh, refusal.value.text.en) == ("没有", "none")
    assert refusal.value.names == ["x"]


def test_a_builder_that_cannot_for_now_says_so_itself(aws: Lambda) -> None:
    aws.answer = {"ok": False, "kind": "unavailable", "zh": "稍后", "en": "later", "names": []}

    with pytest.raises(BuilderUnavailable, match="later"):
        LambdaBuilder("builder").build(["x"], is_pure=False)


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        (500, {}, b"s3cret"),
        (429, {"x-amzn-errortype": "TooManyRequestsException"}, {"Message": "s3cret"}),
        (200, {"X-Amz-Function-Error": "Unhandled"}, {"errorMessage": "timed out"}),
        (200, {}, b"no json"),
        (200, {}, None),
        (200, {}, {"something": "else"}),
    ],
)
def test_everything_else_is_a_builder_that_is_away(
    aws: Lambda, status: int, headers: dict[str, str], answer: Any
) -> None:
    aws.status, aws.headers, aws.answer = status, headers, answer

    with pytest.raises(BuilderUnavailable) as absence:
        LambdaBuilder("builder").build(["x"], is_pure=False)

    assert "s3cret" not in str(absence.value)
    # Another try would outlast the caller.
    assert len(aws.asked) == 1


def test_without_a_builder_nothing_is_built() -> None:
    with pytest.raises(BuilderUnavailable):
        NoBuilder().build(["x"], is_pure=False)
