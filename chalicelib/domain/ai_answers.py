"""What a provider answered, as an author understands it: a text, or why there is none."""

from __future__ import annotations

import json
import re
from typing import Any, TypeGuard

from chalicelib.domain.ai import AiFailed, Completion, Question, Tokens, estimated_tokens
from chalicelib.domain.text import Text

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
    if status != 200 or "error" in said:
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


def failure(
    provider: str, question: Question, kind: str, words: str, status: int = 0, spent: int = 0
) -> AiFailed:
    """The failure of a kind, told by its provider's name, and by its own words where they help."""
    zh, en = TEXTS.get(kind, _OTHER)
    named = {"provider": provider, "model": question.model, "status": status}
    text = Text(zh.format(**named), en.format(**named))
    # What is said of a wrong key may repeat some of it.
    if words and kind != "key":
        text = Text(f"{text.zh}({words})", f"{text.en} ({words})")
    return AiFailed(text, kind, spent)


_OTHER = (
    "AI 服务商“{provider}”拒绝了请求(HTTP {status})",
    "the AI provider '{provider}' refused the request (HTTP {status})",
)
#: Kinds of failure, and what each says.
TEXTS = {
    "key": (
        "AI 服务商“{provider}”不接受 API 密钥(HTTP {status}),请管理员检查或更换密钥",
        "the AI provider '{provider}' does not accept the API key (HTTP {status}); have an"
        " administrator check or replace it",
    ),
    "balance": (
        "AI 服务商“{provider}”的账户余额或额度不足,请充值后重试",
        "the account at the AI provider '{provider}' has no balance or quota left; top it up",
    ),
    "model": (
        "AI 服务商“{provider}”没有模型 {model},或接口地址不对(通常以 /v1 结尾),请检查",
        "the AI provider '{provider}' has no model {model}, or its base URL is wrong (most end"
        " in /v1); check both",
    ),
    "rate": (
        "AI 服务商“{provider}”的调用过于频繁(HTTP 429),请稍后重试或降低频率",
        "too many calls for the AI provider '{provider}' (HTTP 429); try again later or ask less"
        " often",
    ),
    "overloaded": (
        "AI 服务商“{provider}”暂时出错或过载(HTTP {status}),请稍后重试",
        "the AI provider '{provider}' failed or is overloaded (HTTP {status}); try again later",
    ),
    "too_long": (
        "提示词超出模型 {model} 的上下文长度,请缩短后重试",
        "the prompt is longer than the context of {model}; shorten it",
    ),
    "filtered": (
        "AI 服务商“{provider}”的内容审核拦截了提问或回答,请修改提示词",
        "the content filter of the AI provider '{provider}' held back the question or the answer;"
        " change the prompt",
    ),
    "length": (
        "模型 {model} 用完了输出长度而没有给出正文,请缩短问题或换一个模型",
        "{model} used up its length of output before it said anything; ask for less or use"
        " another model",
    ),
    "empty": (
        "模型 {model} 返回了空回答,请重试或修改提示词",
        "{model} answered nothing; try again or change the prompt",
    ),
    "malformed": (
        "AI 服务商“{provider}”的返回不是 OpenAI 兼容格式,请检查接口地址(通常以 /v1 结尾)",
        "the AI provider '{provider}' did not answer as OpenAI's interface does; check its base"
        " URL (most end in /v1)",
    ),
    "address": (
        "AI 服务商“{provider}”的接口地址返回了重定向(HTTP {status}),请填写最终地址",
        "the base URL of the AI provider '{provider}' redirects (HTTP {status}); enter the final"
        " one",
    ),
    "timeout": (
        "AI 服务商“{provider}”未在限定时间内回答,请缩短问题、换更快的模型或稍后重试",
        "the AI provider '{provider}' did not answer in time; ask for less, use a quicker model"
        " or try again later",
    ),
    "network": (
        "无法连接 AI 服务商“{provider}”",
        "the AI provider '{provider}' cannot be reached",
    ),
}


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
    return " ".join(str(fields.get(name)) for name in ("code", "type")) + f" {_words(said)}"


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
