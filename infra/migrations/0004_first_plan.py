"""Adopted tasks get their next occurrence; one whose schedule is unreadable stops, and says so."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from chalicelib.domain import schedule
from chalicelib.domain.errors import Invalid
from infra.migrate import Cursor


def migrate(cursor: Cursor, legacy_zone: str) -> None:
    cursor.execute("SELECT UTC_TIMESTAMP(6)")
    now = cursor.fetchall()[0][0]
    cursor.execute(
        "SELECT id, schedule_type, time_points, cron_expression, timezone"
        " FROM platform_scheduled_tasks WHERE is_enabled = 1 AND next_run_at IS NULL"
    )
    for task_id, *columns in cursor.fetchall():
        _plan(cursor, task_id, columns, now)


def _plan(cursor: Cursor, task_id: int, columns: list[Any], now: datetime) -> None:
    kind, points, expression, zone = columns
    try:
        parsed = schedule.parse(kind, json.loads(points or "null"), expression, zone)
        first = schedule.next_after(parsed, now)
    except Invalid as error:
        why = "; ".join(f"{e.field}: {e.message.zh} / {e.message.en}" for e in error.errors)
        cursor.execute(
            "UPDATE platform_scheduled_tasks SET is_enabled = 0, last_run_status = 'failed',"
            " last_run_message = %s WHERE id = %s",
            (f"迁移时停用 / stopped by the migration: {why}", task_id),
        )
        return
    cursor.execute(
        "UPDATE platform_scheduled_tasks SET next_run_at = %s WHERE id = %s",
        (first, task_id),
    )
