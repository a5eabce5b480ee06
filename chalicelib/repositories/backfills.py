"""`platform_task_logs`: the runs of backfills, which wait for one another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.domain.backfills import of_trace, trace_prefix
from chalicelib.repositories.database import Row, Transaction, like

_ALIVE_OF = """
    SELECT id, trace_id, status FROM platform_task_logs
    WHERE task_id = %(task_id)s AND trigger_type = 'backfill' AND status IN ('queued', 'running')
    ORDER BY id
"""
_BEHIND = """
    SELECT 1 AS yes FROM platform_task_logs
    WHERE trace_id > %(first)s AND trace_id < %(this)s AND status IN ('queued', 'running') LIMIT 1
"""


def ids_of(tx: Transaction, task_id: int, backfill_id: str) -> list[int]:
    """The first attempts of a backfill, in the order of their occurrences."""
    rows = tx.all(
        "SELECT id FROM platform_task_logs WHERE trace_id LIKE %(runs)s ESCAPE '!'"
        " AND retry_count = 0 ORDER BY trace_id",
        {"runs": _beginning(trace_prefix(task_id, backfill_id))},
    )
    return [row["id"] for row in rows]


def wait(tx: Transaction, log_ids: Sequence[int], name: str, now: datetime) -> None:
    """Have attempts wait for a name from the beginning."""
    if log_ids:
        tx.execute(
            "UPDATE platform_task_logs FORCE INDEX (PRIMARY) SET waits_for = %(name)s,"
            " waited_at = %(now)s WHERE id IN %(ids)s",
            {"ids": tuple(log_ids), "name": name, "now": now},
        )


def alive_of(tx: Transaction, task_id: int) -> list[Row]:
    """Attempts of a task's backfills that wait or run: `id`, `trace_id`, `status`; not locked."""
    return tx.all(_ALIVE_OF, {"task_id": task_id})


def is_behind(tx: Transaction, trace_id: str) -> bool:
    """Whether a run of the same backfill with an earlier occurrence waits or runs still."""
    first = of_trace(trace_id) + "-"
    return tx.one(_BEHIND, {"first": first, "this": trace_id}) is not None


def cancel(tx: Transaction, log_ids: Sequence[int], now: datetime) -> int:
    """Cancel those that wait; returns how many. The caller holds the task's row."""
    if not log_ids:
        return 0
    return tx.execute(
        "UPDATE platform_task_logs FORCE INDEX (PRIMARY) SET status = 'cancelled',"
        " error_kind = 'cancelled', cancel_requested_at = %(now)s, finished_at = %(now)s,"
        " waits_for = NULL WHERE id IN %(ids)s AND status = 'queued'",
        {"ids": tuple(log_ids), "now": now},
    )


def _beginning(prefix: str) -> str:
    return (like(prefix) or "").removeprefix("%")
