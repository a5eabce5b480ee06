"""`platform_scheduled_tasks`: the last result of a task that was sent."""

from __future__ import annotations

from chalicelib.repositories.database import Transaction


def is_last(tx: Transaction, task_id: int, digest: bytes) -> bool:
    """Whether the last result that was sent has this hash, and was not refused everywhere."""
    row = tx.one(
        """
        SELECT t.notified_hash = %(digest)s AS same,
               (SELECT MAX(d.status <> 'failed') FROM platform_task_deliveries d
                WHERE d.log_id = t.notified_log_id AND d.kind = 'result') AS any_went
        FROM platform_scheduled_tasks t
        WHERE t.id = %(id)s
        """,
        {"id": task_id, "digest": digest},
    )
    # Where retention took the receipts, `any_went` is NULL, and it is taken as sent.
    return row is not None and bool(row["same"]) and row["any_went"] != 0


def remember(tx: Transaction, task_id: int, digest: bytes, log_id: int) -> None:
    tx.execute(
        "UPDATE platform_scheduled_tasks SET notified_hash = %(digest)s,"
        " notified_log_id = %(log_id)s WHERE id = %(id)s",
        {"id": task_id, "digest": digest, "log_id": log_id},
    )
