"""Arguments of SDK functions, judged before the platform is asked."""

from __future__ import annotations

from typing import Any


def check_text(name: str, value: Any) -> None:
    """Raise TypeError unless `value`, the argument called `name`, is text; ValueError if broken."""
    if not isinstance(value, str):
        kind = type(value).__name__
        raise TypeError(f"{name} 须为文本,现为 {kind} / must be text, and is a {kind}")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError(f"{name} 含有残缺的 Unicode 字符 / has half of a Unicode character")
