"""`platform_task_logs` in numbers: the attempts that were due in a span of time.

A span is read by an index on `due_at`: the platform's by status and time, a tenant's by its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from chalicelib.repositories.database import Row, Transaction


@dataclass(frozen=True)
class Span:
    """Attempts due from `start` (inclusive) to `end` (exclusive), of one tenant or of all."""

    start: datetime
    end: datetime
    tenant_id: str | None = None

    @property
    def rows(self) -> str:
        return _OF_TENANT if self.tenant_id is not None else _OF_ALL


_OF_ALL = """platform_task_logs FORCE INDEX (waiting)
    WHERE status IN ('queued', 'running', 'success', 'failed', 'cancelled', 'skipped')
      AND due_at >= %(start)s AND due_at < %(end)s"""
_OF_TENANT = """platform_task_logs FORCE INDEX (of_tenant_due)
    WHERE tenant_id = %(tenant_id)s AND due_at >= %(start)s AND due_at < %(end)s"""


def counts(tx: Transaction, span: Span) -> list[Row]:
    """How many (`n`) of each `tenant_id`, `status`, `trigger_type`, `error_kind` and kind of
    `skip_reason`."""
    return tx.all(counts_sql(span), span.__dict__)


def counts_sql(span: Span) -> str:
    return _COUNTS + span.rows + " GROUP BY 1, 2, 3, 4, 5"


_COUNTS = """
    SELECT tenant_id, status, trigger_type,
      CASE WHEN status = 'failed' THEN error_kind END AS error_kind,
      SUBSTRING_INDEX(SUBSTRING_INDEX(skip_reason, ':', 1), ',', 1) AS skip_reason, COUNT(*) AS n
    FROM
"""

Measure = Literal["lateness", "duration"]
Grouping = Literal["tenant_id", "task_id"]

#: Milliseconds. Whatever has a time to keep can be late, which the runs of a backfill have not.
_MEASURES: dict[Measure, str] = {
    "lateness": "CASE WHEN trigger_type <> 'backfill'"
    " THEN TIMESTAMPDIFF(MICROSECOND, due_at, started_at) DIV 1000 END",
    "duration": "duration_ms",
}
#: Values that differ by less than 2 % are counted together, under the largest: sorting each of a
#: million would take ten times as long.
_DISTRIBUTION = """
    SELECT name, MAX(value) AS value, COUNT(*) AS n
    FROM (SELECT {by} AS name, {value} AS value FROM {rows}) seen
    WHERE value IS NOT NULL
    GROUP BY name, CASE WHEN value < 100 THEN value ELSE 100 + FLOOR(LN(value / 100) * 50) END
"""


def distribution(
    tx: Transaction, span: Span, measure: Measure, by: Grouping, tasks: Sequence[int] | None = None
) -> list[Row]:
    """Of each tenant, or each of these tasks (`name`), how many (`n`) have which `value` in ms."""
    if tasks is not None and not tasks:
        return []
    sql = distribution_sql(span, measure, by, some=tasks is not None)
    return tx.all(sql, {**span.__dict__, "tasks": tuple(tasks or ())})


def distribution_sql(span: Span, measure: Measure, by: Grouping, *, some: bool) -> str:
    rows = span.rows + (" AND task_id IN %(tasks)s" if some else "")
    return _DISTRIBUTION.format(by=by, value=_MEASURES[measure], rows=rows)


_TASKS = """
    SELECT * FROM (
      SELECT grouped.*,
        ROW_NUMBER() OVER (ORDER BY failed DESC, total DESC, task_id) AS by_failed,
        ROW_NUMBER() OVER (ORDER BY COALESCE(latest, -1) DESC, task_id) AS by_late,
        ROW_NUMBER() OVER (ORDER BY total DESC, task_id) AS by_total
      FROM (
        SELECT task_id, MAX(tenant_id) AS tenant_id, MAX(task_name) AS task_name,
          COUNT(*) AS total, SUM(status = 'success') AS success, SUM(status = 'failed') AS failed,
          SUM(status = 'skipped') AS skipped, SUM(status = 'cancelled') AS cancelled,
          MAX({late}) AS latest
        FROM {rows} AND task_id IS NOT NULL
        GROUP BY task_id
      ) grouped
    ) numbered
    WHERE by_failed <= %(most)s OR by_late <= %(most)s OR by_total <= %(most)s
    ORDER BY by_total
"""


def tasks(tx: Transaction, span: Span, most: int) -> list[Row]:
    """Totals of the first `most` tasks by runs, by failures and by lateness; `by_failed`,
    `by_late` and `by_total` are their ranks from 1."""
    found = tx.all(tasks_sql(span), {**span.__dict__, "most": most})
    return [{key: _plain(value) for key, value in row.items()} for row in found]


def tasks_sql(span: Span) -> str:
    return _TASKS.format(late=_MEASURES["lateness"], rows=span.rows)


def _plain(value: Any) -> Any:
    """Sums come as Decimal."""
    return int(value) if isinstance(value, Decimal) else value
