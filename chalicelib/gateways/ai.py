"""One question to an OpenAI-compatible provider, under the egress rules."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from chalicelib.domain.ai import AiFailed, Completion, Endpoint, Question
from chalicelib.domain.ai_answers import read_completion
from chalicelib.domain.ai_failures import failure
from chalicelib.domain.text import Text
from chalicelib.gateways.clock import Clock
from chalicelib.gateways.http import HttpFailed, Network, Request, Response, fetch

#: Bytes of an answer; a model's longest is far below.
_MOST_BYTES = 2 * 1024 * 1024
#: Seconds to wait where a provider that is asked too often names none.
_PAUSE = 2.0
#: A second try needs some time to be of use.
_LEAST_LEFT = 5.0
#: Failures in which the provider got no question.
_NOT_REACHED = frozenset({"refused", "dns", "connect", "tls"})


def complete(
    endpoint: Endpoint,
    question: Question,
    *,
    allow: Sequence[str],
    seconds: float,
    clock: Clock,
    network: Network | None = None,
) -> Completion:
    """What the model answers within `seconds`; raises AiFailed and nothing else.

    A provider that says 429 is asked once more, after the time that it names (`Retry-After`, RFC
    9110 §10.2.3). Nothing else is repeated: it might be paid twice. `allow`: see `check_url`.
    """
    end = clock.now() + timedelta(seconds=seconds)
    answer = _post(endpoint, question, allow, seconds, network)
    try:
        return _read(endpoint, question, answer)
    except AiFailed as failed:
        again = clock.now() + timedelta(seconds=_pause(answer, clock.now()))
        left = (end - again).total_seconds()
        if failed.code != "rate" or left < _LEAST_LEFT:
            raise
    clock.sleep_until(again)
    return _read(endpoint, question, _post(endpoint, question, allow, left, network))


def _read(endpoint: Endpoint, question: Question, answer: Response) -> Completion:
    try:
        return read_completion(endpoint.name, question, answer.status, answer.body)
    except AiFailed as failed:
        raise _without_key(failed, endpoint.api_key) from None


def _post(
    endpoint: Endpoint,
    question: Question,
    allow: Sequence[str],
    seconds: float,
    network: Network | None,
) -> Response:
    try:
        return fetch(
            _request(endpoint, question),
            allow=allow,
            timeout_seconds=seconds,
            max_bytes=_MOST_BYTES,
            network=network,
        )
    except HttpFailed as failed:
        raise _no_answer(endpoint, question, failed) from None


def _request(endpoint: Endpoint, question: Question) -> Request:
    asked = {"model": question.model, "messages": question.messages, "stream": False}
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if endpoint.api_key:
        headers["Authorization"] = f"Bearer {endpoint.api_key}"
    # Chinese as UTF-8: providers count their limits on bodies in bytes.
    body = json.dumps(asked, ensure_ascii=False).encode("utf-8", "replace")
    # A redirect is no answer: who says so would get the prompt.
    return Request("POST", chat_url(endpoint.base_url), headers, body, follow=False)


def chat_url(base_url: str) -> str:
    """Where to post for a base URL, also for one that somebody pasted whole."""
    base = base_url.rstrip("/")
    path = "/chat/completions"
    return base if base.endswith(path) else base + path


def _no_answer(endpoint: Endpoint, question: Question, failed: HttpFailed) -> AiFailed:
    if failed.kind in _NOT_REACHED:
        reached = failure(endpoint.name, question, "network", "")
        words = Text(f"{reached.text.zh}:{failed.text.zh}", f"{reached.text.en}: {failed.text.en}")
        return AiFailed(words, "network")
    kind = "timeout" if failed.kind == "timeout" else "malformed"
    # Who got the question may have answered it, and counts that.
    spent = question.estimated_tokens if failed.sent else 0
    return failure(endpoint.name, question, kind, "", spent=spent)


def _pause(answer: Response, now: datetime) -> float:
    """Seconds to wait: a number or a date (RFC 9110 §10.2.3)."""
    headers = {name.lower(): value for name, value in answer.headers}
    told = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", told):
        return float(told)
    with suppress(ValueError, TypeError):
        until = parsedate_to_datetime(told)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max((until - now).total_seconds(), 0.0)
    return _PAUSE


def _without_key(failed: AiFailed, key: str | None) -> AiFailed:
    """A provider that repeats our key must not have it shown."""
    if not key or len(key) < 4:
        return failed
    text = Text(failed.text.zh.replace(key, "****"), failed.text.en.replace(key, "****"))
    return AiFailed(text, failed.code, failed.spent)
