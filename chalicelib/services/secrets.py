"""Secrets: what their owners do with them, and the one way that a value leads out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.access import Principal, tenant_of_new
from chalicelib.domain.cipher import context_of
from chalicelib.domain.errors import (
    CallRefused,
    Conflict,
    FieldError,
    Invalid,
    NotFound,
    Unavailable,
    Wrong,
)
from chalicelib.domain.secrets import ChangedSecret, NewSecret, Secret, changed, check_key
from chalicelib.domain.text import Text
from chalicelib.domain.validation import read
from chalicelib.repositories import secrets
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.secrets import Sealed
from chalicelib.services.caller import Caller
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from chalicelib.services.tenants import register

_STAYS = {
    "tenant_id": Text(
        "密钥的租户不能更改;请在目标租户下新建密钥",
        "a secret stays with its tenant; make a new one for the other tenant",
    ),
    "secret_key": Text(
        "密钥名不能更改;请新建密钥", "a secret keeps its name; make a new one with the other name"
    ),
}
_NOT_SHARED = Text(
    "只有平台的密钥(没有 tenant_id)可以共享",
    "only a secret of the platform (without tenant_id) can be shared",
)


def list_secrets(platform: Platform, tenant_id: str | None, page: Page) -> dict[str, Any]:
    with platform.database.transaction() as tx:
        found = secrets.page(tx, tenant_id, offset=page.offset, limit=page.size)
        total = secrets.count(tx, tenant_id)
    return page.answer([_shown(platform, sealed) for sealed in found], total)


def create_secret(
    platform: Platform, principal: Principal, sent: Mapping[str, Any]
) -> dict[str, Any]:
    wished = read(NewSecret, sent)
    new = wished.model_copy(update={"tenant_id": tenant_of_new(principal, wished.tenant_id)})
    _check_sharing(new)
    row = _row(platform, principal, new, _seal(platform, new, new.value))
    with platform.database.transaction() as tx:
        register(tx, new.tenant_id, platform.now())
        secret_id = secrets.add(tx, row)
        if secret_id is None:
            raise Conflict(
                Text(
                    f"密钥 {new.secret_key} 已存在;请修改它,或换一个名字",
                    f"there is a secret {new.secret_key} already; change it or take another name",
                ),
                code="secret_exists",
            )
        return _shown(platform, _find(tx, principal, secret_id))


def update_secret(
    platform: Platform, principal: Principal, secret_id: int, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Lay changes over a secret; without `value` the old one stays, readable or not."""
    with platform.database.transaction() as tx:
        before = _find(tx, principal, secret_id, lock=True)
        new = read(ChangedSecret, changed(before.secret, changes))
        for field, words in _STAYS.items():
            if getattr(new, field) != getattr(before.secret, field):
                raise Invalid(FieldError(field, words))
        _check_sharing(new)
        kept = before.ciphertext if new.value is None else _seal(platform, new, new.value)
        secrets.update(tx, secret_id, _row(platform, principal, new, kept))
        return _shown(platform, _find(tx, principal, secret_id))


def delete_secret(platform: Platform, principal: Principal, secret_id: int) -> None:
    with platform.database.transaction() as tx:
        if not secrets.delete(tx, secret_id, principal.tenant_id):
            raise _missing(secret_id)


def get_secret(platform: Platform, caller: Caller, args: Mapping[str, Any]) -> str:
    """`{key}` to the value: the tenant's own, else the platform's where that is shared."""
    try:
        key = check_key(args.get("key"))
    except Wrong as error:
        raise CallRefused(error.text, "secret") from None
    with platform.database.transaction() as tx:
        found = secrets.find(tx, caller.tenant_id, key)
    if found is None:
        raise CallRefused(
            Text(
                f"没有密钥 {key};请先在密钥管理中创建,或请平台管理员共享",
                f"there is no secret {key}; create it first, or have the platform's administrator"
                " share it",
            ),
            "not_found",
        )
    try:
        return _opened(platform, found)
    except Unavailable as error:
        raise CallRefused(
            Text(
                f"密钥 {key} 无法读取:{error.text.zh}", f"cannot read secret {key}: {error.text.en}"
            ),
            error.code,
        ) from None


def _opened(platform: Platform, sealed: Sealed) -> str:
    return platform.cipher.open(sealed.ciphertext, _context(sealed.secret))


def _seal(platform: Platform, secret: NewSecret | ChangedSecret, value: str) -> str:
    return platform.cipher.seal(value, _context(secret))


def _context(secret: Secret | NewSecret | ChangedSecret) -> str:
    return context_of(secrets.TABLE, secret.tenant_id, secret.secret_key)


def _row(
    platform: Platform, principal: Principal, new: NewSecret | ChangedSecret, ciphertext: str
) -> dict[str, Any]:
    fields = new.model_dump(exclude={"value"})
    return {**fields, "ciphertext": ciphertext, "by": principal.name, "now": platform.now()}


def _shown(platform: Platform, sealed: Sealed) -> dict[str, Any]:
    """As the API answers it; `is_readable` is false when its master key is lost."""
    readable = platform.cipher.can_open(sealed.ciphertext)
    return {**sealed.secret.model_dump(), "is_readable": readable}


def _find(tx: Transaction, principal: Principal, secret_id: int, *, lock: bool = False) -> Sealed:
    found = secrets.get(tx, secret_id, principal.tenant_id, lock=lock)
    if found is None:
        raise _missing(secret_id)
    return found


def _missing(secret_id: int) -> NotFound:
    return NotFound(Text(f"密钥 {secret_id} 不存在", f"secret {secret_id} does not exist"))


def _check_sharing(new: NewSecret | ChangedSecret) -> None:
    if new.is_shared and new.tenant_id is not None:
        raise Invalid(FieldError("is_shared", _NOT_SHARED))
