"""What a provider answered, as an author understands it: a text, or why there is none."""

from __future__ import annotations

import json
import re
from typing import Any, TypeGuard

from chalicelib.domain.ai import Completion, Question, Tokens, estimated_tokens
from chalicelib.domain.ai_failures import failure

#: Characters of a provider's own words that are shown.
_MOST_WORDS = 300
#: More tokens than any call has: a provider that says so is not believed.
_MOST_TOKENS = 100_000_000

#: How providers say it, by code or message, with statuses that also mean other things:
#: OpenAI "Error codes", DeepSeek "Error Codes" (402; 400 "Model Not Exist", "Content Exists
#: Risk"), Azure (400 content_filter), DashScope (data_inspection_failed, Arrearage).
_SAID = (
    ("balance", r"insufficient.{0,10}(quota|balance)|arrearage"),
    ("too_long", r"context_length_exceeded|(maximum|max|exceed).{0,20}context|too long"),
    (
        "filtered",
        r"content_filter|content.policy|content exists risk|inspection_failed"
        r"|sensitive.(content|word)",
    ),
    ("model", r"model.{0,80}(not.{0,3}exist|not.found|not.supported)|model_not_found"),
)
_STATUS = {401: "key", 402: "balance", 403: "key", 404: "model", 413: "too_long", 429: "rate"}


def read_completion(provider: str, question: Question, status: int, body: bytes) -> Completion:
    """The text in an answer of `/chat/completions`; raises AiFailed with words that say what to do.

    `provider` is the name that authors know it by.
    """
    said = _json(body)
    if status != 200 or said.get("error"):
        raise failure(provider, question, _kind(status, said), _words(said), status)
    choices = said.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        raise failure(provider, question, "malformed", "", status)
    return _completion(provider, question, first, message, said.get("usage"))


def _completion(
    provider: str, question: Question, choice: dict[str, Any], message: dict[str, Any], usage: Any
) -> Completion:
    text, reason = _text(message.get("content")), choice.get("finish_reason")
    tokens = _tokens(usage, question, text)
    if reason == "content_filter" or (not text and message.get("refusal")):
        raise failure(provider, question, "filtered", "", 200, tokens.total)
    if reason == "insufficient_system_resource":  # DeepSeek's word
        raise failure(provider, question, "overloaded", "", 200, tokens.total)
    if not text.strip():
        kind = "length" if reason == "length" else "empty"
        raise failure(provider, question, kind, "", 200, tokens.total)
    return Completion(text, tokens, is_cut=reason == "length")


def _kind(status: int, said: dict[str, Any]) -> str:
    told = _told(said) if status < 500 and status not in (401, 403) else ""
    for kind, pattern in _SAID:
        if re.search(pattern, told, re.IGNORECASE):
            return kind
    if status == 200:
        return "refused"
    if 300 <= status < 400:
        return "address"
    return _STATUS.get(status, "overloaded" if status >= 500 else "refused")


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _words(said: dict[str, Any]) -> str:
    """What a provider says of its error, on one line."""
    error = said.get("error")
    message = error.get("message") if isinstance(error, dict) else error or said.get("message")
    words = " ".join(message.split()) if isinstance(message, str) else ""
    return _whole("".join(char for char in words if char.isprintable()))[:_MOST_WORDS]


def _told(said: dict[str, Any]) -> str:
    """Code, type and message of an error; not the rest, which may repeat the prompt."""
    error = said.get("error")
    fields = error if isinstance(error, dict) else said
    names = (str(fields.get(name))[:_MOST_WORDS] for name in ("code", "type"))
    return " ".join([*names, _words(said)])


def _text(content: Any) -> str:
    """Text, or a list of parts of which some are text."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    return _whole(content) if isinstance(content, str) else ""


def _whole(text: str) -> str:
    """Halves of characters, which JSON can name and UTF-8 has not, become question marks."""
    return text.encode("utf-8", "replace").decode()


def _tokens(usage: Any, question: Question, text: str) -> Tokens:
    told = usage if isinstance(usage, dict) else {}
    prompt, completion = told.get("prompt_tokens"), told.get("completion_tokens")
    if _is_count(prompt) and _is_count(completion):
        return Tokens(prompt, completion)
    return Tokens(question.estimated_tokens, estimated_tokens(text), is_estimated=True)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS
