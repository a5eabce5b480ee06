"""`dingtalk` and `wecom`: messages that a script sends itself, at once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text
from chalicelib.sandbox.calls import Answer, CallFailed, Handler
from chalicelib.sandbox.outcome import in_both

if TYPE_CHECKING:
    from chalicelib.domain.messages import Rendered
    from chalicelib.gateways.clock import Clock
    from chalicelib.gateways.robots import Robot
    from chalicelib.sandbox.deliveries import Send

#: The SDK's name → the kind of channel whose robots it speaks to.
CHANNEL_TYPES = {"dingtalk": "dingtalk_bot", "wecom": "wecom_bot"}

#: What is done with a message that is ready to go: returns what the script is told.
Take = Callable[["Robot", "Rendered"], dict[str, Any]]
#: What is done with content and title before a message is made of them.
Prepare = Callable[[Any], Any]


def robot_calls(send: Send, clock: Clock, allow: Sequence[str]) -> dict[str, Handler]:
    """Handlers that send: `{webhook_url, content, title}` to `{ok, errcode, errmsg, hint}`.

    What a robot or the network says against it is in the answer. Raises CallFailed of kind
    `argument` where the address or the content is none. `allow`: see `check_url`.
    """

    def take(robot: Robot, rendered: Rendered) -> dict[str, Any]:
        from chalicelib.sandbox.deliveries import send_parts

        parts = dict(enumerate(rendered.payloads))
        receipt, _ = send_parts(robot, parts, uuid.uuid4().hex, send, clock)
        notes = [in_both(note) for note in rendered.notes]
        return {
            "ok": receipt.status == "sent",
            "errcode": receipt.errcode,
            "errmsg": receipt.errmsg,
            "hint": "\n".join([*filter(None, [receipt.hint]), *notes]),
        }

    return handlers(take, allow)


def handlers(
    take: Take, allow: Sequence[str], prepare: Prepare = lambda said: said
) -> dict[str, Handler]:
    """A handler for each function, which reads the arguments and hands the message to `take`."""
    return {name: _handler(kind, take, allow, prepare) for name, kind in CHANNEL_TYPES.items()}


def _handler(channel_type: str, take: Take, allow: Sequence[str], prepare: Prepare) -> Handler:
    def handle(args: Mapping[str, Any], seconds: float) -> Answer:
        # Loaded at the first message, as most scripts leave theirs in `result`.
        from chalicelib.domain.messages import render_direct
        from chalicelib.domain.messages.webhook import check_webhook
        from chalicelib.gateways.robots import Robot

        url, content, title = _texts(args)
        try:
            check_webhook(channel_type, url, allow)
            rendered = render_direct(prepare(content), channel_type, prepare(title))
        except Wrong as wrong:
            raise CallFailed(wrong.text, "argument") from None
        size = sum(len(json.dumps(payload)) for payload in rendered.payloads)
        return Answer(take(Robot(channel_type, url), rendered), traffic=size)

    return handle


def _texts(args: Mapping[str, Any]) -> tuple[str, Any, str]:
    url, title = args.get("webhook_url"), args.get("title")
    if isinstance(url, str) and isinstance(title, str):
        return url, args.get("content"), title
    text = Text("webhook_url 和 title 须为文本", "webhook_url and title must be text")
    raise CallFailed(text, "argument")
