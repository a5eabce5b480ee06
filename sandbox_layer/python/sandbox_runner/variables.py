"""`get_var`, `set_var`, `del_var`: what a task keeps from run to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Call = Callable[[str, Mapping[str, Any]], Any]


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
        answer = call("get_var", {"key": key})
        return answer["value"] if answer["found"] else default

    def set_var(key: str, value: Any) -> None:
        """保存变量:任何能转换为 JSON 的值,最大 64 KB。

        Store a variable: any JSON value of at most 64 KB.

        Example::

            set_var('last_id', 42)
            set_var('state', {'page': 3, 'done': False})
        """
        call("set_var", {"key": key, "value": value})

    def del_var(key: str) -> None:
        """删除变量,没有时什么也不做。

        Delete a variable; nothing happens if there is none.

        Example::

            del_var('last_id')
        """
        call("del_var", {"key": key})

    return {"get_var": get_var, "set_var": set_var, "del_var": del_var}
