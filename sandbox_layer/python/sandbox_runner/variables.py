"""`get_var`, `set_var`, `del_var`: what a task keeps from run to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox_runner.arguments import check_text
from sandbox_runner.results import checked_json

Call = Callable[[str, Mapping[str, Any]], Any]
#: Characters of JSON that are not even asked about: a frame of more would be too heavy to read,
#: if they are lists in lists (chalicelib/sandbox/conversation.py).
_HOPELESS = 1 << 18


def check_value(value: Any) -> None:
    """Raise TypeError or ValueError, with the place in `value`, if it cannot be stored."""
    size = len(checked_json(value, "value"))
    if size > _HOPELESS:
        raise ValueError(
            f"变量的值最多 64 KB,现为 {size} 个字符;原来的值没有改变"
            f" / a variable's value has at most 64 KB, this one {size} characters;"
            " the old value is unchanged"
        )


def variable_functions(call: Call) -> dict[str, Callable[..., Any]]:
    """The three functions of the product document."""

    def get_var(key: str, default: Any = None) -> Any:
        """读取变量,没有时返回 `default`。变量属于任务,跨执行保留。

        Read a variable, `default` if there is none. Variables belong to the task and last from
        run to run.

        Example::

            last = get_var('last_id', 0)
            log(f'上次处理到 {last}')
        """
        check_text("key", key)
        answer = call("get_var", {"key": key})
        return answer["value"] if answer["found"] else default

    def set_var(key: str, value: Any) -> None:
        """保存变量:任何能转换为 JSON 的值,最大 64 KB。
        与 JSON 一样,元组会变成列表,字典的键会变成文本。

        Store a variable: any JSON value of at most 64 KB. As in JSON, tuples become lists, and
        the keys of dicts become text.

        Example::

            set_var('last_id', 42)
            set_var('state', {'page': 3, 'done': False})
        """
        check_text("key", key)
        check_value(value)
        call("set_var", {"key": key, "value": value})

    def del_var(key: str) -> None:
        """删除变量,没有时什么也不做。

        Delete a variable; nothing happens if there is none.

        Example::

            del_var('last_id')
        """
        check_text("key", key)
        call("del_var", {"key": key})

    return {"get_var": get_var, "set_var": set_var, "del_var": del_var}
