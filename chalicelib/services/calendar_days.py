"""A tenant's own working days and days off, which come before the State Council's notice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from chalicelib.domain.access import Principal, tenant_of_new
from chalicelib.domain.errors import NotFound
from chalicelib.domain.tasks import Flag, TenantId
from chalicelib.domain.text import Text
from chalicelib.domain.validation import read
from chalicelib.repositories import calendar_days, task_calendars, tasks
from chalicelib.repositories.database import Transaction
from chalicelib.services import sending
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from chalicelib.services.replanning import replan
from chalicelib.services.tenants import register


class DaySpec(BaseModel):
    """What a user may set: whether a day is worked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: TenantId | None = None
    day: date
    is_workday: Flag
    note: Annotated[str, StringConstraints(max_length=200)] | None = None


def list_days(
    platform: Platform, tenant_id: str | None, year: int | None, page: Page
) -> dict[str, Any]:
    with platform.database.transaction() as tx:
        found = calendar_days.page(tx, tenant_id, year, offset=page.offset, limit=page.size)
        return page.answer(found, calendar_days.count(tx, tenant_id, year))


def put_day(platform: Platform, principal: Principal, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Store a day, in place of what was there; the tasks that it concerns follow."""
    wished = read(DaySpec, sent)
    tenant_id = tenant_of_new(principal, wished.tenant_id)
    row = {**wished.model_dump(), "tenant_id": tenant_id, "now": platform.now()}
    with platform.database.transaction() as tx:
        register(tx, tenant_id, platform.now())
        calendar_days.put(tx, row)
        planned = _have_planned_again(tx, tenant_id, platform.now())
    _settle(platform, planned)
    with platform.database.transaction() as tx:
        return calendar_days.on(tx, tenant_id, wished.day) or {}


def delete_day(platform: Platform, principal: Principal, day_id: int) -> None:
    """Take a day back: the notice decides again."""
    with platform.database.transaction() as tx:
        found = calendar_days.get(tx, day_id, principal.tenant_id)
        if found is None:
            raise NotFound(Text(f"日历日 {day_id} 不存在", f"calendar day {day_id} does not exist"))
        calendar_days.delete(tx, day_id)
        planned = _have_planned_again(tx, found["tenant_id"], platform.now())
    _settle(platform, planned)


def _have_planned_again(tx: Transaction, tenant_id: str | None, now: datetime) -> list[int]:
    """Have the next tick plan every task that it concerns; returns those with planned rows."""
    task_calendars.plan_again(tx, tenant_id, now)
    return task_calendars.planned(tx, tenant_id)


def _settle(platform: Platform, task_ids: list[int]) -> None:
    """Bring rows that are planned already in line, task by task."""
    for task_id in task_ids:
        with platform.database.transaction() as tx:
            task = tasks.get(tx, task_id, lock=True)
            planned = replan(tx, task, platform.now()) if task else []
        sending.send_runs(platform, planned)
