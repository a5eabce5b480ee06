"""`platform_task_alerts`: what is to be told of runs, and what each task was said to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.repositories.database import Row, Transaction


@dataclass(frozen=True)
class Standing:
    """How a task stands: runs that failed in a row, the last alert, whether it still holds."""

    failures_in_row: int
    alerted_at: datetime | None
    alert_is_open: bool


def standing(tx: Transaction, task_id: int) -> Standing:
    """The caller holds the task's row."""
    row = tx.one(
        "SELECT failures_in_row, alerted_at, alert_is_open FROM platform_scheduled_tasks"
        " WHERE id = %(id)s",
        {"id": task_id},
    )
    if row is None:
        return Standing(0, None, False)
    return Standing(row["failures_in_row"], row["alerted_at"], bool(row["alert_is_open"]))


def set_standing(tx: Transaction, task_id: int, now_is: Standing) -> None:
    tx.execute(
        "UPDATE platform_scheduled_tasks SET failures_in_row = %(failures_in_row)s,"
        " alerted_at = %(alerted_at)s, alert_is_open = %(alert_is_open)s WHERE id = %(id)s",
        {**now_is.__dict__, "id": task_id},
    )


def add(tx: Transaction, alerts: Sequence[Mapping[str, Any]]) -> None:
    """Each has tenant_id, task_id, log_id, kind, failures, channel_id, wecom_app_id, address, now;
    one of the three before the last says where to.
    """
    if alerts:
        tx.many(
            """
            INSERT INTO platform_task_alerts
                (tenant_id, task_id, log_id, kind, failures, channel_id, wecom_app_id, address,
                 created_at)
            VALUES
                (%(tenant_id)s, %(task_id)s, %(log_id)s, %(kind)s, %(failures)s, %(channel_id)s,
                 %(wecom_app_id)s, %(address)s, %(now)s)
            """,
            alerts,
        )


def waiting(tx: Transaction, limit: int) -> list[Row]:
    """Alerts that no delivery tells yet, oldest first; held rows are passed over."""
    return tx.all(
        """
        SELECT id, tenant_id, task_id, log_id, kind, failures, channel_id, wecom_app_id, address
        FROM platform_task_alerts
        WHERE delivery_id IS NULL
        ORDER BY id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
        """,
        {"limit": limit},
    )


def runs(tx: Transaction, log_ids: Sequence[int], most_output: int) -> dict[int, Row]:
    """What an alert says of each run, by log; of its output the last `most_output` characters."""
    rows = tx.all(
        """
        SELECT l.id AS log_id, l.trace_id, l.task_id, l.tenant_id, l.task_name, l.status,
               l.error_kind, l.error, RIGHT(l.output, %(most)s) AS output, l.retry_count,
               l.scheduled_for, l.finished_at, t.timezone
        FROM platform_task_logs l
        LEFT JOIN platform_scheduled_tasks t ON t.id = l.task_id
        WHERE l.id IN %(ids)s
        """,
        {"ids": tuple(log_ids), "most": most_output},
    )
    return {row["log_id"]: row for row in rows}


def told(tx: Transaction, ids: Sequence[int], delivery_id: int) -> None:
    """A delivery tells these; where to is its business from now on."""
    tx.execute(
        "UPDATE platform_task_alerts FORCE INDEX (PRIMARY)"
        " SET delivery_id = %(delivery_id)s, address = NULL WHERE id IN %(ids)s",
        {"ids": tuple(ids), "delivery_id": delivery_id},
    )


def drop(tx: Transaction, ids: Sequence[int]) -> None:
    """Nobody is there to be told, or the run's log is gone."""
    if ids:
        tx.execute(
            "DELETE FROM platform_task_alerts WHERE id IN %(ids)s",
            {"ids": tuple(ids)},
        )
