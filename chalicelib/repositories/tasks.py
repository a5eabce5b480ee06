"""`platform_scheduled_tasks`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain.tasks import Deps, Task, TaskSpec
from chalicelib.repositories.database import (
    LOCK,
    MINE,
    NEWEST_FIRST,
    Row,
    Transaction,
    decode_json,
    encode_json,
    like,
)

JSON_COLUMNS = ("time_points", "input_params", "notify_channels")


_SELECT = """
    SELECT id, tenant_id, task_name, task_desc, schedule_type, time_points, cron_expression,
       timezone, execution_type, webhook_url, script_content, script_deps, input_params,
       retry_count, retry_interval, alert_on_failure, alert_webhook, notify_channels,
       notify_wecom_app_id, is_enabled, timeout_seconds, calendar, start_date, end_date,
       jitter_seconds, missed_policy, missed_window_seconds, overlap_policy, concurrency_key,
       retry_backoff, notify_when, alert_after_failures, alert_quiet_minutes, owner, version,
       next_run_at,
       last_run_at, last_run_status, last_run_message, deps_status, deps_bundle, deps_python,
       deps_packages, created_at, updated_at
    FROM platform_scheduled_tasks
    WHERE
"""


def _task(row: Row) -> Task:
    """Stored rows are taken as they are: an adopted one may break a rule that came later."""
    for column in (*JSON_COLUMNS, "deps_packages"):
        row[column] = decode_json(row[column])
    for column in ("time_points", "notify_channels"):
        row[column] = as_list(row[column])
    for column in ("alert_on_failure", "is_enabled"):
        row[column] = bool(row[column])
    return Task.model_construct(**row)


def as_list(value: Any) -> list[Any] | None:
    """What stands in the place of a list counts as its only element, for the rules to judge."""
    return value if value is None or isinstance(value, list) else [value]


def _columns(spec: TaskSpec, deps: Deps) -> dict[str, Any]:
    values = spec.model_dump()
    return {
        **values,
        **{column: encode_json(values[column]) for column in JSON_COLUMNS},
        "deps_status": deps.status,
        "deps_bundle": deps.bundle,
        "deps_python": deps.python,
        "deps_packages": encode_json(deps.packages),
    }


def get(
    tx: Transaction, task_id: int, tenant_id: str | None = None, *, lock: bool = False
) -> Task | None:
    """One task; with a `tenant_id`, only if it is that tenant's. `lock` holds its row."""
    row = tx.one(
        _SELECT + MINE + (LOCK if lock else ""),
        {"id": task_id, "tenant_id": tenant_id},
    )
    return _task(row) if row else None


def exists(tx: Transaction, task_id: int) -> bool:
    """Whether there is such a task; its row is neither read nor held."""
    found = "SELECT 1 AS yes FROM platform_scheduled_tasks WHERE id = %(id)s"
    return tx.one(found, {"id": task_id}) is not None


@dataclass(frozen=True)
class TaskFilter:
    """What a list of tasks is narrowed to; None leaves a field free."""

    tenant_id: str | None = None
    search: str | None = None
    is_enabled: bool | None = None
    schedule_type: str | None = None
    execution_type: str | None = None
    last_run_status: str | None = None

    def params(self) -> dict[str, Any]:
        return {**self.__dict__, "pattern": like(self.search)}


_COUNT = "SELECT COUNT(*) AS n FROM platform_scheduled_tasks WHERE "
_FILTER = """
    (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)
    AND (%(pattern)s IS NULL OR task_name LIKE %(pattern)s ESCAPE '!'
         OR task_desc LIKE %(pattern)s ESCAPE '!')
    AND (%(is_enabled)s IS NULL OR is_enabled = %(is_enabled)s)
    AND (%(schedule_type)s IS NULL OR schedule_type = %(schedule_type)s)
    AND (%(execution_type)s IS NULL OR execution_type = %(execution_type)s)
    AND (%(last_run_status)s IS NULL OR last_run_status = %(last_run_status)s)
"""


def page(tx: Transaction, wanted: TaskFilter, *, offset: int, limit: int) -> list[Task]:
    """Newest first."""
    rows = tx.all(
        _SELECT + _FILTER + NEWEST_FIRST,
        {**wanted.params(), "offset": offset, "limit": limit},
    )
    return [_task(row) for row in rows]


def count(tx: Transaction, wanted: TaskFilter) -> int:
    row = tx.one(_COUNT + _FILTER, wanted.params())
    return int(row["n"]) if row else 0


def add(tx: Transaction, spec: TaskSpec, deps: Deps, *, owner: str, now: datetime) -> int:
    """Store a new task, without a plan; returns its id."""
    return tx.insert(
        """
        INSERT INTO platform_scheduled_tasks
            (tenant_id, task_name, task_desc, schedule_type, time_points, cron_expression, timezone,
             execution_type, webhook_url, script_content, script_deps, input_params, retry_count,
             retry_interval, alert_on_failure, alert_webhook, notify_channels, notify_wecom_app_id,
             is_enabled, timeout_seconds, calendar, start_date, end_date, jitter_seconds,
             missed_policy, missed_window_seconds, overlap_policy, concurrency_key, retry_backoff,
             notify_when, alert_after_failures, alert_quiet_minutes,
             deps_status, deps_bundle, deps_python, deps_packages, owner, created_at, updated_at)
        VALUES
            (%(tenant_id)s, %(task_name)s, %(task_desc)s, %(schedule_type)s, %(time_points)s,
             %(cron_expression)s, %(timezone)s, %(execution_type)s, %(webhook_url)s,
             %(script_content)s, %(script_deps)s, %(input_params)s, %(retry_count)s,
             %(retry_interval)s, %(alert_on_failure)s, %(alert_webhook)s, %(notify_channels)s,
             %(notify_wecom_app_id)s, %(is_enabled)s, %(timeout_seconds)s, %(calendar)s,
             %(start_date)s, %(end_date)s, %(jitter_seconds)s, %(missed_policy)s,
             %(missed_window_seconds)s, %(overlap_policy)s, %(concurrency_key)s, %(retry_backoff)s,
             %(notify_when)s, %(alert_after_failures)s, %(alert_quiet_minutes)s,
             %(deps_status)s, %(deps_bundle)s, %(deps_python)s, %(deps_packages)s, %(owner)s,
             %(now)s, %(now)s)
        """,
        {**_columns(spec, deps), "owner": owner, "now": now},
    )


def update(tx: Transaction, task_id: int, spec: TaskSpec, deps: Deps, *, now: datetime) -> None:
    """Store a user's change as the next version."""
    tx.execute(
        """
        UPDATE platform_scheduled_tasks
        SET tenant_id = %(tenant_id)s, task_name = %(task_name)s, task_desc = %(task_desc)s,
            schedule_type = %(schedule_type)s, time_points = %(time_points)s,
            cron_expression = %(cron_expression)s, timezone = %(timezone)s,
            execution_type = %(execution_type)s, webhook_url = %(webhook_url)s,
            script_content = %(script_content)s, script_deps = %(script_deps)s,
            input_params = %(input_params)s, retry_count = %(retry_count)s,
            retry_interval = %(retry_interval)s, alert_on_failure = %(alert_on_failure)s,
            alert_webhook = %(alert_webhook)s, notify_channels = %(notify_channels)s,
            notify_wecom_app_id = %(notify_wecom_app_id)s, is_enabled = %(is_enabled)s,
            timeout_seconds = %(timeout_seconds)s, calendar = %(calendar)s,
            start_date = %(start_date)s, end_date = %(end_date)s,
            jitter_seconds = %(jitter_seconds)s, missed_policy = %(missed_policy)s,
            missed_window_seconds = %(missed_window_seconds)s,
            overlap_policy = %(overlap_policy)s, concurrency_key = %(concurrency_key)s,
            retry_backoff = %(retry_backoff)s, notify_when = %(notify_when)s,
            alert_after_failures = %(alert_after_failures)s,
            alert_quiet_minutes = %(alert_quiet_minutes)s, deps_status = %(deps_status)s,
            deps_bundle = %(deps_bundle)s, deps_python = %(deps_python)s,
            deps_packages = %(deps_packages)s, version = version + 1, updated_at = %(now)s
        WHERE id = %(id)s
        """,
        {**_columns(spec, deps), "id": task_id, "now": now},
    )


def set_enabled(tx: Transaction, task_id: int, is_enabled: bool, *, now: datetime) -> None:
    tx.execute(
        "UPDATE platform_scheduled_tasks SET is_enabled = %(is_enabled)s, updated_at = %(now)s"
        " WHERE id = %(id)s",
        {"id": task_id, "is_enabled": is_enabled, "now": now},
    )


def delete(tx: Transaction, task_id: int) -> None:
    tx.execute("DELETE FROM platform_scheduled_tasks WHERE id = %(id)s", {"id": task_id})


def record_start(tx: Transaction, task_id: int, now: datetime) -> None:
    tx.execute(
        "UPDATE platform_scheduled_tasks SET last_run_at = %(now)s, last_run_status = 'running'"
        " WHERE id = %(id)s",
        {"id": task_id, "now": now},
    )


def record_end(tx: Transaction, task_id: int, status: str, message: str | None) -> None:
    tx.execute(
        "UPDATE platform_scheduled_tasks SET last_run_status = %(status)s,"
        " last_run_message = %(message)s WHERE id = %(id)s",
        {"id": task_id, "status": status, "message": message},
    )


def using(tx: Transaction, channel_id: int) -> Sequence[Row]:
    """`id`, `task_name` and `tenant_id` of tasks that send to a channel, 20 at most."""
    return tx.all(
        "SELECT id, task_name, tenant_id FROM platform_scheduled_tasks"
        " WHERE JSON_CONTAINS(notify_channels, %(channel)s) LIMIT 20",
        {"channel": str(channel_id)},
    )
