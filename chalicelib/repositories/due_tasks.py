"""`platform_scheduled_tasks`: what is to be planned, and when next; many rows at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from chalicelib.repositories.database import EARLIEST, Row, Transaction, decode_json, utc_text
from chalicelib.repositories.tasks import as_list

#: What a schedule and its policies say as one text: tasks that say the same are read once. What a
#: user wrote comes last, less the separator.
_TERMS = """CONCAT_WS(CHAR(31 USING utf8mb4), schedule_type, calendar, COALESCE(start_date, ''),
    COALESCE(end_date, ''), jitter_seconds, missed_policy, missed_window_seconds,
    REPLACE(timezone, CHAR(31 USING utf8mb4), '!'),
    REPLACE(COALESCE(cron_expression, ''), CHAR(31 USING utf8mb4), '!'),
    COALESCE(time_points, ''))"""
#: As much as a DueTask has; an index and a condition are to follow.
SELECT_DUE = f"""
    SELECT id, tenant_id, task_name, next_run_at, {_TERMS} AS terms
    FROM platform_scheduled_tasks
"""  # noqa: S608 - columns of ours
_SEPARATOR = "\x1f"
_FIELDS = 10


@dataclass(slots=True)
class DueTask:
    """As much of a task as planning needs: no script. Not frozen: that makes thousands slow."""

    id: int
    tenant_id: str | None
    task_name: str
    next_run_at: datetime
    #: The same for tasks that have all of the following in common.
    terms: str
    schedule_type: str
    time_points: list[Any] | None
    cron_expression: str | None
    timezone: str
    calendar: str
    start_date: date | None
    end_date: date | None
    jitter_seconds: int
    missed_policy: str
    missed_window_seconds: int


def due(
    tx: Transaction, horizon: datetime, limit: int, last: DueTask | None = None
) -> list[DueTask]:
    """Claim tasks to plan, earliest first; rows that another transaction holds are passed over.

    Given the `last` one of a batch it goes on behind it: until the server has cleared them away,
    the index holds the places that were planned before, and each batch would pass them again.

    ORDER BY follows the index: with a sort, the server would lock every due row.
    """
    rows = tx.all(
        SELECT_DUE
        + """
        WHERE is_enabled = 1 AND next_run_at < %(horizon)s
          AND (next_run_at > %(at)s OR (next_run_at = %(at)s AND id > %(id)s))
        ORDER BY next_run_at, id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
        """,
        {
            "horizon": horizon,
            "limit": limit,
            "at": last.next_run_at if last else EARLIEST,
            "id": last.id if last else 0,
        },
    )
    return [due_task(row) for row in rows]


def due_task(row: Row) -> DueTask:
    """A row of SELECT_DUE."""
    return DueTask(*row.values(), *_read(row["terms"]))


@lru_cache(maxsize=4096)
def _read(terms: str) -> tuple[Any, ...]:
    kind, calendar, start, end, jitter, missed, window, zone, expression, points = terms.split(
        _SEPARATOR, _FIELDS - 1
    )
    return (
        kind,
        as_list(decode_json(points or None)),
        expression or None,
        zone,
        calendar,
        date.fromisoformat(start) if start else None,
        date.fromisoformat(end) if end else None,
        int(jitter),
        missed,
        int(window),
    )


def advance(tx: Transaction, next_runs: Mapping[int, datetime | None]) -> None:
    """Set when each task is to be planned next; None is never again."""
    pairs = [[task_id, at and utc_text(at)] for task_id, at in next_runs.items()]
    tx.execute(
        """
        UPDATE JSON_TABLE(%(pairs)s, '$[*]' COLUMNS (
            id INT PATH '$[0]', next_run_at DATETIME(6) PATH '$[1]' ERROR ON ERROR
        )) p STRAIGHT_JOIN platform_scheduled_tasks t FORCE INDEX (PRIMARY) ON t.id = p.id
        SET t.next_run_at = p.next_run_at
        """,
        {"pairs": json.dumps(pairs)},
    )


def stop(tx: Transaction, task_id: int, message: str) -> None:
    """A schedule that cannot be read must not hold up the others: this one waits for its owner."""
    tx.execute(
        "UPDATE platform_scheduled_tasks SET next_run_at = NULL, last_run_status = 'failed',"
        " last_run_message = %(message)s WHERE id = %(id)s",
        {"id": task_id, "message": message},
    )
