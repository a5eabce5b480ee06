"""`platform_scheduled_tasks` by working days: the tasks that a change of them concerns."""

from __future__ import annotations

from datetime import datetime

from chalicelib.repositories.database import Transaction

_CONCERNED = """
    t.tenant_id <=> %(tenant_id)s AND t.is_enabled = 1
    AND (t.calendar <> 'every_day' OR JSON_EXTRACT(t.time_points, '$[*].workdays') IS NOT NULL)
"""
_PLAN_AGAIN = "UPDATE platform_scheduled_tasks t SET t.next_run_at = %(now)s WHERE "
_PLANNED = """
    SELECT DISTINCT t.id
    FROM platform_task_logs l JOIN platform_scheduled_tasks t ON t.id = l.task_id
    WHERE l.status = 'queued' AND l.trigger_type = 'schedule' AND
"""


def plan_again(tx: Transaction, tenant_id: str | None, now: datetime) -> None:
    """Have the next tick look at all tasks of a tenant that depend on working days."""
    later = " AND (t.next_run_at > %(now)s OR t.next_run_at IS NULL)"
    tx.execute(_PLAN_AGAIN + _CONCERNED + later, {"tenant_id": tenant_id, "now": now})


def planned(tx: Transaction, tenant_id: str | None) -> list[int]:
    """Tasks of a tenant that depend on working days and have an occurrence planned."""
    rows = tx.all(_PLANNED + _CONCERNED, {"tenant_id": tenant_id})
    return [row["id"] for row in rows]
