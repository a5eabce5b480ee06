"""`platform_task_deliveries`: the outbox, and the receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.repositories.database import Row, Transaction, decode_json, encode_json


@dataclass(frozen=True)
class NewDelivery:
    """One message to one channel; or to an `address`, or a WeCom app, with no channel's id."""

    log_id: int | None
    tenant_id: str | None
    channel_id: int | None
    channel_name: str
    channel_type: str
    uuid: str
    title: str
    result: Any
    #: `result`, `alert`, `recovery`, `owner` or `test`.
    kind: str = "result"
    address: str | None = None
    wecom_app_id: int | None = None


def add(tx: Transaction, delivery: NewDelivery, *, now: datetime, lease_until: datetime) -> int:
    """Store a message that is being sent now; a tick sends it when the lease has passed."""
    return tx.insert(
        """
        INSERT INTO platform_task_deliveries
            (log_id, tenant_id, channel_id, channel_name, channel_type, uuid, title, result,
             kind, address, wecom_app_id, next_attempt_at, created_at)
        VALUES
            (%(log_id)s, %(tenant_id)s, %(channel_id)s, %(channel_name)s, %(channel_type)s,
             %(uuid)s, %(title)s, %(result)s, %(kind)s, %(address)s, %(wecom_app_id)s,
             %(lease_until)s, %(now)s)
        """,
        {
            **delivery.__dict__,
            "result": encode_json(delivery.result) or "null",
            "now": now,
            "lease_until": lease_until,
        },
    )


def pending_of(tx: Transaction, log_id: int) -> list[int]:
    """The messages of an attempt that are not settled; not locked."""
    rows = tx.all(
        "SELECT id FROM platform_task_deliveries"
        " WHERE log_id = %(log_id)s AND status = 'pending' ORDER BY id",
        {"log_id": log_id},
    )
    return [row["id"] for row in rows]


def grant(tx: Transaction, ids: Sequence[int], token_hash: bytes, lease_until: datetime) -> None:
    """Let the holder of a token send these; a token given before is worth nothing then."""
    if ids:
        tx.execute(
            "UPDATE platform_task_deliveries FORCE INDEX (PRIMARY) SET token_hash = %(token_hash)s,"
            " next_attempt_at = %(lease_until)s, attempts = attempts + 1"
            " WHERE id IN %(ids)s AND status = 'pending'",
            {"ids": tuple(ids), "token_hash": token_hash, "lease_until": lease_until},
        )


def granted(tx: Transaction, token_hash: bytes) -> list[Row]:
    """The pending messages of a token, each with its channel as it is now (NULL: it is gone)."""
    rows = tx.all(
        """
        SELECT d.id, d.log_id, d.uuid, d.title, d.result, d.channel_id, d.attempts, d.sent_parts,
               d.address, d.wecom_app_id, d.channel_type AS sent_as, d.channel_name AS sent_to,
               d.errcode, c.channel_name, c.channel_type, c.webhook_url, c.sign_secret,
               COALESCE(c.is_enabled, w.is_enabled) AS is_enabled
        FROM platform_task_deliveries d
        LEFT JOIN platform_wecom_apps w ON w.id = d.wecom_app_id
        LEFT JOIN platform_task_notify_channels c ON c.id = d.channel_id
        WHERE d.token_hash = %(token_hash)s AND d.status = 'pending'
        ORDER BY d.id
        """,
        {"token_hash": token_hash},
    )
    return [{**row, "result": decode_json(row["result"])} for row in rows]


def settle(tx: Transaction, delivery_id: int, token_hash: bytes, end: Mapping[str, Any]) -> None:
    """Write a receipt: `end` has status, errcode, errmsg, notes, payload, sent_parts,
    next_attempt_at, now."""
    tx.execute(
        """
        UPDATE platform_task_deliveries
        SET status = %(status)s, errcode = %(errcode)s, errmsg = %(errmsg)s, notes = %(notes)s,
            payload = %(payload)s, sent_parts = %(sent_parts)s,
            next_attempt_at = %(next_attempt_at)s,
            finished_at = IF(%(status)s = 'pending', NULL, %(now)s),
            address = IF(%(status)s = 'pending', address, NULL)
        WHERE id = %(id)s AND token_hash = %(token_hash)s AND status = 'pending'
        """,
        {
            **end,
            "id": delivery_id,
            "token_hash": token_hash,
            "notes": encode_json(end["notes"]),
            "payload": encode_json(end["payload"]),
        },
    )


def fail(tx: Transaction, ids: Sequence[int], errmsg: str, now: datetime) -> None:
    if ids:
        tx.execute(
            "UPDATE platform_task_deliveries FORCE INDEX (PRIMARY)"
            " SET status = 'failed', errmsg = %(errmsg)s, finished_at = %(now)s, address = NULL"
            " WHERE id IN %(ids)s AND status = 'pending'",
            {"ids": tuple(ids), "errmsg": errmsg, "now": now},
        )


def due(tx: Transaction, now: datetime, limit: int) -> list[Row]:
    """Messages that may go now: `id`, `tenant_id`, `attempts`; held rows are passed over."""
    return tx.all(
        """
        SELECT id, tenant_id, attempts
        FROM platform_task_deliveries
        WHERE status = 'pending' AND next_attempt_at < %(now)s
        ORDER BY next_attempt_at, id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
        """,
        {"now": now, "limit": limit},
    )


def of_logs(tx: Transaction, log_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Receipts as people read them, by log."""
    found: dict[int, list[dict[str, Any]]] = {log_id: [] for log_id in log_ids}
    if not log_ids:
        return found
    # One message may tell of many runs: those that it tells are among its alerts.
    rows = tx.all(
        """
        SELECT x.log_id, d.id, d.kind, d.channel_id, d.channel_name, d.channel_type, d.status,
               d.attempts, d.errcode, d.errmsg, d.notes, d.payload, d.next_attempt_at,
               d.created_at, d.finished_at
        FROM (
            SELECT log_id, id FROM platform_task_deliveries WHERE log_id IN %(log_ids)s
            UNION ALL
            SELECT log_id, delivery_id FROM platform_task_alerts WHERE log_id IN %(log_ids)s
        ) x JOIN platform_task_deliveries d ON d.id = x.id
        ORDER BY d.id
        """,
        {"log_ids": tuple(log_ids)},
    )
    for row in rows:
        found[row.pop("log_id")].append(_receipt(row))
    return found


def receipt(tx: Transaction, delivery_id: int) -> dict[str, Any] | None:
    row = tx.one(
        """
        SELECT id, kind, channel_id, channel_name, channel_type, status, attempts, errcode, errmsg,
               notes, payload, next_attempt_at, created_at, finished_at
        FROM platform_task_deliveries
        WHERE id = %(id)s
        """,
        {"id": delivery_id},
    )
    return _receipt(row) if row else None


def _receipt(row: Row) -> dict[str, Any]:
    return {
        **row,
        "notes": decode_json(row["notes"]) or [],
        "payload": decode_json(row["payload"]),
    }
