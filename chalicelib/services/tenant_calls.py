"""What scripts may know of tenants: global tasks of all, a tenant's task of its own alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import CallRefused
from chalicelib.domain.text import Text
from chalicelib.repositories import tenant_configs, tenants
from chalicelib.repositories.database import Row
from chalicelib.services.caller import Caller
from chalicelib.services.platform import Platform

#: Bytes of JSON; what a Lambda function answers ends at 6 MB, and a frame at 8 MiB.
LARGEST_ANSWER = 4 << 20


def get_tenants(platform: Platform, caller: Caller, args: Mapping[str, Any]) -> list[Row]:
    """`{}` to `[{"tenant_id", "tenant_name", "is_enabled"}]`, in the order of the ids."""
    with platform.database.transaction() as tx:
        return _sendable(tenants.names(tx, caller.tenant_id))


def get_tenant_config(platform: Platform, caller: Caller, args: Mapping[str, Any]) -> Any:
    """`{tenant_id, app_code, key}` to the value, or None."""
    tenant_id = _text(args, "tenant_id")
    app_code, key = _text(args, "app_code"), _text(args, "key")
    if caller.tenant_id not in (None, tenant_id):
        # The same whether there is such a tenant or not.
        raise CallRefused(
            Text(
                "租户的任务只能读取本租户的配置",
                "a tenant's task reads its own tenant's configs only",
            ),
            "forbidden",
        )
    if not _may_exist(tenant_id, app_code, key):
        return None
    with platform.database.transaction() as tx:
        row = tenant_configs.get(tx, tenant_id, app_code, key)
    return json.loads(row["value"]) if row else None


def get_all_tenant_configs(
    platform: Platform, caller: Caller, args: Mapping[str, Any]
) -> list[Row]:
    """`{app_code, key}` to `[{"tenant_id", "tenant_name", "is_enabled", "value"}]` of those
    that have it, in the order of the ids."""
    app_code, key = _text(args, "app_code"), _text(args, "key")
    if not _may_exist(app_code, key):
        return []
    with platform.database.transaction() as tx:
        rows = tenant_configs.of_all(tx, caller.tenant_id, app_code, key)
    return _sendable(
        [
            {**row, "is_enabled": bool(row["is_enabled"]), "value": json.loads(row["value"])}
            for row in rows
        ]
    )


def _may_exist(*names: str) -> bool:
    """The database takes blanks at the end of a name for nothing, and no name has any."""
    return all(name == name.rstrip() for name in names)


def _text(args: Mapping[str, Any], name: str) -> str:
    value = args.get(name)
    if not isinstance(value, str):
        raise CallRefused(Text(f"{name} 须为文本", f"{name} must be text"))
    return value


def _sendable(rows: list[Row]) -> list[Row]:
    if len(json.dumps(rows)) > LARGEST_ANSWER:
        raise CallRefused(
            Text(
                f"{len(rows)} 个租户的数据超过 4 MB,无法一次返回;请用 get_tenant_config 逐个读取",
                f"the data of {len(rows)} tenants is over 4 MB, too much for one answer;"
                " read it tenant by tenant with get_tenant_config",
            ),
            "too_large",
        )
    return rows
