"""`get_param`, `get_params`: the parameters of this run."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any


def parameter_functions(params: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """The two functions of the product document; each call answers a copy of the script's own."""

    def get_param(key: str, default: Any = None) -> Any:
        """获取单个任务参数,没有时返回 `default`。
        手动执行或事件触发时传入的参数优先于任务自己的参数。

        One of the run's parameters, `default` if there is none. Those that a manual run or an
        event brings are laid over the task's own.

        Example::

            limit = get_param('limit', 10)
            log(f'最多处理 {limit} 条')
        """
        return copy.deepcopy(params[key]) if key in params else default

    def get_params() -> dict[str, Any]:
        """获取所有任务参数,返回一个可以随意修改的字典。

        All parameters of the run, as a dict of your own.

        Example::

            for name, value in get_params().items():
                log(f'{name} = {value}')
        """
        return copy.deepcopy(dict(params))

    return {"get_param": get_param, "get_params": get_params}
