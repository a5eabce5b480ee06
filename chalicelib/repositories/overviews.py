"""`platform_task_logs` in numbers: the attempts that were due in a span of time.

A span is read by an index on `due_at`: the platform's by status and time, a tenant's by its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
    """How many (`n`) of each `status`, `trigger_type`, `error_kind` and kind of `skip_reason`."""
    return tx.all(counts_sql(span), span.__dict__)


def counts_sql(span: Span) -> str:
    return _COUNTS + span.rows + " GROUP BY 1, 2, 3, 4"


_COUNTS = """
    SELECT status, trigger_type, CASE WHEN status = 'failed' THEN error_kind END AS error_kind,
      SUBSTRING_INDEX(SUBSTRING_INDEX(skip_reason, ':', 1), ',', 1) AS skip_reason, COUNT(*) AS n
    FROM
"""


#: What a table of numbers has a row for.
Grouping = Literal["1", "task_id", "tenant_id"]

#: Percentiles by nearest rank: the least value that so much of all is not above. Lateness is of
#: whatever has a time to keep, which the runs of a backfill have not.
_NUMBERS = """
SELECT * FROM (
  SELECT grouped.*,
    ROW_NUMBER() OVER (ORDER BY failed DESC, total DESC, name) AS by_failed,
    ROW_NUMBER() OVER (ORDER BY COALESCE(late_p99, -1) DESC, name) AS by_late,
    ROW_NUMBER() OVER (ORDER BY total DESC, name) AS by_total
  FROM (
    SELECT name, MAX(tenant_id) AS tenant_id, MAX(task_name) AS task_name, COUNT(*) AS total,
      SUM(status = 'success') AS success, SUM(status = 'failed') AS failed,
      SUM(status = 'skipped') AS skipped, SUM(status = 'cancelled') AS cancelled,
      COUNT(late) AS started,
      MIN(CASE WHEN late_rank >= 0.5 THEN late END) AS late_p50,
      MIN(CASE WHEN late_rank >= 0.99 THEN late END) AS late_p99, MAX(late) AS late_max,
      MIN(CASE WHEN took_rank >= 0.5 THEN took END) AS took_p50,
      MIN(CASE WHEN took_rank >= 0.99 THEN took END) AS took_p99
    FROM (
      SELECT seen.*,
        CUME_DIST() OVER (PARTITION BY name, late IS NULL ORDER BY late) AS late_rank,
        CUME_DIST() OVER (PARTITION BY name, took IS NULL ORDER BY took) AS took_rank
      FROM (
        SELECT {name} AS name, tenant_id, task_name, status, duration_ms AS took,
          CASE WHEN trigger_type <> 'backfill'
            THEN TIMESTAMPDIFF(MICROSECOND, due_at, started_at) DIV 1000 END AS late
        FROM {rows}
      ) seen
    ) ranked
    GROUP BY name
  ) grouped
) numbered
WHERE {wanted}
ORDER BY by_total
"""


def numbers(tx: Transaction, span: Span, by: Grouping, most: int) -> list[Row]:
    """Totals and percentiles of each group among the first `most` by runs, failures or lateness.

    Milliseconds in `late_…` and `took_…`, null where nothing started or ended; `by_failed`,
    `by_late` and `by_total` are its ranks from 1.
    """
    found = tx.all(numbers_sql(span, by), {**span.__dict__, "most": most})
    return [{key: _plain(key, value) for key, value in row.items()} for row in found]


def numbers_sql(span: Span, by: Grouping) -> str:
    rows = span.rows + (" AND task_id IS NOT NULL" if by == "task_id" else "")
    wanted = "by_failed <= %(most)s OR by_late <= %(most)s OR by_total <= %(most)s"
    return _NUMBERS.format(name=by, rows=rows, wanted=wanted)


def _plain(key: str, value: Any) -> Any:
    """Sums come as Decimal."""
    texts = ("name", "tenant_id", "task_name")
    return value if value is None or key in texts else int(value)
