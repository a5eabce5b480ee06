"""`platform_task_logs`: attempts that wait until others have ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.repositories.database import Transaction


def wait(tx: Transaction, log_id: int, name: str, now: datetime) -> None:
    """Have an attempt wait for a name to be released; its message is spent."""
    tx.execute(
        "UPDATE platform_task_logs SET waits_for = %(name)s, sent_at = NULL, send_count = 0,"
        " waited_at = COALESCE(waited_at, %(now)s) WHERE id = %(id)s AND status = 'queued'",
        {"id": log_id, "name": name, "now": now},
    )


def waiting(tx: Transaction, name: str) -> int:
    """How many wait for a name."""
    row = tx.one(
        "SELECT COUNT(*) AS n FROM platform_task_logs"
        " WHERE waits_for = %(name)s AND status = 'queued'",
        {"name": name},
    )
    return int(row["n"]) if row else 0


def release(tx: Transaction, name: str, most: int = 1) -> list[int]:
    """Let the first that wait for a name be sent again; returns them.

    One that is being claimed just now is passed over: it sees for itself that the way is free.
    """
    rows = tx.all(
        "SELECT id FROM platform_task_logs WHERE waits_for = %(name)s AND status = 'queued'"
        " ORDER BY due_at, id LIMIT %(most)s FOR UPDATE SKIP LOCKED",
        {"name": name, "most": most},
    )
    ids = [row["id"] for row in rows]
    _free(tx, ids)
    return ids


def _free(tx: Transaction, log_ids: Sequence[int]) -> None:
    if log_ids:
        tx.execute(
            "UPDATE platform_task_logs FORCE INDEX (PRIMARY) SET waits_for = NULL"
            " WHERE id IN %(ids)s AND status = 'queued'",
            {"ids": tuple(log_ids)},
        )


def names(tx: Transaction, limit: int) -> list[str]:
    """What attempts wait for."""
    rows = tx.all(
        "SELECT DISTINCT waits_for FROM platform_task_logs"
        " WHERE waits_for IS NOT NULL AND status = 'queued' LIMIT %(limit)s",
        {"limit": limit},
    )
    return [row["waits_for"] for row in rows]


def is_taken(tx: Transaction, slot: str) -> bool:
    """Whether an attempt that runs holds a slot."""
    return (
        tx.one(
            "SELECT 1 AS yes FROM platform_task_logs"
            " WHERE status = 'running' AND slot = %(slot)s LIMIT 1",
            {"slot": slot},
        )
        is not None
    )


def running_of_tenant(tx: Transaction, tenant_id: str | None) -> int:
    """How many attempts of a tenant run."""
    row = tx.one(
        "SELECT COUNT(*) AS n FROM platform_task_logs"
        " WHERE status = 'running' AND tenant_id <=> %(tenant_id)s",
        {"tenant_id": tenant_id},
    )
    return int(row["n"]) if row else 0


def is_behind(tx: Transaction, task_id: int, log_id: int, due_at: datetime) -> bool:
    """Whether an earlier scheduled attempt of the task is due and waits still."""
    return (
        tx.one(
            "SELECT 1 AS yes FROM platform_task_logs WHERE task_id = %(task_id)s"
            " AND status = 'queued' AND trigger_type = 'schedule'"
            " AND (due_at < %(due_at)s OR (due_at = %(due_at)s AND id < %(id)s)) LIMIT 1",
            {"task_id": task_id, "id": log_id, "due_at": due_at},
        )
        is not None
    )
