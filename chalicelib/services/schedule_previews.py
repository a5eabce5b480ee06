"""What a schedule that is not saved yet would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from chalicelib.domain.access import Principal, tenant_of_new
from chalicelib.domain.holds import Hold, covering
from chalicelib.domain.schedule_preview import Shown, preview, warning
from chalicelib.domain.schedule_words import describe
from chalicelib.domain.skip_words import words_of
from chalicelib.domain.tasks import TenantId
from chalicelib.domain.text import Language
from chalicelib.domain.validation import read
from chalicelib.domain.workdays import Calendar
from chalicelib.repositories import holds
from chalicelib.repositories.database import Transaction
from chalicelib.services.platform import Platform
from chalicelib.services.schedules import own_days, schedule_of


class PreviewSpec(BaseModel):
    """The schedule's fields as a task has them; `after` is now if it is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: TenantId | None = None
    schedule_type: Literal["simple", "cron"] = "simple"
    time_points: list[Any] | None = None
    cron_expression: Annotated[str, StringConstraints(max_length=100)] | None = None
    timezone: Annotated[str, StringConstraints(max_length=50)] = "Asia/Shanghai"
    calendar: Calendar = "every_day"
    start_date: date | None = None
    end_date: date | None = None
    after: AwareDatetime | None = None
    count: Annotated[int, Field(ge=1, le=100, strict=True)] = 10


def preview_schedule(
    platform: Platform, principal: Principal, sent: Mapping[str, Any], language: Language
) -> dict[str, Any]:
    """The next occurrences, what moved or removed some, and the schedule in words."""
    wished = read(PreviewSpec, sent)
    wished = wished.model_copy(update={"tenant_id": tenant_of_new(principal, wished.tenant_id)})
    now = platform.now()
    with platform.database.transaction() as tx:
        schedule = schedule_of(wished, own_days(tx, [wished]))
        coming = preview(schedule, wished.after or now, wished.count)
        resting = _with_holds(tx, wished.tenant_id, coming)
    told = warning(schedule, now)
    return {
        "items": [_item(one, language) for one in resting],
        "text": describe(schedule).in_(language),
        "warning": told.in_(language) if told else None,
    }


def _with_holds(tx: Transaction, tenant_id: str | None, coming: list[Shown]) -> list[Shown]:
    """With those marked that a pause or a maintenance window will skip, as far as is known now."""
    if not coming:
        return []
    found = holds.over(tx, tenant_id, coming[0].utc, coming[-1].utc)
    return [_with_hold(one, covering(found, one.utc)) for one in coming]


def _with_hold(shown: Shown, hold: Hold | None) -> Shown:
    if hold is None or not shown.is_due:
        return shown
    return replace(shown, note=words_of(hold.skip_reason), is_due=False)


def _item(shown: Shown, language: Language) -> dict[str, Any]:
    return {
        "utc": shown.utc,
        "local": _local(shown.local),
        "note": shown.note.in_(language) if shown.note else None,
        "runs": shown.is_due,
    }


def _local(local: datetime) -> str:
    return local.isoformat()
