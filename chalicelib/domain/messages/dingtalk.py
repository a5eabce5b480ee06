"""Payloads of DingTalk's group robot (open.dingtalk.com, custom robot, 2026-07)."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from chalicelib.domain.messages.cutting import fitted
from chalicelib.domain.messages.markdown import hard_breaks, has_fonts, with_title, without_fonts
from chalicelib.domain.messages.model import Message, Payload, Rendered
from chalicelib.domain.messages.reading import require_address, require_content
from chalicelib.domain.text import Text

#: The robot refuses a body of more than 20,000 bytes (460101); the rest is for `msgUuid`.
MAX_BODY_BYTES = 19_000


def text(message: Message) -> Rendered:
    def build(content: str) -> Payload:
        lines = [message.given_title, content] if message.given_title else [content]
        return {"msgtype": "text", "text": {"content": "\n".join(lines)}}

    return _rendered(require_content(message), build)


def markdown(message: Message) -> Rendered:
    def build(content: str) -> Payload:
        body = {"title": message.title, "text": _body(message, content)}
        return {"msgtype": "markdown", "markdown": body}

    return _rendered(require_content(message), build, *_font_notes(message))


def markdown_v2(message: Message) -> Rendered:
    """WeCom's wider Markdown; DingTalk has one kind only."""
    rendered = markdown(message)
    note = Text("已降级: markdown_v2 → markdown", "Sent markdown_v2 as markdown")
    return Rendered(rendered.payloads, (note, *rendered.notes))


def link(message: Message) -> Rendered:
    body = {
        "title": message.title,
        "messageUrl": require_address(message.url, "link 消息的 url", _SCHEMES),
    }
    if message.pic_url:
        body["picUrl"] = require_address(message.pic_url, "link 消息的 pic_url")

    def build(content: str) -> Payload:
        return {"msgtype": "link", "link": body | {"text": content}}

    return _rendered(message.content.strip() or message.title, build)


def action_card(message: Message) -> Rendered:
    """One button makes a whole card, more make separate buttons; none makes Markdown."""
    if not message.buttons:
        rendered = markdown(message)
        note = Text(
            "已降级: actionCard → markdown(没有按钮)",
            "Sent actionCard as markdown: it has no buttons",
        )
        return Rendered(rendered.payloads, (note, *rendered.notes))
    build = partial(_card, message)
    return _rendered(require_content(message), build, *_font_notes(message))


_SCHEMES = ("http", "https", "dingtalk")


def _card(message: Message, content: str) -> Payload:
    card: Payload = {
        "title": message.title,
        "text": _body(message, content),
        "btnOrientation": message.btn_orientation,
    }
    first = message.buttons[0]
    if len(message.buttons) == 1:
        card |= {"singleTitle": first.title, "singleURL": first.url}
    else:
        card["btns"] = [{"title": one.title, "actionURL": one.url} for one in message.buttons]
    return {"msgtype": "actionCard", "actionCard": card}


def _body(message: Message, content: str) -> str:
    """The visible text: DingTalk shows `title` in notifications only."""
    return hard_breaks(with_title(message.given_title, without_fonts(content)))


def _font_notes(message: Message) -> tuple[Text, ...]:
    if not has_fonts(message.content):
        return ()
    return (Text("已降级: 去掉 <font> 颜色", "Removed <font> colours"),)


def _rendered(content: str, build: Callable[[str], Payload], *notes: Text) -> Rendered:
    payload, cut = fitted(content, build, _body_bytes, MAX_BODY_BYTES)
    return Rendered((payload,), notes + cut)


def _body_bytes(payload: Payload) -> int:
    return len(json.dumps(payload, ensure_ascii=False).encode())
