"""Rows of the system that this one replaces: local times become UTC, identities become unique.

Its `DATETIME`s are wall times of the zone that its server stood in. In an empty database
nothing here finds a row.
"""

from __future__ import annotations

from infra.local_times import to_utc
from infra.migrate import Cursor

TIMES = {
    "platform_scheduled_tasks": ("last_run_at", "created_at", "updated_at"),
    "platform_task_notify_channels": ("created_at", "updated_at"),
    "platform_task_logs": ("started_at", "finished_at", "created_at"),
}


def migrate(cursor: Cursor, legacy_zone: str) -> None:
    for table, columns in TIMES.items():
        to_utc(cursor, table, columns, legacy_zone)
    _make_identities_unique(cursor)
    # The process that carried these out is gone, and with it the knowledge of how they ended.
    cursor.execute(
        "UPDATE platform_task_logs SET status = 'failed', error = 'lost: the former system stopped'"
        " WHERE status = 'running' OR status IS NULL"
    )
    cursor.execute(
        "UPDATE platform_scheduled_tasks SET last_run_status = 'failed', updated_at = updated_at"
        " WHERE last_run_status = 'running'"
    )
    _fill_defaults(cursor)


def _make_identities_unique(cursor: Cursor) -> None:
    """`(trace_id, retry_count)` becomes an attempt's identity; the oldest row keeps its own."""
    cursor.execute("UPDATE platform_task_logs SET retry_count = 0 WHERE retry_count IS NULL")
    cursor.execute(
        "UPDATE platform_task_logs SET trace_id = CONCAT('legacy-', id)"
        " WHERE trace_id IS NULL OR trace_id = ''"
    )
    cursor.execute(
        "UPDATE platform_task_logs l JOIN ("
        "  SELECT trace_id, retry_count, MIN(id) AS oldest FROM platform_task_logs"
        "  GROUP BY trace_id, retry_count HAVING COUNT(*) > 1"
        ") d ON d.trace_id = l.trace_id AND d.retry_count = l.retry_count"
        " SET l.trace_id = CONCAT(LEFT(l.trace_id, 75), '#', l.id)"
        " WHERE l.id <> d.oldest"
    )


def _fill_defaults(cursor: Cursor) -> None:
    """Columns that the former system left NULL get the document's defaults."""
    cursor.execute(
        "UPDATE platform_scheduled_tasks SET"
        " timezone = COALESCE(NULLIF(timezone, ''), 'Asia/Shanghai'),"
        " retry_count = COALESCE(retry_count, 0), retry_interval = COALESCE(retry_interval, 60),"
        " alert_on_failure = COALESCE(alert_on_failure, 0), is_enabled = COALESCE(is_enabled, 0),"
        " updated_at = updated_at"
    )
    cursor.execute(
        "UPDATE platform_task_notify_channels SET is_enabled = COALESCE(is_enabled, 0),"
        " updated_at = updated_at"
    )
    # The former system wrote '' where it meant the platform itself.
    cursor.execute(
        "UPDATE platform_scheduled_tasks SET tenant_id = NULL, updated_at = updated_at"
        " WHERE tenant_id = ''"
    )
    cursor.execute("UPDATE platform_task_logs SET tenant_id = NULL WHERE tenant_id = ''")
