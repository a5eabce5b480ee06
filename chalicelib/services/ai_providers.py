"""AI providers: what their owners do with them, and who answers for a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.access import Principal, Role, require, tenant_of_new
from chalicelib.domain.ai import Endpoint
from chalicelib.domain.ai_providers import (
    Provider,
    ProviderSpec,
    check_base_url,
    chosen,
    key_context,
    origin,
    served,
)
from chalicelib.domain.channels import MASK
from chalicelib.domain.errors import CallRefused, Conflict, FieldError, Invalid, NotFound, Wrong
from chalicelib.domain.text import Text
from chalicelib.domain.validation import read
from chalicelib.repositories import ai_providers
from chalicelib.repositories.ai_providers import NameTaken, ProviderRow
from chalicelib.repositories.database import Transaction
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from chalicelib.services.tenants import register

#: What a user may set, but for the key, which answers mask.
_FIELDS = ("tenant_id", "name", "base_url", "models", "is_enabled")
_ONLY_SHOWN = ("id", "created_at", "updated_at")


def list_providers(
    platform: Platform, principal: Principal, tenant_id: str | None, page: Page
) -> dict[str, Any]:
    """Those that are stored: a tenant's own, or for the platform any tenant's and its own."""
    _check_may(principal)
    with platform.database.transaction() as tx:
        found = ai_providers.page(tx, tenant_id, offset=page.offset, limit=page.size)
        return page.answer([one.shown() for one in found], ai_providers.count(tx, tenant_id))


def get_provider(platform: Platform, principal: Principal, provider_id: int) -> Provider:
    _check_may(principal)
    with platform.database.transaction() as tx:
        return _find(tx, principal, provider_id)


def create_provider(platform: Platform, principal: Principal, sent: Mapping[str, Any]) -> Provider:
    _check_may(principal)
    wished = read(ProviderSpec, sent)
    spec = wished.model_copy(update={"tenant_id": tenant_of_new(principal, wished.tenant_id)})
    _check(platform, spec)
    row = ProviderRow(spec, _sealed(platform, spec), platform.now())
    with platform.database.transaction() as tx:
        try:
            register(tx, spec.tenant_id, platform.now())
            return _find(tx, principal, ai_providers.add(tx, row))
        except NameTaken:
            raise _taken(spec.name) from None


def update_provider(
    platform: Platform, principal: Principal, provider_id: int, changes: Mapping[str, Any]
) -> Provider:
    """Lay changes over a provider; a key that comes back masked, or not at all, stays."""
    _check_may(principal)
    with platform.database.transaction() as tx:
        before = _find(tx, principal, provider_id, lock=True)
        stays = changes.get("api_key", MASK) == MASK
        spec = read(ProviderSpec, _laid_over(before, changes, stays))
        if spec.tenant_id != before.tenant_id:
            raise Invalid(FieldError("tenant_id", _TENANT_STAYS))
        _check(platform, spec)
        if stays:
            _check_key_may_stay(before, spec)
        sealed = before.sealed_key if stays else _sealed(platform, spec)
        try:
            ai_providers.update(tx, provider_id, ProviderRow(spec, sealed, platform.now()))
        except NameTaken:
            raise _taken(spec.name) from None
        return _find(tx, principal, provider_id)


def delete_provider(platform: Platform, principal: Principal, provider_id: int) -> None:
    _check_may(principal)
    with platform.database.transaction() as tx:
        _find(tx, principal, provider_id, lock=True)
        ai_providers.delete(tx, provider_id)


def provider_for(platform: Platform, tenant_id: str | None, model: str) -> Provider:
    """Who answers a tenant's scripts for a model; raises CallRefused that says which there are."""
    with platform.database.transaction() as tx:
        stored = ai_providers.usable(tx, tenant_id)
    try:
        usable = [*stored, *platform.ai_of_settings()]
    except Wrong as error:
        raise CallRefused(error.text, "settings") from None
    provider = chosen(usable, model)
    if provider is None:
        raise _no_provider(model, served(usable))
    return provider


def endpoint_of(platform: Platform, provider: Provider) -> Endpoint:
    """Where to ask it, with its key opened; raises CannotOpen or NoMasterKey."""
    key = provider.plain_key
    if provider.sealed_key is not None:
        context = key_context(provider.tenant_id, provider.base_url)
        key = platform.cipher.open(provider.sealed_key, context)
    return Endpoint(provider.name, provider.base_url, key)


def _check_may(principal: Principal) -> None:
    """A tenant's editors manage its own; all others are for the platform's administrators."""
    if principal.is_platform:
        require(principal, Role.admin)


def _find(
    tx: Transaction, principal: Principal, provider_id: int, *, lock: bool = False
) -> Provider:
    found = ai_providers.get(tx, provider_id, principal.tenant_id, lock=lock)
    if found is None:
        raise NotFound(
            Text(f"AI 服务商 {provider_id} 不存在", f"AI provider {provider_id} does not exist")
        )
    return found


def _laid_over(before: Provider, changes: Mapping[str, Any], stays: bool) -> dict[str, Any]:
    stored = before.shown()
    sent = {name: value for name, value in changes.items() if name not in _ONLY_SHOWN}
    if stays:
        sent.pop("api_key", None)
    return {**{name: stored[name] for name in _FIELDS}, **sent}


def _check(platform: Platform, spec: ProviderSpec) -> None:
    if spec.api_key == MASK:
        text = Text("请填写真实的 API 密钥", "give the key itself, not its mask")
        raise Invalid(FieldError("api_key", text))
    try:
        check_base_url(spec.base_url, platform.settings.egress_allow)
    except Wrong as error:
        raise Invalid(FieldError("base_url", error.text)) from error


def _check_key_may_stay(before: Provider, spec: ProviderSpec) -> None:
    """A key goes to the host that it was given for: else who may edit could have it sent home."""
    if before.sealed_key and origin(spec.base_url) != origin(before.base_url):
        text = Text(
            "更换接口域名时须重新填写 API 密钥", "give the API key again, as the host is another"
        )
        raise Invalid(FieldError("api_key", text))


def _sealed(platform: Platform, spec: ProviderSpec) -> str | None:
    if spec.api_key is None:
        return None
    return platform.cipher.seal(spec.api_key, key_context(spec.tenant_id, spec.base_url))


def _taken(name: str) -> Conflict:
    return Conflict(
        Text(f"已有名为“{name}”的 AI 服务商", f"there is an AI provider named '{name}' already"),
        code="name_taken",
    )


def _no_provider(model: str, names: list[str]) -> CallRefused:
    known = ", ".join(names[:20])
    if not known:
        return CallRefused(
            Text(
                "平台尚未配置 AI 服务商,请联系管理员",
                "no AI provider is set up; tell your administrator",
            ),
            "model",
        )
    return CallRefused(
        Text(
            f"没有提供模型 {model} 的 AI 服务商,可用的模型: {known}",
            f"no AI provider has the model {model}; there are: {known}",
        ),
        "model",
    )


_TENANT_STAYS = Text(
    "AI 服务商的租户不能更改;请在目标租户下新建",
    "an AI provider stays with its tenant; make a new one for the other tenant",
)
