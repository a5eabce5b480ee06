"""A backfill: the past occurrences of a task, run again one after the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: Occurrences of one backfill.
MOST_RUNS = 1000
#: How far back one reaches; a longer span is a mistyped year.
LONGEST_AGO = timedelta(days=3660)


def trace_prefix(task_id: int, backfill_id: str | None = None) -> str:
    """How the trace ids of a backfill begin, or of all backfills of a task.

    Not as those of scheduled runs do, so that neither is taken for the other.
    """
    return f"backfill-{task_id}-" + (f"{backfill_id}-" if backfill_id else "")


def trace_id(task_id: int, backfill_id: str, scheduled_for: datetime) -> str:
    """The identity of one of its runs; they ascend with their occurrences."""
    return f"{trace_prefix(task_id, backfill_id)}{scheduled_for.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def of_trace(trace: str) -> str:
    """What the runs of a backfill wait for: the ones before them. `trace` is that of one."""
    return trace.rpartition("-")[0]
