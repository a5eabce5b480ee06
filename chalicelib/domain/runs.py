"""Runs and their attempts: states, identities, and what may follow what."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

#: A tick plans what is due within this time, so that two ticks see each occurrence.
LOOK_AHEAD = timedelta(seconds=180)
#: The longest delay that SQS keeps (SendMessage, DelaySeconds); later work stays a row.
LONGEST_DELAY = timedelta(seconds=900)
#: How long an attempt may be silent before it counts as lost.
LEASE = timedelta(seconds=45)
#: A message that nobody has claimed by then is sent again; the wait doubles each time ...
RESEND_AFTER = timedelta(seconds=60)
#: ... and after so many the attempt is given up.
MOST_SENDS = 6


class Status(StrEnum):
    """The state of one attempt (`platform_task_logs.status`)."""

    QUEUED = "queued"  # planned; not claimed yet
    RUNNING = "running"  # an environment has claimed it
    SUCCESS = "success"
    FAILED = "failed"  # `error_kind` says how
    CANCELLED = "cancelled"  # somebody asked for it
    SKIPPED = "skipped"  # never ran; `skip_reason` says why


FINAL = frozenset({Status.SUCCESS, Status.FAILED, Status.CANCELLED, Status.SKIPPED})


class Trigger(StrEnum):
    """Why a run exists."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    TEST = "test"
    EVENT = "event"
    BACKFILL = "backfill"


class SkipReason(StrEnum):
    """Why an occurrence that was due did not run."""

    OVERLAP = "overlap"  # another run of the task was still going on
    MISSED = "missed"  # the platform was down; a later one of the same task ran in its place
    RESCHEDULED = "rescheduled"  # the schedule no longer holds it, or the task was switched off
    DELETED = "deleted"  # the task is gone
    TENANT_DISABLED = "tenant_disabled"  # nothing of its tenant runs, whoever asks
    PAUSED = "paused"  # the schedules of its tenant, or of all, rested; what is behind ':' is why
    MAINTENANCE = "maintenance"  # in a maintenance window, which is named behind ':'


def scheduled_trace_id(task_id: int, scheduled_for: datetime) -> str:
    """The identity of an occurrence: the same however often, and by whom, it is planned."""
    return f"task-{task_id}-{_stamp(scheduled_for.astimezone(UTC))}"


# Thousands of tasks are due at the same instant.
@lru_cache(maxsize=1024)
def _stamp(instant: datetime) -> str:
    return f"{instant:%Y%m%dT%H%M%SZ}"


def jitter(trace_id: str, most_seconds: int) -> timedelta:
    """How much later an occurrence is due, up to `most_seconds`: the same whoever plans it."""
    if most_seconds == 0:
        return timedelta()
    digest = hashlib.sha256(trace_id.encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8]) % (most_seconds + 1))


def of_task(task_id: int) -> str:
    """What the occurrences of a task wait for that run one after the other."""
    return f"task:{task_id}"


def of_key(tenant: str, concurrency_key: str) -> str:
    """What the runs of a tenant wait for that share a concurrency key."""
    return f"key:{tenant}:{concurrency_key}"


def of_tenant(tenant: str) -> str:
    """What the runs of a tenant wait for that has as many as it may."""
    return f"tenant:{tenant}"
