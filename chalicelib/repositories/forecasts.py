"""What is to come: tasks that are not planned yet, and attempts that are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib.repositories.database import Transaction
from chalicelib.repositories.due_tasks import SELECT_DUE, DueTask, due_task

_COMING = """
    FORCE INDEX (due)
    WHERE is_enabled = 1 AND next_run_at < %(until)s
      AND (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)
    ORDER BY next_run_at, id LIMIT %(most)s
"""


def tasks_before(
    tx: Transaction, tenant_id: str | None, until: datetime, most: int
) -> list[DueTask]:
    """Tasks of one tenant, or of all, with an occurrence that is to be planned before `until`."""
    params: dict[str, Any] = {"tenant_id": tenant_id, "until": until, "most": most}
    return [due_task(row) for row in tx.all(SELECT_DUE + _COMING, params)]


def planned_before(tx: Transaction, tenant_id: str | None, until: datetime) -> int:
    """How many scheduled attempts wait that are due before `until`."""
    row = tx.one(
        "SELECT COUNT(*) AS n FROM platform_task_logs"
        " WHERE status = 'queued' AND due_at < %(until)s AND trigger_type = 'schedule'"
        " AND (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)",
        {"tenant_id": tenant_id, "until": until},
    )
    return int(row["n"]) if row else 0
