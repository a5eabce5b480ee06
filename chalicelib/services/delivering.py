"""The outbox: who may send which messages, and what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.repositories import deliveries
from chalicelib.repositories.database import Row, Transaction
from chalicelib.services import delivery_targets, sending, wecom_sending
from chalicelib.services.attempts import refused
from chalicelib.services.notifying import DELIVERY_LEASE
from chalicelib.services.platform import Platform
from chalicelib.services.tokens import hash_of, new_token

BATCH = 500
#: So many messages go with one `deliver` event.
TOGETHER = 20
MOST_ATTEMPTS = 20
LONGEST_ERRMSG = 2000
MOST_WAIT = timedelta(hours=1)
_AT_ONCE = timedelta(microseconds=1)
GIVEN_UP = (
    "多次尝试发送均无回执,已放弃 / nobody came back from sending it, time and again; it is given up"
)


def grant(tx: Transaction, ids: Sequence[int], now: datetime) -> str:
    """A new token for sending exactly these messages."""
    token = new_token()
    deliveries.grant(tx, ids, hash_of(token), now + DELIVERY_LEASE)
    return token


def granted(
    tx: Transaction, token: str, now: datetime, public_url: str = ""
) -> list[dict[str, Any]]:
    """What the holder of a token is to send; messages whose channel is gone or off have failed.

    `public_url`: the console's address, if known, for links to the run's page.
    """
    rows = deliveries.granted(tx, hash_of(token))
    gone = [row["id"] for row in rows if not delivery_targets.exists(row)]
    deliveries.fail(tx, gone, "渠道已删除或停用 / the channel is deleted or switched off", now)
    return [_delivery(row, public_url) for row in rows if row["id"] not in gone]


def _delivery(row: Row, public_url: str) -> dict[str, Any]:
    has_page = public_url and row["log_id"] is not None
    return {
        "page": f"{public_url}/logs/{row['log_id']}" if has_page else "",
        "id": row["id"],
        "result": row["result"],
        "title": row["title"],
        "uuid": row["uuid"],
        "sent_parts": row["sent_parts"],
        "channel": delivery_targets.target(row),
    }


def to_deliver(platform: Platform, token: str) -> dict[str, Any]:
    """Answer the sandbox that was woken by a `deliver` event."""
    with platform.database.transaction() as tx:
        found = granted(tx, token, platform.now(), platform.settings.public_url)
    return {"deliveries": ready(platform, found, token)}


def ready(platform: Platform, found: list[dict[str, Any]], token: str) -> list[dict[str, Any]]:
    """What of these can be sent; what WeCom gives no token for is settled here.

    The caller holds no transaction.
    """
    deliverable, receipts = wecom_sending.with_tokens(platform, found)
    if receipts:
        receive_receipts(platform, {"token": token, "receipts": receipts})
    return deliverable


def receive_receipts(platform: Platform, request: dict[str, Any]) -> dict[str, Any]:
    """Write the receipts; what is to go later stays pending until then."""
    now = platform.now()
    token_hash = hash_of(request["token"])
    with platform.database.transaction() as tx:
        rows = {row["id"]: row for row in deliveries.granted(tx, token_hash)}
        stale = set()
        for receipt in request["receipts"]:
            if row := rows.get(receipt["id"]):
                judged = wecom_sending.judged(receipt, row["wecom_app_id"], row["errcode"])
                stale |= {row["wecom_app_id"]} if judged.get("at_once") else set()
                settled = _settled(judged, row["attempts"], now)
                deliveries.settle(tx, receipt["id"], token_hash, settled)
    if not rows and request["receipts"]:
        raise refused()
    if stale:
        wecom_sending.drop_tokens(platform, stale)
        send_due(platform)
    return {}


def _settled(receipt: dict[str, Any], attempts: int, now: datetime) -> dict[str, Any]:
    later = receipt["status"] == "later" and attempts < MOST_ATTEMPTS
    wait = min(timedelta(seconds=receipt.get("retry_after_seconds") or 60), MOST_WAIT)
    if receipt.get("at_once"):
        wait = -_AT_ONCE
    return {
        "status": "pending" if later else "sent" if receipt["status"] == "sent" else "failed",
        "errcode": _errcode(receipt.get("errcode")),
        "errmsg": (receipt.get("errmsg") or "")[:LONGEST_ERRMSG] or None,
        "notes": receipt.get("notes") or [],
        "payload": receipt.get("payload"),
        "sent_parts": receipt.get("sent_parts") or 0,
        "next_attempt_at": now + wait if later else None,
        "now": now,
    }


def _errcode(said: int | None) -> int | None:
    """The robot's code, if its column takes it: a receipt that is not written is no receipt."""
    return said if said is not None and abs(said) < 1 << 31 else None


def send_due(platform: Platform) -> None:
    """Wake sandboxes for the messages that may go now."""
    while True:
        now = platform.now()
        with platform.database.transaction() as tx:
            due = deliveries.due(tx, now, BATCH)
            spent = [row["id"] for row in due if row["attempts"] >= MOST_ATTEMPTS]
            deliveries.fail(tx, spent, GIVEN_UP, now)
            messages = [
                sending.message(
                    {"kind": "deliver", "ids": ids, "token": grant(tx, ids, now)}, tenant, now, now
                )
                for tenant, ids in _by_tenant(r for r in due if r["attempts"] < MOST_ATTEMPTS)
            ]
        # What the queue does not take is due again when the lease has passed.
        failed = platform.queue.send(messages) if messages else []
        if len(due) < BATCH or failed:
            return


def _by_tenant(rows: Iterable[Row]) -> Iterable[tuple[str | None, list[int]]]:
    of_tenant: dict[str | None, list[int]] = defaultdict(list)
    for row in rows:
        of_tenant[row["tenant_id"]].append(row["id"])
    for tenant, ids in of_tenant.items():
        for start in range(0, len(ids), TOGETHER):
            yield tenant, ids[start : start + TOGETHER]
