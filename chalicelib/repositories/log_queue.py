"""`platform_task_logs`: what waits for a message, a claim, or a sign of life."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.runs import MOST_SENDS, RESEND_AFTER
from chalicelib.repositories.database import EARLIEST, Row, Transaction


@dataclass(frozen=True)
class ToSend:
    """A queued attempt that needs a message."""

    id: int
    tenant_id: str | None
    due_at: datetime


def unsent(
    tx: Transaction, until: datetime, limit: int, last: ToSend | None = None
) -> list[ToSend]:
    """Queued attempts without a message that are due before `until`; held rows are passed over.

    Given the `last` one of a batch it goes on behind it: what was sent stands before it in the
    index, and would be read again by each batch.
    """
    rows = tx.all(
        """
        SELECT id, tenant_id, due_at
        FROM platform_task_logs
        WHERE status = 'queued' AND due_at < %(until)s AND sent_at IS NULL
          AND waits_for IS NULL
          AND (due_at > %(due)s OR (due_at = %(due)s AND id > %(id)s))
        ORDER BY due_at, id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
        """,
        {
            "until": until,
            "limit": limit,
            "due": last.due_at if last else EARLIEST,
            "id": last.id if last else 0,
        },
    )
    return [ToSend(**row) for row in rows]


def lock_unsent(tx: Transaction, log_ids: Sequence[int], until: datetime) -> list[ToSend]:
    """The same, of these rows alone."""
    if not log_ids:
        return []
    rows = tx.all(
        """
        SELECT id, tenant_id, due_at
        FROM platform_task_logs FORCE INDEX (PRIMARY)
        WHERE id IN %(ids)s AND status = 'queued' AND due_at < %(until)s AND sent_at IS NULL
          AND waits_for IS NULL
        FOR UPDATE SKIP LOCKED
        """,
        {"ids": tuple(log_ids), "until": until},
    )
    return [ToSend(**row) for row in rows]


def waiting_of(tx: Transaction, trace_ids: Sequence[str]) -> list[int]:
    """The queued attempts of these runs that have no message."""
    rows = tx.all(
        "SELECT id FROM platform_task_logs"
        " WHERE trace_id IN %(trace_ids)s AND status = 'queued' AND sent_at IS NULL"
        " AND waits_for IS NULL",
        {"trace_ids": tuple(trace_ids)},
    )
    return [row["id"] for row in rows]


def set_tokens(tx: Transaction, hashes: Mapping[int, str]) -> None:
    """Give attempts new tokens (hex of SHA-256); the ones they had are worth nothing then."""
    tx.execute(
        """
        UPDATE JSON_TABLE(%(pairs)s, '$[*]' COLUMNS (
            id BIGINT PATH '$[0]', hash CHAR(64) PATH '$[1]'
        )) p STRAIGHT_JOIN platform_task_logs l FORCE INDEX (PRIMARY) ON l.id = p.id
        SET l.token_hash = UNHEX(p.hash)
        """,
        {"pairs": json.dumps(list(hashes.items()))},
    )


def mark_sent(tx: Transaction, hashes: Mapping[int, str], now: datetime) -> None:
    """Note that the messages with these tokens are in the queue, if the tokens still hold."""
    tx.execute(
        """
        UPDATE JSON_TABLE(%(pairs)s, '$[*]' COLUMNS (
            id BIGINT PATH '$[0]', hash CHAR(64) PATH '$[1]'
        )) p STRAIGHT_JOIN platform_task_logs l FORCE INDEX (PRIMARY)
            ON l.id = p.id AND l.token_hash = UNHEX(p.hash)
        SET l.sent_at = %(now)s, l.send_count = l.send_count + 1
        """,
        {"pairs": json.dumps(sorted(hashes.items())), "now": now},
    )


def silent(tx: Transaction, now: datetime, limit: int) -> list[int]:
    """Running attempts whose lease has passed."""
    rows = tx.all(
        "SELECT id FROM platform_task_logs WHERE status = 'running'"
        " AND (lease_until IS NULL OR lease_until < %(now)s) ORDER BY lease_until LIMIT %(limit)s",
        {"now": now, "limit": limit},
    )
    return [row["id"] for row in rows]


def unclaimed(tx: Transaction, now: datetime, limit: int) -> list[Row]:
    """Sent, due, and not claimed in as long as its message may take: `id`, `send_count`.

    That wait doubles with each time it was sent, up to the last.
    """
    return tx.all(
        """
        SELECT id, send_count
        FROM platform_task_logs
        WHERE status = 'queued' AND due_at < %(before)s AND sent_at IS NOT NULL
          AND TIMESTAMPDIFF(MICROSECOND, GREATEST(sent_at, due_at), %(now)s)
              > 1000000 * (%(wait)s << (LEAST(GREATEST(send_count, 1), %(most)s) - 1))
        ORDER BY due_at
        LIMIT %(limit)s
        """,
        {
            "now": now,
            "before": now - RESEND_AFTER,
            "wait": int(RESEND_AFTER.total_seconds()),
            "most": MOST_SENDS,
            "limit": limit,
        },
    )


def unsend(tx: Transaction, log_ids: Sequence[int]) -> None:
    """Have messages sent again."""
    if log_ids:
        tx.execute(
            "UPDATE platform_task_logs FORCE INDEX (PRIMARY) SET sent_at = NULL"
            " WHERE id IN %(ids)s AND status = 'queued'",
            {"ids": tuple(log_ids)},
        )


def forget_all_sent(tx: Transaction, now: datetime) -> None:
    """The queue and the sandboxes are gone: all that waited must be sent, all that ran is lost."""
    tx.execute("UPDATE platform_task_logs SET sent_at = NULL WHERE status = 'queued'")
    tx.execute(
        "UPDATE platform_task_logs SET lease_until = %(now)s WHERE status = 'running'", {"now": now}
    )


def oldest_waiting(tx: Transaction, now: datetime) -> datetime | None:
    """`due_at` of the attempt that has waited longest beyond its time; None: nothing waits."""
    row = tx.one(
        "SELECT MIN(due_at) AS due_at FROM platform_task_logs"
        " WHERE status = 'queued' AND due_at < %(now)s AND waits_for IS NULL",
        {"now": now},
    )
    return row["due_at"] if row else None
