"""Sending the messages that a run's result asks for, each with its receipt."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages import Rendered, render
from chalicelib.gateways.clock import Clock
from chalicelib.sandbox.app_parts import addressed

if TYPE_CHECKING:
    from chalicelib.gateways.robots import Receipt, Robot

#: Sends one payload as `messengers.send` does.
Send = Callable[["Robot", dict[str, Any], str, Clock], "Receipt"]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Sent:
    """What became of one delivery; `payload` is as it was rendered, before any signature."""

    status: str
    errcode: int | None = None
    errmsg: str | None = None
    notes: list[str] = field(default_factory=list)
    payload: Any = None
    retry_after_seconds: int | None = None
    #: Of a message in parts, how many have gone, now or before.
    sent_parts: int = 0


def _uuid_of(uuid: str, part: int) -> str:
    """The idempotency key of one part: a robot drops what comes twice under one key."""
    return uuid if part == 0 else hashlib.md5(f"{uuid}:{part}".encode()).hexdigest()


def send_parts(
    robot: Robot, parts: Mapping[int, dict[str, Any]], uuid: str, send: Send, clock: Clock
) -> tuple[Receipt, int]:
    """Send parts of one message, by their numbers, up to the first that does not go.

    Returns its receipt, and how many have gone. Of no parts nothing is sent, and the receipt says
    so.
    """
    if not parts:
        from chalicelib.gateways.robots import Receipt

        return Receipt("failed", None, "没有要发送的内容", None), 0
    for sent, (number, part) in enumerate(parts.items()):
        receipt = send(robot, part, _uuid_of(uuid, number), clock)
        if receipt.status != "sent":
            return receipt, sent
    return receipt, len(parts)


def _deliver(delivery: Mapping[str, Any], send: Send, clock: Clock) -> _Sent:
    from chalicelib.gateways.robots import Robot

    channel = delivery["channel"]
    try:
        rendered = _rendered(delivery, channel["channel_type"])
    except Wrong as wrong:
        return _Sent("failed", errmsg=wrong.text.zh)
    notes = [note.zh for note in rendered.notes]
    parts = _parts(rendered, delivery)
    if not parts:
        return _Sent("sent", errmsg="result 中没有要发送的消息", notes=notes)
    payload = parts[0] if len(parts) == 1 else {"parts": list(parts)}
    robot = Robot(channel["channel_type"], channel["webhook_url"], channel["sign_secret"])
    # What went the last time does not go again: WeCom would show it twice.
    before = min(delivery.get("sent_parts", 0), len(parts) - 1)
    left = {number: part for number, part in enumerate(parts) if number >= before}
    receipt, sent = send_parts(robot, left, delivery["uuid"], send, clock)
    return _Sent(
        receipt.status,
        receipt.errcode,
        receipt.words,
        notes,
        payload,
        receipt.retry_after_seconds,
        before + sent,
    )


def _rendered(delivery: Mapping[str, Any], channel_type: str) -> Rendered:
    # Whoever takes plain JSON gets it as it is.
    if channel_type == "webhook":
        return Rendered((delivery["result"],))
    # A broker of an earlier version knows no page.
    return render(delivery["result"], channel_type, delivery["title"], delivery.get("page", ""))


def _parts(rendered: Rendered, delivery: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    channel, uuid = delivery["channel"], delivery["uuid"]
    if "app" not in channel:
        return rendered.payloads
    return [
        addressed(part, channel["app"], _uuid_of(uuid, number), again=channel["again"])
        for number, part in enumerate(rendered.payloads)
    ]


def deliver_all(
    deliveries: Sequence[Mapping[str, Any]], send: Send, clock: Clock
) -> list[dict[str, Any]]:
    """Send each delivery; returns a receipt for every one, whatever happens to the others."""
    receipts = []
    for delivery in deliveries:
        try:
            sent = _deliver(delivery, send, clock)
        except Exception as error:
            # Its text may hold the channel's address, and that is its key.
            name = type(error).__name__
            _log.error("a delivery broke off", extra={"delivery_id": delivery["id"], "why": name})
            sent = _Sent("failed", errmsg=f"发送时平台内部错误({name}),请联系管理员")
        receipts.append({"id": delivery["id"], **vars(sent)})
    return receipts
