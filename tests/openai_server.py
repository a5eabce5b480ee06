"""A provider with OpenAI's interface on 127.0.0.1, which answers as a test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from tests.loopback import serving

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def said(text: Any = "你好,世界", **fields: Any) -> dict[str, Any]:
    """A completion as DeepSeek and OpenAI spell it."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46}
    whole = {"id": "1", "object": "chat.completion", "choices": [choice], "usage": usage}
    return {**whole, **fields}


def error(message: str, **fields: Any) -> dict[str, Any]:
    """An error as they spell it."""
    return {"error": {"message": message, "type": "invalid_request_error", **fields}}


class OpenAi:
    """A WSGI application; `answers` are given in turn, then every question gets `said()`."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answers: list[Response | Callable[[], Response]] = []

    def will(
        self, body: Any, status: int = 200, headers: dict[str, str] | None = None, times: int = 1
    ) -> None:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        for _ in range(times):
            self.answers.append(Response(text, status, headers, mimetype="application/json"))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        self.paths.append(f"{request.method} {request.path}")
        self.asked.append(json.loads(request.get_data()))
        self.headers.append(dict(request.headers))
        answer = self.answers.pop(0) if self.answers else Response(json.dumps(said()))
        return (answer if isinstance(answer, Response) else answer())(environ, start_response)


@contextmanager
def open_ai() -> Iterator[OpenAi]:
    provider = OpenAi()
    with serving(provider) as origin:
        provider.url = f"{origin}/v1"
        yield provider
