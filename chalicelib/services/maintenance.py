"""Maintenance windows: times known beforehand at which schedules rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from chalicelib.domain.access import Principal
from chalicelib.domain.errors import FieldError, Forbidden, Invalid, NotFound
from chalicelib.domain.holds import EVERYTHING, Kind
from chalicelib.domain.text import Text
from chalicelib.domain.validation import read
from chalicelib.repositories import holds
from chalicelib.repositories.database import Row, Transaction
from chalicelib.repositories.holds import HoldFilter
from chalicelib.services.holds import Whose, scope_of, scopes_seen
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform

#: What lasts longer is a pause, or a mistyped year.
LONGEST = timedelta(days=31)
_OWN = ("id", "state", "created_by", "created_at")


class WindowSpec(BaseModel):
    """From when to when, whose schedules, and why: the reason names the window."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: Whose = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


def list_windows(
    platform: Platform, principal: Principal, tenant_id: str | None, with_past: bool, page: Page
) -> dict[str, Any]:
    """Those that concern a tenant, or all; without the past those that are not over."""
    now = platform.now()
    scopes = scopes_seen(principal, tenant_id)
    wanted = HoldFilter(Kind.MAINTENANCE, scopes, None if with_past else now)
    with platform.database.transaction() as tx:
        found = holds.page(tx, wanted, offset=page.offset, limit=page.size)
        return page.answer([_shown(row, now) for row in found], holds.count(tx, wanted))


def create_window(platform: Platform, principal: Principal, sent: Mapping[str, Any]) -> Row:
    wished = read(WindowSpec, sent)
    now = platform.now()
    _check(wished, now)
    with platform.database.transaction() as tx:
        scope = scope_of(tx, principal, wished.tenant_id)
        row = {**wished.model_dump(), "scope": scope, "kind": Kind.MAINTENANCE}
        made = holds.add(tx, {**row, "created_by": principal.name, "now": now})
        return _shown(_find(tx, principal, made), now)


def update_window(
    platform: Platform, principal: Principal, window_id: int, sent: Mapping[str, Any]
) -> Row:
    """Lay changes over a window; what was skipped for it stays skipped."""
    now = platform.now()
    with platform.database.transaction() as tx:
        before = _changeable(tx, principal, window_id)
        stored = {name: before[name] for name in ("starts_at", "ends_at", "reason")}
        tenant_id = _shown(before, now)["tenant_id"]
        left = {name: value for name, value in sent.items() if name not in _OWN}
        wished = read(WindowSpec, {**stored, "tenant_id": tenant_id, **left})
        if wished.tenant_id != tenant_id:
            raise Invalid(FieldError("tenant_id", _STAYS))
        _check(wished, now)
        holds.change(tx, window_id, wished.model_dump())
        return _shown(_find(tx, principal, window_id), now)


_STAYS = Text("维护窗口的租户不能更改;请新建", "a window stays with its tenant; make a new one")


def delete_window(platform: Platform, principal: Principal, window_id: int) -> None:
    """Take a window back; what is due from now on runs."""
    with platform.database.transaction() as tx:
        _changeable(tx, principal, window_id)
        holds.delete(tx, window_id)


def _find(tx: Transaction, principal: Principal, window_id: int, *, lock: bool = False) -> Row:
    found = holds.get(tx, window_id, Kind.MAINTENANCE, lock=lock)
    seen = scopes_seen(principal, principal.tenant_id)
    if found is None or (seen and found["scope"] not in seen):
        text = f"maintenance window {window_id} does not exist"
        raise NotFound(Text(f"维护窗口 {window_id} 不存在", text))
    return found


def _changeable(tx: Transaction, principal: Principal, window_id: int) -> Row:
    found = _find(tx, principal, window_id, lock=True)
    if found["scope"] == EVERYTHING and not principal.is_platform:
        raise Forbidden(
            Text("该维护窗口由平台管理", "this window is the platform's to change, not a tenant's")
        )
    return found


def _check(wished: WindowSpec, now: datetime) -> None:
    """Raise Invalid for a window that is none."""
    for name in ("starts_at", "ends_at"):
        if not 2000 <= getattr(wished, name).year <= 9000:
            raise Invalid(FieldError(name, Text("年份超出范围", "its year is out of range")))
    if wished.ends_at <= wished.starts_at:
        text = Text("须晚于 starts_at", "must be later than starts_at")
        raise Invalid(FieldError("ends_at", text))
    if wished.ends_at <= now:
        text = Text("维护窗口已经过去,请修改时间", "this window is past; change its times")
        raise Invalid(FieldError("ends_at", text))
    if wished.ends_at - wished.starts_at > LONGEST:
        text = Text(
            "维护窗口最长 31 天;更久请使用暂停(POST /api/pause)",
            "a window has at most 31 days; for longer, pause (POST /api/pause)",
        )
        raise Invalid(FieldError("ends_at", text))


def _shown(row: Row, now: datetime) -> Row:
    state = "coming" if now < row["starts_at"] else "now" if now < row["ends_at"] else "over"
    shown = ("id", "starts_at", "ends_at", "reason", "created_by", "created_at")
    tenant_id = None if row["scope"] == EVERYTHING else row["scope"]
    return {**{name: row[name] for name in shown}, "tenant_id": tenant_id, "state": state}
