"""Variables of a task: what a key and a value may be."""

from __future__ import annotations

from typing import Any

from chalicelib.domain import json_values
from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text

#: Characters of a key; bytes of one value as JSON, and of all values of a task; keys of a task.
LONGEST_KEY = 100
LARGEST_VALUE = 64 * 1024
LARGEST_TOTAL = 1024 * 1024
MOST_KEYS = 1000


def check_key(key: Any) -> str:
    """A key that can be stored; raises Wrong."""
    return json_values.check_name(key, LONGEST_KEY, Text("变量名", "a variable's key"))


def encoded(value: Any) -> str:
    """The JSON text of a value that can be stored; raises Wrong."""
    return json_values.encoded(value, LARGEST_VALUE, Text("变量的值", "a variable's value"))


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
