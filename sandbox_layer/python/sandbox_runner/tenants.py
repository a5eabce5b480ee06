"""`get_tenants`, `get_tenant_config`, `get_all_tenant_configs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox_runner.arguments import check_text

Call = Callable[[str, Mapping[str, Any]], Any]


def tenant_functions(call: Call) -> dict[str, Callable[..., Any]]:
    """The three functions of the product document."""

    def get_tenants() -> list[dict[str, Any]]:
        """获取所有租户:字典列表,包含 `tenant_id`、`tenant_name`、`is_enabled`。
        租户自己的任务只能看到本租户。

        All tenants, each a dict with `tenant_id`, `tenant_name` and `is_enabled`. A tenant's task
        sees its own alone.

        Example::

            for tenant in get_tenants():
                if tenant['is_enabled']:
                    log(f"{tenant['tenant_id']}: {tenant['tenant_name']}")
        """
        answer: list[dict[str, Any]] = call("get_tenants", {})
        return answer

    def get_tenant_config(tenant_id: str, app_code: str, key: str) -> Any:
        """获取租户配置:某个应用的某一项,没有时返回 None。租户自己的任务只能读取本租户的配置。

        One config of a tenant, by app and key; None if there is none. A tenant's task reads its
        own tenant's alone, anything else raises CallFailed.

        Example::

            for tenant in get_tenants():
                robot = get_tenant_config(tenant['tenant_id'], 'report', 'robot')
                log(f"{tenant['tenant_name']}: {robot}")
        """
        args = {"tenant_id": tenant_id, "app_code": app_code, "key": key}
        for name, value in args.items():
            check_text(name, value)
        return call("get_tenant_config", args)

    def get_all_tenant_configs(app_code: str, key: str) -> list[dict[str, Any]]:
        """获取所有租户的同一项配置:字典列表,包含 `tenant_id`、`tenant_name`、`is_enabled` 和
        `value`。没有该配置的租户不在其中;租户自己的任务只能看到本租户。

        The same config of all tenants that have it, each a dict with `tenant_id`, `tenant_name`,
        `is_enabled` and `value`. A tenant's task sees its own alone.

        Example::

            for config in get_all_tenant_configs('report', 'robot'):
                log(f"{config['tenant_name']}: {config['value']}")
        """
        args = {"app_code": app_code, "key": key}
        for name, value in args.items():
            check_text(name, value)
        answer: list[dict[str, Any]] = call("get_all_tenant_configs", args)
        return answer

    return {
        "get_tenants": get_tenants,
        "get_tenant_config": get_tenant_config,
        "get_all_tenant_configs": get_all_tenant_configs,
    }
