"""API keys: making, ending, and telling whose a request is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from chalicelib.domain.access import Principal, Role, tenant_of_new
from chalicelib.domain.errors import Forbidden, NotFound, Unauthorized
from chalicelib.domain.tasks import Name, TenantId
from chalicelib.domain.text import Text
from chalicelib.domain.validation import read
from chalicelib.repositories import api_keys
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from chalicelib.services.tenants import register
from chalicelib.services.tokens import hash_of, new_token

PREFIX = "zd_"
#: `last_used_at` is as exact as this, so that not every request writes.
TOUCH_EVERY = timedelta(minutes=1)


_DISABLED = Text(
    "该租户已停用,请联系平台管理员", "this tenant is disabled; ask the platform's administrator"
)


class KeySpec(BaseModel):
    """What a user may set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: TenantId | None = None
    role: Literal["viewer", "operator", "editor", "admin"]
    name: Name


def make_key(platform: Platform, spec: KeySpec) -> dict[str, Any]:
    """Store a new key and answer it with `key`, which nobody can read again."""
    key = PREFIX + new_token()
    row = {
        **spec.model_dump(),
        "prefix": key[:10],
        "key_hash": hash_of(key),
        "now": platform.now(),
    }
    with platform.database.transaction() as tx:
        register(tx, spec.tenant_id, row["now"])
        key_id = api_keys.add(tx, row)
    return {
        "id": key_id,
        **spec.model_dump(),
        "prefix": row["prefix"],
        "created_at": row["now"],
        "key": key,
    }


def create_key(platform: Platform, principal: Principal, sent: Mapping[str, Any]) -> dict[str, Any]:
    wished = read(KeySpec, sent)
    tenant_id = tenant_of_new(principal, wished.tenant_id)
    return make_key(platform, wished.model_copy(update={"tenant_id": tenant_id}))


def list_keys(platform: Platform, principal: Principal, page: Page) -> dict[str, Any]:
    with platform.database.transaction() as tx:
        found = api_keys.page(tx, principal.tenant_id, offset=page.offset, limit=page.size)
        return page.answer(found, api_keys.count(tx, principal.tenant_id))


def revoke_key(platform: Platform, principal: Principal, key_id: int) -> None:
    with platform.database.transaction() as tx:
        if not api_keys.revoke(tx, key_id, principal.tenant_id, platform.now()):
            raise NotFound(Text(f"密钥 {key_id} 不存在", f"key {key_id} does not exist"))


def authenticate(platform: Platform, authorization: str | None) -> Principal:
    """The holder of the key in an `Authorization: Bearer <key>` header (RFC 6750)."""
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthorized(
            Text(
                "请在请求头中提供 Authorization: Bearer <API密钥>",
                "send the header Authorization: Bearer <API key>",
            )
        )
    now = platform.now()
    with platform.database.transaction() as tx:
        row = api_keys.by_hash(tx, hash_of(key.strip()))
        if row is None:
            raise Unauthorized(Text("API密钥无效或已吊销", "the API key is wrong or revoked"))
        if not row["tenant_is_enabled"]:
            raise Forbidden(_DISABLED, code="tenant_disabled")
        if row["last_used_at"] is None or now - row["last_used_at"] > TOUCH_EVERY:
            api_keys.touch(tx, row["id"], now)
    return Principal(row["id"], row["name"], row["tenant_id"], Role[row["role"]])
