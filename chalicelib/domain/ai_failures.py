"""Why a provider gave no text, in words that say what to do."""

from __future__ import annotations

from chalicelib.domain.ai import AiFailed, Question
from chalicelib.domain.text import Text


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
