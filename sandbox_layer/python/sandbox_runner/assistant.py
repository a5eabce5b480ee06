"""`ai`: a question to a language model, which the platform asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Call = Callable[[str, Mapping[str, Any]], Any]
#: Bytes of prompt and system together, as UTF-8; the platform looks again.
_LARGEST = 200 * 1024


def ai_functions(call: Call) -> dict[str, Callable[..., str]]:
    """The function of the product document."""

    def ai(prompt: str, system: str | None = None, model: str = "deepseek-chat") -> str:
        """调用 AI 模型,返回回答的文本。`system` 为系统提示词,`prompt` 和 `system` 合计最大
        200 KB。用量记入日志;失败时抛出 CallFailed,`kind` 说明原因(如 budget、timeout、rate)。

        Ask a language model; returns the text of its answer. `system` is the system prompt; both
        together have at most 200 KB. Tokens are written to the log. A failure raises CallFailed,
        whose `kind` says why (such as budget, timeout, rate).

        Example::

            summary = ai('用一句话总结:今天完成 3 个订单', system='你是一个助手')
            log(summary)
        """
        _check(prompt, system, model)
        answer: str = call("ai", {"prompt": prompt, "system": system, "model": model})
        return answer

    return {"ai": ai}


def _check(prompt: Any, system: Any, model: Any) -> None:
    for name, value in (("prompt", prompt), ("system", system), ("model", model)):
        if not isinstance(value, str) and (name != "system" or value is not None):
            kind = type(value).__name__
            raise TypeError(
                f"ai() 的 {name} 须为文本,现为 {kind};请用 str() 转换"
                f" / {name} of ai() must be text, not {kind}; convert it with str()"
            )
    size = len(f"{prompt}{system or ''}".encode("utf-8", "replace"))
    if size > _LARGEST:
        raise ValueError(
            f"ai() 的 prompt 和 system 合计最多 200 KB,现为 {size} 字节;请精简或分几次调用"
            f" / prompt and system of ai() have at most 200 KB together, these {size} bytes;"
            " shorten them or ask in several calls"
        )
