"""`ai()`: asks the provider of a model for a script, or for who set the provider up."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.access import Principal
from chalicelib.domain.ai import (
    LONGEST_CALL,
    AiFailed,
    Completion,
    Question,
    Tokens,
    check_model,
    question_of,
)
from chalicelib.domain.ai_providers import Provider
from chalicelib.domain.errors import CallRefused, FieldError, Invalid, Unavailable, Wrong
from chalicelib.domain.text import Language, Text
from chalicelib.services.ai_budgets import check_budget, count
from chalicelib.services.ai_providers import endpoint_of, get_provider, provider_for
from chalicelib.services.caller import Caller
from chalicelib.services.platform import Platform

log = logging.getLogger(__name__)

#: API Gateway gives up after 29 s, and the answer of a test has to be out before.
_TEST_SECONDS = 20.0
_HELLO = "你好,请用一句话介绍自己。"


def ai(platform: Platform, caller: Caller, args: Mapping[str, Any]) -> dict[str, Any]:
    """`{prompt, system, model, seconds}` to `{text, model, prompt_tokens, completion_tokens,
    is_estimated, is_cut}`.

    It costs money, so that nobody repeats it who may have been heard. No transaction is open
    while the provider thinks.
    """
    try:
        question = question_of(args)
    except Wrong as error:
        raise CallRefused(error.text, "argument") from None
    provider = provider_for(platform, caller.tenant_id, question.model)
    if not provider.is_own:
        check_budget(platform, caller.tenant_id)
    seconds = _seconds(platform, args.get("seconds"))
    completion = _asked(platform, provider, question, seconds, caller.tenant_id, caller.log_id)
    return _told(question, completion)


def test_provider(
    platform: Platform,
    principal: Principal,
    provider_id: int,
    sent: Mapping[str, Any],
    language: Language,
) -> dict[str, Any]:
    """Ask a stored provider to say hello: `{"ok", "error", …}` and what it answered.

    `{"model"}` says whom to ask; without, it is the first that is no pattern.
    """
    provider = get_provider(platform, principal, provider_id)
    question = Question(_HELLO, None, _model_to_test(provider, sent.get("model")))
    try:
        completion = _asked(
            platform, provider, question, _TEST_SECONDS, provider.tenant_id, log_id=None
        )
    except CallRefused as error:
        words = error.text.in_(language)
        return {"ok": False, "model": question.model, "kind": error.code, "error": words}
    return {"ok": True, **_told(question, completion)}


def _asked(
    platform: Platform,
    provider: Provider,
    question: Question,
    seconds: float,
    tenant_id: str | None,
    log_id: int | None,
) -> Completion:
    """Ask and count; raises CallRefused, and counts what a failure may have used."""
    # Loaded at the first call: most environments of the broker never make one.
    from chalicelib.gateways.ai import complete

    def counted(tokens: Tokens) -> None:
        count(platform, provider, question.model, tokens, tenant_id=tenant_id, log_id=log_id)

    try:
        endpoint = endpoint_of(platform, provider)
        completion = complete(
            endpoint,
            question,
            allow=platform.settings.egress_allow,
            seconds=seconds,
            clock=platform.clock,
        )
    except Unavailable as error:
        raise CallRefused(_unreadable(provider, error.text), "key") from None
    except AiFailed as failed:
        known = {"provider": provider.name, "provider_tenant": provider.tenant_id}
        log.warning(
            "an AI provider gave no answer",
            extra={**known, "kind": failed.code, "tenant_id": tenant_id, "log_id": log_id},
        )
        if failed.spent:
            counted(Tokens(failed.spent, 0, is_estimated=True))
        raise
    counted(completion.tokens)
    return completion


def _unreadable(provider: Provider, why: Text) -> Text:
    return Text(
        f"AI 服务商“{provider.name}”的密钥无法读取,请管理员重新填写:{why.zh}",
        f"the key of the AI provider '{provider.name}' cannot be read; have it entered again:"
        f" {why.en}",
    )


def _seconds(platform: Platform, wished: Any) -> float:
    """As long as the run has left, and no longer than the settings allow."""
    most = min(platform.settings.ai_timeout_seconds, LONGEST_CALL)
    return min(most, max(float(wished), 0.0)) if isinstance(wished, int | float) else most


def _model_to_test(provider: Provider, wished: Any) -> str:
    named = wished or next((name for name in provider.models if "*" not in name), None)
    if named is None:
        text = Text("请填写要测试的模型名", "say which model to test; there are patterns only")
        raise Invalid(FieldError("model", text))
    try:
        return check_model(named)
    except Wrong as error:
        raise Invalid(FieldError("model", error.text)) from error


def _told(question: Question, completion: Completion) -> dict[str, Any]:
    return {
        "text": completion.text,
        "model": question.model,
        "prompt_tokens": completion.tokens.prompt,
        "completion_tokens": completion.tokens.completion,
        "is_estimated": completion.tokens.is_estimated,
        "is_cut": completion.is_cut,
    }
