"""Turning `result`, or a variable's value, into JSON, or saying which part of it is none."""

from __future__ import annotations

import json
import math
from typing import Any

#: MariaDB's JSON functions read 32 levels; a message needs five.
_LEVELS = 30


#: Bytes of a result as JSON in UTF-8; the platform counts too (chalicelib/sandbox/results.py).
_LARGEST = 1_000_000


class NoResult(ValueError):
    """A value cannot leave the sandbox; says where it is wrong and what to do."""


def _fault(value: Any) -> str | None:
    """What is wrong with one value that is no list and no dict."""
    if value is None or isinstance(value, int):
        # Python itself turns no longer number into text than 4300 digits.
        return "数字太大 / is too large a number" if value and value.bit_length() > 1023 else None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{value} 不是 JSON 数字 / is not a number in JSON"
    if isinstance(value, str):
        broken = any("\ud800" <= char <= "\udfff" for char in value)
        return "含有残缺的 Unicode 字符 / has half of a Unicode character" if broken else None
    name = type(value).__name__
    return f"是 {name},请转换成文本或数字,例如 str(x) / is a {name}; convert it, as with str(x)"


def _parts(where: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"{where}[{key!r}]", part) for key, part in value.items()]
    return [(f"{where}[{index}]", part) for index, part in enumerate(value)]


def _refuse(value: Any, name: str) -> None:
    """Walk `value` without recursion, as it may contain itself; raises NoResult."""
    waiting: list[tuple[str, Any, int]] = [(name, value, 0)]
    while waiting:
        where, part, level = waiting.pop()
        if isinstance(part, dict | list | tuple):
            if level >= _LEVELS:
                raise NoResult(
                    f"{name} 嵌套超过 {_LEVELS} 层 / is nested over {_LEVELS} levels deep"
                )
            if isinstance(part, dict) and not all(isinstance(key, str | int) for key in part):
                raise NoResult(f"{where} 的键必须是文本 / must have text as keys")
            waiting += [(*found, level + 1) for found in _parts(where, part)]
        elif fault := _fault(part):
            raise NoResult(f"{where} {fault}")


def result_json(value: Any) -> str:
    """The text of a result that the platform takes; raises NoResult."""
    text = to_json(value)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > _LARGEST:
        raise NoResult(
            f"result 有 {size} 字节,超过 {_LARGEST} 字节的上限;请只返回需要推送的内容"
            f" / result has {size} bytes, over {_LARGEST}; return only what is to be sent"
        )
    return text


def checked_json(value: Any, name: str) -> str:
    """The text of an argument; raises TypeError, with the place, if JSON cannot hold it."""
    try:
        return to_json(value, name)
    except NoResult as error:
        raise TypeError(str(error)) from None


def to_json(value: Any, name: str = "result") -> str:
    """The text of `value`, which errors call `name`; raises NoResult if JSON cannot hold it."""
    _refuse(value, name)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
