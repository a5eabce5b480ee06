"""`get_secret`: passwords and keys by name, hidden in whatever the run leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Call = Callable[[str, Mapping[str, Any]], Any]


def secret_functions(call: Call) -> dict[str, Callable[..., Any]]:
    """The function of the product document."""

    def get_secret(key: str) -> str:
        """获取密钥:先找本租户的,再找平台共享的;没有时抛出 CallFailed(kind 为 'not_found')。

        取到的值(及其 base64、URL、JSON 等常见编码)在日志、错误和 result 中显示为 `******`。
        这防的是不小心;改写过的值(倒序、拆开、加密)无法识别,请不要打印。

        Read a secret: the tenant's own, else the platform's if that is shared. If there is none,
        CallFailed is raised, whose kind is 'not_found'.
        The value, and its usual encodings (base64, URL, JSON …), appears as `******` in the log,
        in errors and in the result. That guards against accidents: a value that was taken apart
        or transformed is not recognized, so do not print it.

        Example::

            try:
                token = get_secret('example_api_token')
            except CallFailed as error:
                log(f'没有密钥: {error.kind}')
            else:
                log(f'密钥有 {len(token)} 个字符')
        """
        value: str = call("get_secret", {"key": key})
        return value

    return {"get_secret": get_secret}
