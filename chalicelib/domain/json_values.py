"""JSON that the platform keeps under a name: what both may be."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text


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


def encoded(value: Any, largest: int, what: Text) -> str:
    """The JSON text of at most `largest` bytes; raises Wrong, which calls the value `what`."""
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
