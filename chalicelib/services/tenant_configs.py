"""Configs of tenants: the platform's keys set them, a tenant's key reads its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.access import Principal, require_platform
from chalicelib.domain.errors import NotFound
from chalicelib.domain.tenants import check_app_code, check_config_key, check_room, encoded
from chalicelib.domain.text import Text
from chalicelib.domain.validation import checked, value_of
from chalicelib.repositories import tenant_configs
from chalicelib.repositories.database import Row
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from chalicelib.services.tenants import find


def list_configs(
    platform: Platform, principal: Principal, tenant_id: str, app_code: str | None, page: Page
) -> dict[str, Any]:
    """A page of a tenant's configs, of one app or all."""
    with platform.database.transaction() as tx:
        find(tx, principal, tenant_id)
        found = tenant_configs.page(tx, tenant_id, app_code, offset=page.offset, limit=page.size)
        total = tenant_configs.count(tx, tenant_id, app_code)
        return page.answer([_shown(row) for row in found], total)


def put_config(
    platform: Platform, principal: Principal, name: tuple[str, str, str], sent: Mapping[str, Any]
) -> Row:
    """Store `{"value": …}` under a name: tenant_id, app_code, key."""
    require_platform(principal)
    tenant_id, app_code, key = name
    value = value_of(sent)
    checked("app_code", check_app_code, app_code)
    checked("key", check_config_key, key)
    text = checked("value", encoded, value)
    with platform.database.transaction() as tx:
        # Held, so that the tenant is not deleted meanwhile, and its configs stay countable.
        find(tx, principal, tenant_id, lock=True)
        known = {"tenant_id": tenant_id, "app_code": app_code, "key": key}
        if tenant_configs.get(tx, *name) is None:
            checked("value", check_room, tenant_configs.count(tx, tenant_id) + 1)
        tenant_configs.put(tx, {**known, "value": text}, platform.now())
        row = tenant_configs.get(tx, *name)
    assert row is not None  # it is held until the transaction ends
    return _shown({"app_code": app_code, "key": key, **row})


def delete_config(platform: Platform, principal: Principal, name: tuple[str, str, str]) -> None:
    require_platform(principal)
    with platform.database.transaction() as tx:
        find(tx, principal, name[0], lock=True)
        # The database takes blanks at the end of a name for nothing.
        padded = any(part != part.strip() for part in name)
        if padded or not tenant_configs.delete(tx, *name):
            _, app_code, key = name
            raise NotFound(
                Text(f"配置 {app_code} {key} 不存在", f"config {app_code} {key} does not exist")
            )


def _shown(row: Row) -> Row:
    return {**row, "value": json.loads(row["value"])}
