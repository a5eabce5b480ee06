"""`platform_task_logs` as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.repositories.database import MINE, NEWEST_FIRST, Row, Transaction, decode_json

#: How much output each item of a list has; the detail has it all.
LIST_OUTPUT = 10_000


@dataclass(frozen=True)
class LogFilter:
    """What a list of logs is narrowed to; None leaves a field free."""

    task_id: int | None = None
    tenant_id: str | None = None
    status: str | None = None
    trace_id: str | None = None


_SELECT = """
    SELECT id, task_id, tenant_id, task_name, task_version, trace_id, trigger_type, status,
           error_kind, skip_reason, scheduled_for, due_at, sent_at, started_at, finished_at,
           CASE WHEN trigger_type <> 'backfill'
             THEN TIMESTAMPDIFF(MICROSECOND, due_at, started_at) DIV 1000 END AS lateness_ms,
           duration_ms,
           LEFT(output, %(most)s) AS output, error, result, input_params, retry_count, ai_tokens,
           created_at,
           cancel_requested_at IS NOT NULL AS cancel_requested
    FROM platform_task_logs
    WHERE
"""
_COUNT = "SELECT COUNT(*) AS n FROM platform_task_logs WHERE "
_FILTER = """
    (%(task_id)s IS NULL OR task_id = %(task_id)s)
    AND (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)
    AND (%(status)s IS NULL OR status = %(status)s)
    AND (%(trace_id)s IS NULL OR trace_id = %(trace_id)s)
"""


def _view(row: Row) -> dict[str, Any]:
    row["result"] = decode_json(row["result"])
    row["input_params"] = decode_json(row["input_params"])
    row["cancel_requested"] = bool(row["cancel_requested"])
    return row


def get(tx: Transaction, log_id: int, tenant_id: str | None) -> dict[str, Any] | None:
    """One attempt, with all of its output."""
    row = tx.one(_SELECT + MINE, {"id": log_id, "tenant_id": tenant_id, "most": 1 << 30})
    return _view(row) if row else None


def of_test(tx: Transaction, log_id: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was to be tested, and what the run would have changed; empty where there is none."""
    row = tx.one("SELECT spec, captured FROM platform_task_logs WHERE id = %(id)s", {"id": log_id})
    assert row is not None  # logs are never deleted while their test is looked at
    return decode_json(row["spec"]) or {}, decode_json(row["captured"]) or {}


def page(tx: Transaction, wanted: LogFilter, *, offset: int, limit: int) -> list[dict[str, Any]]:
    """Newest first, with the first 10,000 characters of each output."""
    rows = tx.all(
        _SELECT + _FILTER + NEWEST_FIRST,
        {**wanted.__dict__, "most": LIST_OUTPUT, "offset": offset, "limit": limit},
    )
    return [_view(row) for row in rows]


def count(tx: Transaction, wanted: LogFilter) -> int:
    row = tx.one(_COUNT + _FILTER, wanted.__dict__)
    return int(row["n"]) if row else 0
