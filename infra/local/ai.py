"""A stand-in for an AI provider, so that `ai()` answers before a real one is set up."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from chalicelib.domain.ai import estimated_tokens

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: Where it is mounted, below the machine's address.
PATH = "/stand-in"
_MAX_BODY = 1024 * 1024
#: Characters of a prompt that are repeated.
_REPEATED = 60


class StandIn:
    """A WSGI application with OpenAI's `/v1/chat/completions` and `/v1/models`.

    It says that it is none, and repeats how the prompt began; any model is taken.
    """

    def __init__(self) -> None:
        self._map = Map(
            [
                Rule("/v1/chat/completions", endpoint=_chat, methods=["POST"]),
                Rule("/v1/models", endpoint=_models, methods=["GET"]),
            ]
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = _MAX_BODY
        try:
            view, _ = self._map.bind_to_environ(environ).match()
            response: Response | HTTPException = view(request)
        except HTTPException as error:
            response = _error(error.code or 500, error.description or error.name)
        return response(environ, start_response)


def _models(request: Request) -> Response:
    model = {"id": "deepseek-chat", "object": "model", "owned_by": "stand-in"}
    return _json({"object": "list", "data": [model]})


def _chat(request: Request) -> Response:
    asked = _read(request.get_data())
    if asked is None:
        return _error(400, 'expected {"model": "…", "messages": [{"role", "content"}, …]}')
    model, said = asked
    text = _answer(said[-1])
    usage = {
        "prompt_tokens": estimated_tokens("".join(said)),
        "completion_tokens": estimated_tokens(text),
    }
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    return _json(
        {
            "id": f"stand-in-{uuid4().hex}",
            "object": "chat.completion",
            "model": model,
            "choices": [{**choice, "finish_reason": "stop"}],
            "usage": {**usage, "total_tokens": sum(usage.values())},
        }
    )


def _read(body: bytes) -> tuple[str, list[str]] | None:
    """The model, and what was said; None if that is not how OpenAI has it."""
    try:
        asked = json.loads(body)
        said = [message["content"] for message in asked["messages"]]
        model = asked["model"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    is_text = said and all(isinstance(one, str) for one in [model, *said])
    return (model, said) if is_text else None


def _answer(prompt: str) -> str:
    """In the language of the question."""
    start = " ".join(prompt.split())
    start = start if len(start) <= _REPEATED else f"{start[:_REPEATED]}……"
    if any("\u4e00" <= char <= "\u9fff" for char in prompt):
        return (
            f"【模拟回答】收到提问:“{start}”。这里还没有真正的 AI 服务商;"
            "设置 AI_BASE_URL 和 AI_API_KEY,或添加 /api/ai-providers 之后,就会由它回答。"
        )
    return (
        f'[stand-in] You asked: "{start}". No real AI provider is set up here yet; set AI_BASE_URL'
        " and AI_API_KEY, or add one at /api/ai-providers, and it will answer."
    )


def _error(status: int, message: str) -> Response:
    return _json({"error": {"message": message, "type": "invalid_request_error"}}, status)


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), status, mimetype="application/json")
