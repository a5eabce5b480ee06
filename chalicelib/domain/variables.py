"""Variables of a task: what a key and a value may be."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text

#: Characters of a key; bytes of one value as JSON, and of all values of a task; keys of a task.
LONGEST_KEY = 100
LARGEST_VALUE = 64 * 1024
LARGEST_TOTAL = 1024 * 1024
MOST_KEYS = 1000


def check_key(key: Any) -> str:
    """A key that can be stored; raises Wrong."""
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY or _is_broken(key):
        raise Wrong(
            Text(
                f"变量名须为 1 到 {LONGEST_KEY} 个字符的文本",
                f"a variable's key is text of 1 to {LONGEST_KEY} characters",
            )
        )
    return key


def encoded(value: Any) -> str:
    """The JSON text of a value that can be stored; raises Wrong."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError):
        raise Wrong(
            Text(
                "变量的值须能转换为 JSON:文本、数字、true/false、None、列表或字典",
                "a variable's value must be JSON: text, numbers, booleans, None, lists or dicts",
            )
        ) from None
    if size > LARGEST_VALUE:
        raise Wrong(
            Text(
                f"变量的值最多 {LARGEST_VALUE // 1024} KB,现为 {size} 字节;原来的值没有改变",
                f"a variable's value has at most {LARGEST_VALUE // 1024} KB, this one {size}"
                " bytes; the old value is unchanged",
            )
        )
    return text


def check_room(keys: int, total: int) -> None:
    """Refuse one more key, or more bytes, than a task may have; raises Wrong."""
    if keys > MOST_KEYS or total > LARGEST_TOTAL:
        raise Wrong(
            Text(
                f"每个任务最多 {MOST_KEYS} 个变量、共 {LARGEST_TOTAL // 1024} KB;"
                "请用 del_var 删除不用的变量",
                f"a task has at most {MOST_KEYS} variables and {LARGEST_TOTAL // 1024} KB in all;"
                " delete those that you no longer need with del_var",
            )
        )


def _is_broken(key: str) -> bool:
    return any("\ud800" <= char <= "\udfff" or not char.isprintable() for char in key)
