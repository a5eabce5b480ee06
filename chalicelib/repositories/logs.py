"""`platform_task_logs`: one row for each attempt, from its planning to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from chalicelib.domain.runs import Status, Trigger, scheduled_trace_id
from chalicelib.repositories.database import LOCK, MINE, Row, Transaction, decode_json, encode_json


class NewAttempt(NamedTuple):
    """A row to be planned; a tuple, as planning makes thousands at once."""

    trace_id: str
    task_id: int | None
    tenant_id: str | None
    task_name: str | None
    due_at: datetime
    scheduled_for: datetime | None = None
    trigger_type: Trigger = Trigger.SCHEDULE
    retry_count: int = 0
    status: Status = Status.QUEUED
    skip_reason: str | None = None
    input_params: Mapping[str, Any] | None = None
    spec: Mapping[str, Any] | None = None

    def values(self, now: datetime) -> tuple[Any, ...]:
        """In the order of `_COLUMNS`."""
        return (
            self.trace_id,
            self.task_id,
            self.tenant_id,
            self.task_name,
            self.due_at,
            self.scheduled_for,
            self.trigger_type.value,
            self.retry_count,
            self.status.value,
            self.skip_reason,
            encode_json(self.input_params),
            encode_json(self.spec),
            now,
            None if self.status is Status.QUEUED else now,
        )


@dataclass(frozen=True)
class Attempt:
    """What the services need to know of a row to decide on it."""

    id: int
    trace_id: str
    task_id: int | None
    tenant_id: str | None
    task_name: str | None
    trigger_type: str
    status: str
    retry_count: int
    scheduled_for: datetime | None
    due_at: datetime | None
    started_at: datetime | None
    token_hash: bytes | None
    nonce: str | None
    lease_until: datetime | None
    cancel_requested_at: datetime | None
    error_kind: str | None
    send_count: int
    input_params: dict[str, Any] | None
    spec: dict[str, Any] | None
    slot: str | None
    waited_at: datetime | None


#: The trace ids of a task's occurrences ascend in time, so their index finds a span of it.
_END = datetime(9999, 12, 31, tzinfo=UTC)
_SELECT = """
    SELECT id, trace_id, task_id, tenant_id, task_name, trigger_type, status, retry_count,
       scheduled_for, due_at, started_at, token_hash, nonce, lease_until,
       cancel_requested_at, error_kind, send_count, input_params, spec, slot, waited_at
    FROM platform_task_logs
    WHERE
"""
_COLUMNS = (
    "trace_id, task_id, tenant_id, task_name, due_at, scheduled_for, trigger_type, retry_count,"
    " status, skip_reason, input_params, spec, created_at, finished_at"
)
_INSERT = f"INSERT INTO platform_task_logs ({_COLUMNS}) VALUES"
_UNLESS_THERE = """
    ON DUPLICATE KEY UPDATE
        sent_at = IF(status = 'skipped' AND skip_reason = 'rescheduled', NULL, sent_at),
        send_count = IF(status = 'skipped' AND skip_reason = 'rescheduled', 0, send_count),
        finished_at = IF(status = 'skipped' AND skip_reason = 'rescheduled', NULL, finished_at),
        status = IF(status = 'skipped' AND skip_reason = 'rescheduled', 'queued', status),
        skip_reason = IF(status = 'queued', NULL, skip_reason)
"""


def _attempt(row: Row) -> Attempt:
    for column in ("input_params", "spec"):
        row[column] = decode_json(row[column])
    return Attempt(**row)


def plan(tx: Transaction, attempts: Sequence[NewAttempt], now: datetime) -> None:
    """Insert attempts; one that is there already stays, and one `rescheduled` away comes back.

    `skip_reason` is set last: MySQL assigns from left to right.
    """
    tx.insert_rows(_INSERT, [attempt.values(now) for attempt in attempts], _UNLESS_THERE)


def add(tx: Transaction, attempt: NewAttempt, now: datetime) -> int:
    """Insert one attempt; returns its id."""
    tx.insert_rows(_INSERT, [attempt.values(now)])
    return tx.last_id()


def get(
    tx: Transaction, log_id: int, tenant_id: str | None = None, *, lock: bool = False
) -> Attempt | None:
    """One attempt, to decide on; with a `tenant_id`, only if it is that tenant's."""
    row = tx.one(
        _SELECT + MINE + (LOCK if lock else ""),
        {"id": log_id, "tenant_id": tenant_id},
    )
    return _attempt(row) if row else None


def task_of(tx: Transaction, log_id: int) -> Row | None:
    """`task_id` of an attempt, which never changes; None: there is no such attempt."""
    return tx.one("SELECT task_id FROM platform_task_logs WHERE id = %(id)s", {"id": log_id})


def planned_after(tx: Transaction, task_id: int, after: datetime) -> list[Row]:
    """First attempts of a task by schedule: `id`, `trace_id`, `status`, `skip_reason`.

    Not locked: their status changes under the task's lock alone.
    """
    return tx.all(
        "SELECT id, trace_id, status, skip_reason FROM platform_task_logs"
        " WHERE trace_id > %(first)s AND trace_id < %(end)s AND retry_count = 0",
        {"first": scheduled_trace_id(task_id, after), "end": scheduled_trace_id(task_id, _END)},
    )


def queued_of(tx: Transaction, task_id: int) -> list[int]:
    """Whatever of a task waits, retries too; not locked."""
    rows = tx.all(
        "SELECT id FROM platform_task_logs WHERE task_id = %(task_id)s AND status = 'queued'",
        {"task_id": task_id},
    )
    return [row["id"] for row in rows]


def lock(tx: Transaction, log_ids: Sequence[int]) -> None:
    """Lock attempts in the order of their ids, as whoever needs several does."""
    if log_ids:
        tx.all(
            "SELECT id FROM platform_task_logs FORCE INDEX (PRIMARY)"
            " WHERE id IN %(ids)s FOR UPDATE",
            {"ids": tuple(log_ids)},
        )


def revive(tx: Transaction, log_ids: Sequence[int]) -> None:
    """Plan attempts again that were `rescheduled` away; they are as good as new."""
    if log_ids:
        tx.execute(
            "UPDATE platform_task_logs FORCE INDEX (PRIMARY) SET status = 'queued',"
            " skip_reason = NULL, finished_at = NULL, sent_at = NULL, send_count = 0"
            " WHERE id IN %(ids)s AND status = 'skipped' AND skip_reason = 'rescheduled'",
            {"ids": tuple(log_ids)},
        )


def skip(tx: Transaction, log_ids: Sequence[int], reason: str, now: datetime) -> None:
    if log_ids:
        tx.execute(
            "UPDATE platform_task_logs FORCE INDEX (PRIMARY)"
            " SET status = 'skipped', skip_reason = %(reason)s, finished_at = %(now)s"
            " WHERE id IN %(ids)s AND status = 'queued'",
            {"ids": tuple(log_ids), "reason": reason, "now": now},
        )


def claim(tx: Transaction, log_id: int, claim: Mapping[str, Any]) -> bool:
    """`queued` → `running`, once: `claim` has nonce, now, lease_until, task_version, slot."""
    return (
        tx.execute(
            """
            UPDATE platform_task_logs
            SET status = 'running', nonce = %(nonce)s, started_at = %(now)s,
                lease_until = %(lease_until)s, task_version = %(task_version)s,
                slot = %(slot)s, waits_for = NULL
            WHERE id = %(id)s AND status = 'queued'
            """,
            {**claim, "id": log_id},
        )
        == 1
    )


def running_of(tx: Transaction, task_id: int) -> list[Row]:
    """The attempts of a task that run: `id`, `lease_until`, `trigger_type`; not locked."""
    return tx.all(
        "SELECT id, lease_until, trigger_type FROM platform_task_logs"
        " WHERE task_id = %(task_id)s AND status = 'running'",
        {"task_id": task_id},
    )


def has_later(tx: Transaction, task_id: int, scheduled_for: datetime, now: datetime) -> bool:
    """Whether a later occurrence of the task is due as well, and ran or is to run."""
    row = tx.one(
        "SELECT 1 AS yes FROM platform_task_logs WHERE trace_id > %(this)s"
        " AND trace_id <= %(now)s AND status NOT IN ('skipped', 'cancelled') LIMIT 1",
        {
            "this": scheduled_trace_id(task_id, scheduled_for),
            "now": scheduled_trace_id(task_id, now),
        },
    )
    return row is not None


def extend_lease(tx: Transaction, log_id: int, nonce: str, until: datetime) -> None:
    tx.execute(
        "UPDATE platform_task_logs SET lease_until = %(until)s"
        " WHERE id = %(id)s AND status = 'running' AND nonce = %(nonce)s",
        {"id": log_id, "nonce": nonce, "until": until},
    )


def finish(tx: Transaction, log_id: int, from_status: Status, end: Mapping[str, Any]) -> bool:
    """Write the end: status, error_kind, error, result and captured (JSON), duration_ms, output,
    now.
    """
    return (
        tx.execute(
            """
            UPDATE platform_task_logs
            SET status = %(status)s, error_kind = %(error_kind)s, error = %(error)s,
                result = %(result)s, duration_ms = %(duration_ms)s, output = %(output)s,
                captured = %(captured)s, finished_at = %(now)s
            WHERE id = %(id)s AND status = %(from_status)s
            """,
            {**end, "id": log_id, "from_status": str(from_status)},
        )
        == 1
    )


def request_cancel(tx: Transaction, log_id: int, now: datetime) -> None:
    tx.execute(
        "UPDATE platform_task_logs SET cancel_requested_at = COALESCE(cancel_requested_at, %(now)s)"
        " WHERE id = %(id)s",
        {"id": log_id, "now": now},
    )
