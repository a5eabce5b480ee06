"""From rows to messages: row first, then the message, then the note that it is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from chalicelib.domain.runs import LONGEST_DELAY
from chalicelib.domain.tasks import PLATFORM_TENANT
from chalicelib.gateways.queue import Message
from chalicelib.repositories import log_queue
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.log_queue import ToSend
from chalicelib.services.platform import Platform
from chalicelib.services.tokens import hash_of, new_token

log = logging.getLogger(__name__)
BATCH = 1000

Choose = Callable[[Transaction, datetime], list[ToSend]]


def send_waiting(platform: Platform) -> int:
    """Send whatever waits and is due within 900 s; returns how many messages went out."""
    total = 0
    last: ToSend | None = None
    while True:
        chosen, sent = _send(platform, partial(_unsent_after, last))
        total += sent
        # A queue that refuses would be asked for ever; the next tick asks again.
        if len(chosen) < BATCH or sent < len(chosen):
            return total
        last = chosen[-1]


def _unsent_after(last: ToSend | None, tx: Transaction, until: datetime) -> list[ToSend]:
    return log_queue.unsent(tx, until, BATCH, last)


def send_these(platform: Platform, log_ids: Iterable[int]) -> None:
    """Send the messages of attempts that were just planned.

    Nothing is raised: the rows are committed, and who is told of a failure makes them again.
    """
    if ids := list(log_ids):
        _try_to_send(platform, lambda tx, until: log_queue.lock_unsent(tx, ids, until))


def send_runs(platform: Platform, trace_ids: Sequence[str]) -> None:
    """Send what waits of these runs: their first attempts, or the ones that follow a failure.

    As `send_these`, it raises nothing.
    """
    if trace_ids:
        _try_to_send(
            platform,
            lambda tx, until: log_queue.lock_unsent(tx, log_queue.waiting_of(tx, trace_ids), until),
        )


def _try_to_send(platform: Platform, choose: Choose) -> None:
    try:
        _send(platform, choose)
    except Exception:
        log.exception("messages are left to the next tick")


def _send(platform: Platform, choose: Choose) -> tuple[list[ToSend], int]:
    """The attempts that were chosen, and how many of their messages went out."""
    now = platform.now()
    chosen, tokens, hashes = platform.database.run(partial(_with_tokens, choose, now))
    if not chosen:
        return [], 0
    failed = set(platform.queue.send([_message(row, tokens[row.id], now) for row in chosen]))
    sent = {row.id: hashes[row.id] for n, row in enumerate(chosen) if n not in failed}
    if sent:
        platform.database.run(lambda tx: log_queue.mark_sent(tx, sent, platform.now()))
    if failed:
        log.warning("messages not taken by the queue", extra={"count": len(failed)})
    return chosen, len(sent)


def _with_tokens(
    choose: Choose, now: datetime, tx: Transaction
) -> tuple[list[ToSend], dict[int, str], dict[int, str]]:
    """Attempts to send, their new tokens, and the hashes of these, which the database keeps."""
    chosen = choose(tx, now + LONGEST_DELAY)
    tokens = {row.id: new_token() for row in chosen}
    hashes = {log_id: hash_of(token).hex() for log_id, token in tokens.items()}
    if chosen:
        log_queue.set_tokens(tx, hashes)
    return chosen, tokens, hashes


def _message(row: ToSend, token: str, now: datetime) -> Message:
    event = {"kind": "run", "log_id": row.id, "token": token}
    return message(event, row.tenant_id, row.due_at, now)


def message(
    event: dict[str, Any], tenant_id: str | None, due_at: datetime, now: datetime
) -> Message:
    """A sandbox event as a message that waits the whole seconds; `launch` waits the rest."""
    tenant = tenant_id or PLATFORM_TENANT
    delay = max(0, int((due_at - now).total_seconds()))
    body = {**event, "due_at": due_at.isoformat(), "tenant": tenant}
    return Message(body=body, delay_seconds=delay, group=tenant)


def event_of(body: dict[str, Any]) -> dict[str, Any]:
    """The sandbox's event in a message."""
    return {key: value for key, value in body.items() if key not in ("due_at", "tenant")}
