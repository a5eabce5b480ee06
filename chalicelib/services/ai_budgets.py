"""Tokens of `ai()`: counted for each tenant and month, and held to the tenant's budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.domain.access import Principal, require_platform
from chalicelib.domain.ai import Tokens
from chalicelib.domain.ai_months import month_of
from chalicelib.domain.ai_providers import Provider
from chalicelib.domain.errors import CallRefused
from chalicelib.domain.tasks import PLATFORM_TENANT, TenantId
from chalicelib.domain.text import Text
from chalicelib.domain.validation import read
from chalicelib.repositories import ai_usage
from chalicelib.repositories.ai_usage import Account
from chalicelib.repositories.database import Transaction
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform


class BudgetSpec(BaseModel):
    """A tenant's limit; None: that of the settings, 0: none at all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: TenantId | None = None
    monthly_tokens: Annotated[int, Field(ge=0, le=10**15, strict=True)] | None


def check_budget(platform: Platform, tenant_id: str | None) -> None:
    """Refuse a call at the platform's expense once the month's budget is used up.

    A call that begins within it is carried out to its end, so the last one may pass it.
    """
    with platform.database.transaction() as tx:
        state = _state(tx, platform, tenant_id)
    limit, used = state["monthly_tokens"], state["used_tokens"]
    if limit and used >= limit:
        raise CallRefused(
            Text(
                f"本月 AI 额度已用完(已用 {used} / 上限 {limit} 个 token);"
                "请联系管理员调整,或配置自己的 AI 服务商",
                f"this month's AI budget is used up ({used} of {limit} tokens); have an"
                " administrator raise it, or set up an AI provider of your own",
            ),
            "budget",
        )


def count(
    platform: Platform,
    provider: Provider,
    model: str,
    tokens: Tokens,
    *,
    tenant_id: str | None,
    log_id: int | None,
) -> None:
    """Add a call to its tenant's month, and to its attempt if it has one."""
    account = Account(
        tenant_key=_key(tenant_id),
        month=month_of(platform.now()),
        paid_by="tenant" if provider.is_own else "platform",
        model=model,
    )
    with platform.database.transaction() as tx:
        ai_usage.add(tx, account, tokens)
        if log_id is not None:
            ai_usage.add_to_log(tx, log_id, tokens)


def list_usage(platform: Platform, tenant_id: str | None, month: str | None, page: Page) -> Any:
    """What was used in a month (`2026-11`; this one if None), by tenant, model and who pays.

    For one tenant with its `budget` of this month.
    """
    month = month or month_of(platform.now())
    key = tenant_id
    with platform.database.transaction() as tx:
        rows = ai_usage.page(tx, key, month, offset=page.offset, limit=page.size)
        answer = page.answer(rows, ai_usage.count(tx, key, month))
        budget = None if key is None else _state(tx, platform, _tenant(key))
    return {**answer, "month": month, "budget": budget}


def set_budget(platform: Platform, principal: Principal, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Give a tenant (or the platform's own tasks) a limit of its own; answers where it stands."""
    require_platform(principal)
    wished = read(BudgetSpec, sent)
    with platform.database.transaction() as tx:
        key = _key(wished.tenant_id)
        ai_usage.set_budget(tx, key, wished.monthly_tokens, platform.now())
        return _state(tx, platform, wished.tenant_id)


def _state(tx: Transaction, platform: Platform, tenant_id: str | None) -> dict[str, Any]:
    """The limit (0: none) and what is used of it this month."""
    key, month = _key(tenant_id), month_of(platform.now())
    limit = ai_usage.budget(tx, key)
    if limit is None:
        # The platform's own tasks are at nobody else's expense.
        limit = 0 if tenant_id is None else platform.settings.ai_monthly_tokens
    used = ai_usage.used(tx, key, month)
    return {
        "tenant_id": tenant_id,
        "month": month,
        "monthly_tokens": limit,
        "used_tokens": used,
        "left_tokens": max(0, limit - used) if limit else None,
    }


def _key(tenant_id: str | None) -> str:
    return PLATFORM_TENANT if tenant_id is None else tenant_id


def _tenant(key: str) -> str | None:
    return None if key == PLATFORM_TENANT else key
