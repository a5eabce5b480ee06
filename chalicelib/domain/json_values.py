"""JSON that the platform keeps under a name: what both may be."""

from __future__ import annotations

import json
import math
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.nesting import levels
from chalicelib.domain.text import Text

#: Lists and objects within each other. MariaDB's JSON functions read 31, and a test run's spec has
#: its parameters one level down.
LEVELS = 30
#: A database takes a number that is larger for infinite, and refuses it.
_BITS = 1023


def check_name(name: Any, longest: int, what: Text) -> str:
    """A name of 1 to `longest` characters that can be seen; raises Wrong, which calls it `what`.

    No blanks around it: the database takes `a` and `a ` for the same key.
    """
    good = isinstance(name, str) and 0 < len(name) <= longest and name.isprintable()
    if not good or name != name.strip():
        raise Wrong(
            Text(
                f"{what.zh}须为 1 到 {longest} 个可见字符的文本,首尾不能有空格",
                f"{what.en} is text of 1 to {longest} characters that can be seen,"
                " without blanks around it",
            )
        )
    return str(name)


def is_sound(value: Any) -> bool:
    """Whether one value, leaving aside what is in it, is JSON that a database and UTF-8 have."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return value.bit_length() <= _BITS
    texts = value.keys() if isinstance(value, dict) else (value,)
    return not any(
        isinstance(text, str) and any("\ud800" <= char <= "\udfff" for char in text)
        for text in texts
    )


def check_sound(value: Any, what: Text) -> None:
    """Refuse JSON that cannot be kept, or handed on, as it is; raises Wrong, which calls it `what`.

    Whatever reads it may do so by recursion.
    """
    found = list(levels(value))
    if any(isinstance(one, dict | list) for level in found[LEVELS:] for one in level):
        raise Wrong(
            Text(
                f"{what.zh}嵌套过深,最多 {LEVELS} 层",
                f"{what.en} may be nested {LEVELS} levels deep, and no deeper",
            )
        )
    if not all(is_sound(one) for level in found for one in level):
        raise Wrong(
            Text(
                f"{what.zh}须为合法的 JSON(不支持 NaN、无穷大、过大的数字和残缺的 Unicode 字符)",
                f"{what.en} must be valid JSON, which has no NaN, no infinity, no number over"
                " 1e307 and no half characters",
            )
        )


def encoded(value: Any, largest: int, what: Text) -> str:
    """The JSON text of at most `largest` bytes; raises Wrong, which calls the value `what`."""
    check_sound(value, what)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError):
        raise Wrong(
            Text(
                f"{what.zh}须能转换为 JSON:文本、数字、true/false、null、列表或字典",
                f"{what.en} must be JSON: text, numbers, booleans, null, lists or dicts",
            )
        ) from None
    if size > largest:
        raise Wrong(
            Text(
                f"{what.zh}最多 {largest // 1024} KB,现为 {size} 字节;原来的值没有改变",
                f"{what.en} has at most {largest // 1024} KB, this one {size} bytes;"
                " the old value is unchanged",
            )
        )
    return text
