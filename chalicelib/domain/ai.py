"""AI models: what a script may ask, which names a provider serves, and what tokens are counted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from chalicelib.domain.errors import CallRefused, Wrong
from chalicelib.domain.text import Text

#: Bytes of prompt and system together, as UTF-8.
LARGEST_PROMPT = 200 * 1024
LONGEST_MODEL = 100
_MODEL = re.compile(rf"[!-~]{{1,{LONGEST_MODEL}}}")
#: Seconds that any call may take; the broker function has a little more (.chalice/config.json).
LONGEST_CALL = 300.0
#: DeepSeek, "Token & Token Usage": a Chinese character has about 0.6 tokens, another 0.3.
_WIDE, _NARROW = 0.6, 0.3


@dataclass(frozen=True)
class Question:
    """What a script asks."""

    prompt: str = field(repr=False)
    system: str | None = field(repr=False)
    model: str

    @property
    def messages(self) -> list[dict[str, str]]:
        """As OpenAI's chat completions have them."""
        said = [{"role": "user", "content": self.prompt}]
        return said if self.system is None else [{"role": "system", "content": self.system}, *said]

    @property
    def estimated_tokens(self) -> int:
        return estimated_tokens(f"{self.system or ''}{self.prompt}")


@dataclass(frozen=True)
class Endpoint:
    """Where a provider is asked, and with what; `name` is how authors know it."""

    name: str
    base_url: str = field(repr=False)
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Tokens:
    """What a call used; `is_estimated` where the provider did not say."""

    prompt: int
    completion: int
    is_estimated: bool = False

    @property
    def total(self) -> int:
        return self.prompt + self.completion


@dataclass(frozen=True)
class Completion:
    """What a model said; `is_cut` if it came to its limit of length."""

    text: str = field(repr=False)
    tokens: Tokens
    is_cut: bool = False


class AiFailed(CallRefused):
    """A provider did not answer; `code` is the kind.

    `spent`: tokens that it may have used all the same.
    """

    def __init__(self, text: Text, kind: str, spent: int = 0) -> None:
        super().__init__(text, kind)
        self.spent = spent


def question_of(args: Mapping[str, Any]) -> Question:
    """What `{prompt, system, model}` ask; raises Wrong."""
    prompt, system, model = args.get("prompt"), args.get("system"), args.get("model")
    if not isinstance(prompt, str) or not isinstance(system, str | None):
        raise Wrong(
            Text("ai() 的 prompt 和 system 须为文本", "prompt and system of ai() must be text")
        )
    if not prompt.strip():
        raise Wrong(Text("ai() 的 prompt 不能为空", "the prompt of ai() is empty"))
    size = len(f"{prompt}{system or ''}".encode("utf-8", "replace"))
    if size > LARGEST_PROMPT:
        raise Wrong(
            Text(
                f"ai() 的 prompt 和 system 合计最多 {LARGEST_PROMPT // 1024} KB,现为 {size} 字节;"
                "请精简内容或分几次调用",
                f"prompt and system of ai() have at most {LARGEST_PROMPT // 1024} KB together,"
                f" these {size} bytes; shorten them or ask in several calls",
            )
        )
    return Question(prompt, system, check_model(model))


def check_model(name: Any) -> str:
    """A model's name, or a pattern of names; raises Wrong."""
    if isinstance(name, str) and _MODEL.fullmatch(name):
        return name
    raise Wrong(
        Text(
            f"模型名须为 1 到 {LONGEST_MODEL} 个英文字符,不含空格,例如 deepseek-chat",
            f"a model's name has 1 to {LONGEST_MODEL} ASCII characters and no blanks, such as"
            " deepseek-chat",
        )
    )


def serves(names: Sequence[str], model: str) -> int:
    """How well `names` fit: 2 if the model is among them, 1 if a pattern (`gpt-*`) fits, else 0."""
    if model in names:
        return 2
    # `[` has no meaning here; a model's name may hold one.
    return int(any(fnmatchcase(model, name.replace("[", "[[]")) for name in names))


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has, where no provider says it."""
    narrow = sum(char < "\u2e80" for char in text)
    return max(1, round(narrow * _NARROW + (len(text) - narrow) * _WIDE))
