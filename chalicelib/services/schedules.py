"""The schedule of a task as it holds for its tenant, whose own working days may differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from chalicelib.domain import schedule
from chalicelib.domain.schedule import Bounds, Schedule
from chalicelib.domain.workdays import NONE, Exceptions
from chalicelib.repositories import calendar_days
from chalicelib.repositories.database import Transaction


class Scheduled(Protocol):
    """As much of a task as its schedule needs."""

    @property
    def tenant_id(self) -> str | None: ...
    @property
    def schedule_type(self) -> Any: ...
    @property
    def time_points(self) -> list[Any] | None: ...
    @property
    def cron_expression(self) -> str | None: ...
    @property
    def timezone(self) -> str: ...
    @property
    def calendar(self) -> Any: ...
    @property
    def start_date(self) -> Any: ...
    @property
    def end_date(self) -> Any: ...


#: A tenant's own days, by tenant.
Days = dict[str | None, Exceptions]


def own_days(tx: Transaction, tasks: Iterable[Scheduled]) -> Days:
    """Of the tenants among these tasks to whose schedules it matters."""
    return calendar_days.of_tenants(tx, {task.tenant_id for task in tasks if _counts(task)})


def schedule_of(task: Scheduled, days: Days) -> Schedule:
    """Raises Invalid where a stored schedule cannot be read."""
    exceptions = days.get(task.tenant_id, NONE)
    bounds = Bounds(task.calendar, task.start_date, task.end_date, exceptions)
    return schedule.parse(
        task.schedule_type, task.time_points, task.cron_expression, task.timezone, bounds
    )


def _counts(task: Scheduled) -> bool:
    return task.calendar != "every_day" or any(
        isinstance(point, dict) and "workdays" in point for point in task.time_points or ()
    )
