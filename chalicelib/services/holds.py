"""Pausing the schedules of a tenant or of all, and what a hold means to those that it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from chalicelib.domain.access import Principal, tenant_of_new
from chalicelib.domain.errors import FieldError, Invalid
from chalicelib.domain.holds import EVERYTHING, FOR_EVER, Kind, covering, scopes_over
from chalicelib.domain.skip_words import words_of
from chalicelib.domain.tasks import PLATFORM_TENANT, TenantId
from chalicelib.domain.text import Language, Text
from chalicelib.domain.validation import read
from chalicelib.repositories import holds, locks, tenants
from chalicelib.repositories.database import Row, Transaction
from chalicelib.repositories.holds import HoldFilter
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform

#: A tenant, or the platform's own tasks; null is all, or the tenant whose key it is.
Whose = Literal["_platform"] | TenantId | None


class PauseSpec(BaseModel):
    """What is to rest, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: Whose = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)] = ""


class ResumeSpec(BaseModel):
    """What is to go on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: Whose = None


def scope_of(tx: Transaction, principal: Principal, wished: str | None) -> str:
    """The scope that a caller may hold up. Raises Forbidden, and Invalid for an unknown tenant."""
    scope = tenant_of_new(principal, wished) or EVERYTHING
    known = scope in (EVERYTHING, PLATFORM_TENANT) or not principal.is_platform
    if not known and tenants.get(tx, scope) is None:
        text = Text(f"租户 {scope} 不存在", f"tenant {scope} does not exist")
        raise Invalid(FieldError("tenant_id", text))
    return scope


def scopes_seen(principal: Principal, tenant_id: str | None) -> tuple[str, ...]:
    """The scopes whose holds a list shows: those that concern a tenant, or all."""
    return scopes_over(tenant_id) if tenant_id or not principal.is_platform else ()


def pause(platform: Platform, principal: Principal, sent: Mapping[str, Any]) -> Row:
    """Have schedules rest until they are resumed; a pause that goes on stays as it is."""
    wished = read(PauseSpec, sent)
    now = platform.now()
    with platform.database.transaction() as tx:
        scope = scope_of(tx, principal, wished.tenant_id)
        locks.hold(tx, f"pause:{scope}")
        going_on = HoldFilter(Kind.PAUSE, (scope,), now)
        if not holds.page(tx, going_on, offset=0, limit=1):
            row = {"scope": scope, "kind": Kind.PAUSE, "reason": wished.reason, "now": now}
            times = {"starts_at": now, "ends_at": FOR_EVER, "created_by": principal.name}
            holds.add(tx, {**row, **times})
        (row,) = holds.page(tx, going_on, offset=0, limit=1)
        return _shown(row)


def resume(platform: Platform, principal: Principal, sent: Mapping[str, Any]) -> dict[str, Any]:
    """End a pause. `paused` tells whether another one still holds: the platform's, over a
    tenant's."""
    wished = read(ResumeSpec, sent)
    now = platform.now()
    with platform.database.transaction() as tx:
        scope = scope_of(tx, principal, wished.tenant_id)
        locks.hold(tx, f"pause:{scope}")
        ended = holds.end_pauses(tx, scope, now)
        still = HoldFilter(Kind.PAUSE, (EVERYTHING, scope), now)
        return {
            "tenant_id": _tenant(scope),
            "resumed": ended > 0,
            "paused": holds.count(tx, still) > 0,
        }


def list_pauses(
    platform: Platform, principal: Principal, tenant_id: str | None, page: Page
) -> dict[str, Any]:
    """The pauses that go on."""
    wanted = HoldFilter(Kind.PAUSE, scopes_seen(principal, tenant_id), platform.now())
    with platform.database.transaction() as tx:
        found = holds.page(tx, wanted, offset=page.offset, limit=page.size)
        return page.answer([_shown(row) for row in found], holds.count(tx, wanted))


def _tenant(scope: str) -> str | None:
    return None if scope == EVERYTHING else scope


def _shown(row: Row) -> Row:
    shown = ("id", "reason", "created_by")
    return {
        "tenant_id": _tenant(row["scope"]),
        **{name: row[name] for name in shown},
        "paused_at": row["starts_at"],
    }


RUNS_ALL_THE_SAME = Text("本次手动执行照常进行", "this run goes ahead all the same")
BACKFILL_WAITS = Text("补跑将等到恢复后进行", "the backfill waits until they go on")


def warning(
    tx: Transaction,
    tenant_id: str | None,
    now: datetime,
    language: Language,
    so: Text = RUNS_ALL_THE_SAME,
) -> dict[str, str]:
    """What whoever starts a run by hand should know, if schedules rest just now."""
    hold = covering(holds.over(tx, tenant_id, now, now), now)
    if hold is None:
        return {}
    why = words_of(hold.skip_reason)
    return {"warning": Text(f"{why.zh};{so.zh}", f"{why.en}; {so.en}").in_(language)}
