"""Tasks: what their owners do with them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.access import Principal, tenant_of_new
from chalicelib.domain.errors import FieldError, Invalid, NotFound
from chalicelib.domain.messages.webhook import mask_webhook
from chalicelib.domain.runs import SkipReason, Trigger
from chalicelib.domain.schedule import next_after
from chalicelib.domain.tasks import Task, TaskSpec, merged
from chalicelib.domain.text import Language, Text
from chalicelib.domain.validation import read
from chalicelib.repositories import logs, tasks, variables
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.logs import NewAttempt
from chalicelib.repositories.tasks import TaskFilter
from chalicelib.services import sending
from chalicelib.services.dependencies import Made, saved_with_bundle, settled
from chalicelib.services.holds import warning
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from chalicelib.services.replanning import catch_up, replan
from chalicelib.services.schedules import Days, own_days, schedule_of
from chalicelib.services.task_rules import check, check_comes
from chalicelib.services.tenants import register


def list_tasks(platform: Platform, wanted: TaskFilter, page: Page) -> dict[str, Any]:
    with platform.database.transaction() as tx:
        found = tasks.page(tx, wanted, offset=page.offset, limit=page.size)
        days = own_days(tx, found)
        items = [_shown(task, days, platform.now()) for task in found]
        return page.answer(items, tasks.count(tx, wanted))


def shown(platform: Platform, task: Task) -> dict[str, Any]:
    """A task as people read it: `next_run_at` is the next occurrence, whether planned or not."""
    with platform.database.transaction() as tx:
        return _shown(task, own_days(tx, [task]), platform.now())


def _shown(task: Task, days: Days, now: datetime) -> dict[str, Any]:
    coming = next_after(schedule_of(task, days), now) if task.next_run_at else None
    # The address of a robot is its key.
    address = mask_webhook(task.alert_webhook) if task.alert_webhook else None
    return {**task.model_dump(), "next_run_at": coming, "alert_webhook": address}


def get_task(platform: Platform, principal: Principal, task_id: int) -> Task:
    with platform.database.transaction() as tx:
        return find(tx, principal, task_id)


def create_task(platform: Platform, principal: Principal, sent: Mapping[str, Any]) -> Task:
    """Store a task with the plan of its next 180 s; nothing is written if anything is wrong."""
    wished = read(TaskSpec, sent)
    spec = wished.model_copy(update={"tenant_id": tenant_of_new(principal, wished.tenant_id)})
    return saved_with_bundle(platform, lambda made: _create(platform, principal, spec, made))


def _create(platform: Platform, principal: Principal, spec: TaskSpec, made: Made | None) -> Task:
    now = platform.now()
    with platform.database.transaction() as tx:
        check(tx, spec, platform.settings.egress_allow)
        check_comes(spec, None, now)
        deps = settled(platform, spec, None, made)
        register(tx, spec.tenant_id, now)
        task_id = tasks.add(tx, spec, deps, owner=principal.name, now=now)
        planned = replan(tx, find(tx, principal, task_id, lock=True), now)
        task = find(tx, principal, task_id)
    sending.send_runs(platform, planned)
    return task


def update_task(
    platform: Platform, principal: Principal, task_id: int, changes: Mapping[str, Any]
) -> Task:
    """Lay changes over a task; its planned rows follow the new schedule at once."""
    return saved_with_bundle(
        platform, lambda made: _update(platform, principal, task_id, changes, made)
    )


def _update(
    platform: Platform,
    principal: Principal,
    task_id: int,
    changes: Mapping[str, Any],
    made: Made | None,
) -> Task:
    with platform.database.transaction() as tx:
        before = find(tx, principal, task_id, lock=True)
        now = platform.now()
        spec = read(TaskSpec, merged(before, changes))
        if spec.tenant_id != before.tenant_id:
            raise Invalid(FieldError("tenant_id", _TENANT_STAYS))
        check(tx, spec, platform.settings.egress_allow)
        check_comes(spec, before, now)
        deps = settled(platform, spec, before, made)
        planned = catch_up(tx, before, now)
        tasks.update(tx, task_id, spec, deps, now=now)
        planned += replan(tx, find(tx, principal, task_id), now)
        task = find(tx, principal, task_id)
    sending.send_runs(platform, planned)
    return task


_TENANT_STAYS = Text(
    "任务的租户不能更改;请在目标租户下新建任务",
    "a task stays with its tenant; make a new one for the other tenant",
)


def toggle_task(
    platform: Platform, principal: Principal, task_id: int, is_enabled: bool | None
) -> Task:
    """Switch a task on or off; None flips it."""
    with platform.database.transaction() as tx:
        before = find(tx, principal, task_id, lock=True)
        now = platform.now()
        wished = (not before.is_enabled) if is_enabled is None else is_enabled
        planned = catch_up(tx, before, now)
        tasks.set_enabled(tx, task_id, wished, now=now)
        planned += replan(tx, find(tx, principal, task_id), now)
        task = find(tx, principal, task_id)
    sending.send_runs(platform, planned)
    return task


def delete_task(platform: Platform, principal: Principal, task_id: int) -> None:
    """Delete a task with its variables; its logs stay, and what was planned is skipped."""
    with platform.database.transaction() as tx:
        task = find(tx, principal, task_id, lock=True)
        now = platform.now()
        catch_up(tx, task, now)
        logs.skip(tx, logs.queued_of(tx, task_id), SkipReason.DELETED, now)
        # Whoever stores a variable holds these and never waits for the task's row.
        variables.lock(tx, task_id)
        variables.delete_all(tx, task_id)
        tasks.delete(tx, task_id)


def run_task(
    platform: Platform,
    principal: Principal,
    task_id: int,
    input_params: Mapping[str, Any] | None = None,
    language: Language = "zh",
) -> dict[str, Any]:
    """Start a run now, whatever the schedule and the switch say; parameters overlay the task's.

    `warning` tells where schedules rest just now.
    """
    now = platform.now()
    with platform.database.transaction() as tx:
        task = find(tx, principal, task_id)
        attempt = NewAttempt(
            trace_id=f"manual-{uuid.uuid4().hex}",
            task_id=task.id,
            tenant_id=task.tenant_id,
            task_name=task.task_name,
            due_at=now,
            trigger_type=Trigger.MANUAL,
            input_params=input_params,
        )
        log_id = logs.add(tx, attempt, now)
        warned = warning(tx, task.tenant_id, now, language)
    sending.send_these(platform, [log_id])
    return {"log_id": log_id, "trace_id": attempt.trace_id, **warned}


def find(tx: Transaction, principal: Principal, task_id: int, *, lock: bool = False) -> Task:
    """A task that the principal may see. Raises NotFound, for others' as for none."""
    task = tasks.get(tx, task_id, principal.tenant_id, lock=lock)
    if task is None:
        raise NotFound(Text(f"任务 {task_id} 不存在", f"task {task_id} does not exist"))
    return task
