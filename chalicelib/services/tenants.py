"""Tenants: the platform's administrators make and change them; a tenant's key sees its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain.access import Principal, require_platform
from chalicelib.domain.errors import Conflict, FieldError, Invalid, NotFound
from chalicelib.domain.tenants import TenantChange, TenantSpec
from chalicelib.domain.text import Text
from chalicelib.domain.validation import read
from chalicelib.repositories import holds, tenant_configs, tenants
from chalicelib.repositories.database import Row, Transaction
from chalicelib.repositories.tenants import TenantFilter
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform

#: What only the platform sets; sent back as it was read, it is left out.
_OWN = ("created_at", "updated_at")


def register(tx: Transaction, tenant_id: str | None, now: datetime) -> None:
    """Have a row for the tenant of something that is about to be made.

    A new id makes a new tenant. Until the caller's transaction ends, nobody deletes it.
    """
    if tenant_id is not None:
        tenants.add(tx, tenant_id, tenant_id, True, now)


def list_tenants(
    platform: Platform, principal: Principal, wanted: TenantFilter, page: Page
) -> dict[str, Any]:
    mine = replace(wanted, tenant_id=principal.tenant_id)
    with platform.database.transaction() as tx:
        found = tenants.page(tx, mine, offset=page.offset, limit=page.size)
        return page.answer(found, tenants.count(tx, mine))


def get_tenant(platform: Platform, principal: Principal, tenant_id: str) -> Row:
    with platform.database.transaction() as tx:
        return find(tx, principal, tenant_id)


def create_tenant(platform: Platform, principal: Principal, sent: Mapping[str, Any]) -> Row:
    require_platform(principal)
    spec = read(TenantSpec, sent)
    name = spec.tenant_name or spec.tenant_id
    with platform.database.transaction() as tx:
        if not tenants.add(tx, spec.tenant_id, name, spec.is_enabled, platform.now()):
            text = Text(f"租户 {spec.tenant_id} 已存在", f"tenant {spec.tenant_id} exists already")
            raise Conflict(text, code="tenant_exists")
        if spec.max_running is not None:
            wished = {**spec.model_dump(), "tenant_name": name}
            tenants.update(tx, spec.tenant_id, wished, platform.now())
        return find(tx, principal, spec.tenant_id)


def update_tenant(
    platform: Platform, principal: Principal, tenant_id: str, sent: Mapping[str, Any]
) -> Row:
    """Lay changes over a tenant; one that is disabled runs nothing, and its keys open nothing."""
    require_platform(principal)
    if sent.get("tenant_id", tenant_id) != tenant_id:
        raise Invalid(FieldError("tenant_id", _ID_STAYS))
    left = {key: value for key, value in sent.items() if key not in (*_OWN, "tenant_id")}
    change = read(TenantChange, left)
    with platform.database.transaction() as tx:
        before = find(tx, principal, tenant_id, lock=True)
        # Of these, only the limit may be taken back by null.
        named = change.model_dump(exclude_unset=True)
        kept = {
            key: value for key, value in named.items() if key == "max_running" or value is not None
        }
        tenants.update(tx, tenant_id, {**before, **kept}, platform.now())
        return find(tx, principal, tenant_id)


_ID_STAYS = Text(
    "租户ID不能更改;请新建租户", "a tenant's id stays; make a new tenant for the other id"
)


def delete_tenant(platform: Platform, principal: Principal, tenant_id: str) -> None:
    """Delete a tenant that nothing belongs to any more, with its configs; its logs stay."""
    require_platform(principal)
    with platform.database.transaction() as tx:
        find(tx, principal, tenant_id, lock=True)
        left = {what: n for what, n in tenants.belongings(tx, tenant_id).items() if n}
        if left:
            counted = ", ".join(f"{what}: {n}" for what, n in left.items())
            raise Conflict(
                Text(
                    f"租户仍有数据({counted}),请先删除;或将 is_enabled 设为 false 来停用",
                    f"the tenant still has {counted}; delete these first, or disable the tenant"
                    " with is_enabled false",
                ),
                code="tenant_in_use",
            )
        tenant_configs.delete_all(tx, tenant_id)
        holds.forget(tx, tenant_id)
        tenants.delete(tx, tenant_id)


def find(tx: Transaction, principal: Principal, tenant_id: str, *, lock: bool = False) -> Row:
    """A tenant that the principal may see. Raises NotFound, for others' as for none."""
    mine = principal.tenant_id in (None, tenant_id)
    found = tenants.get(tx, tenant_id, lock=lock) if mine else None
    # The database takes blanks at the end of an id for nothing.
    if found is None or found["tenant_id"] != tenant_id:
        raise NotFound(Text(f"租户 {tenant_id!r} 不存在", f"tenant {tenant_id!r} does not exist"))
    return found
