"""Rows that nobody needs any more: attempts long ended, their output and their deliveries.

Each statement reads no more than the rows it is asked for, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from chalicelib.domain.runs import FINAL
from chalicelib.repositories.database import Row, Transaction

_LONG_AGO = datetime(1000, 1, 1, tzinfo=UTC)
_FINAL = tuple(sorted(str(status) for status in FINAL))


def ended_before(tx: Transaction, before: datetime, limit: int) -> list[int]:
    """Attempts that have ended and were due before an instant, the oldest first; not locked, as
    nothing changes them any more."""
    found: list[Row] = []
    for status in _FINAL:
        params = {"status": status, "before": before, "limit": limit}
        found += _undated(tx, params) + tx.all(
            "SELECT id, due_at FROM platform_task_logs FORCE INDEX (waiting)"
            " WHERE status = %(status)s AND due_at < %(before)s ORDER BY due_at LIMIT %(limit)s",
            params,
        )
    found.sort(key=lambda row: (row["due_at"] or _LONG_AGO, row["id"]))
    return [row["id"] for row in found[:limit]]


def _undated(tx: Transaction, params: dict[str, object]) -> list[Row]:
    """Rows of the former system say when they started, and not when they were due."""
    rows = tx.all(
        "SELECT id, due_at, COALESCE(finished_at, started_at, created_at) AS seen_at"
        " FROM platform_task_logs FORCE INDEX (waiting)"
        " WHERE status = %(status)s AND due_at IS NULL ORDER BY id LIMIT %(limit)s",
        params,
    )
    before = params["before"]
    return [row for row in rows if row["seen_at"] is None or row["seen_at"] < before]


def deliveries_of(tx: Transaction, log_ids: Sequence[int]) -> dict[int, Row]:
    """Of attempts that have any: how many (`n`), and how many are not settled yet (`pending`)."""
    if not log_ids:
        return {}
    rows = tx.all(
        "SELECT log_id, COUNT(*) AS n, SUM(status = 'pending') AS pending"
        " FROM platform_task_deliveries FORCE INDEX (of_log)"
        " WHERE log_id IN %(ids)s GROUP BY log_id",
        {"ids": tuple(log_ids)},
    )
    return {row["log_id"]: row for row in rows}


def delete_logs(tx: Transaction, log_ids: Sequence[int]) -> int:
    """Delete attempts that have ended, with their output and deliveries; returns how many."""
    if not log_ids:
        return 0
    params = {"ids": tuple(sorted(log_ids)), "final": _FINAL}
    tx.execute("DELETE FROM platform_task_deliveries WHERE log_id IN %(ids)s", params)
    tx.execute("DELETE FROM platform_task_alerts WHERE log_id IN %(ids)s", params)
    tx.execute("DELETE FROM platform_task_log_output WHERE log_id IN %(ids)s", params)
    return tx.execute(
        "DELETE FROM platform_task_logs WHERE id IN %(ids)s AND status IN %(final)s", params
    )


def delete_tests_of_channels(tx: Transaction, before: datetime, limit: int) -> int:
    """Of the first deliveries that belong to no attempt, those that are settled and old."""
    rows = tx.all(
        "SELECT id, status, created_at FROM platform_task_deliveries FORCE INDEX (of_log)"
        " WHERE log_id IS NULL ORDER BY id LIMIT %(limit)s",
        {"limit": limit},
    )
    old = [r["id"] for r in rows if r["status"] != "pending" and r["created_at"] < before]
    if not old:
        return 0
    return tx.execute(
        "DELETE FROM platform_task_deliveries WHERE id IN %(ids)s", {"ids": tuple(old)}
    )
