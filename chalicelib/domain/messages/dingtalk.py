"""Payloads of DingTalk's group robot (open.dingtalk.com, custom robot, 2026-07)."""

from __future__ import annotations

import json
from collections.abc import Callable

from chalicelib.domain.messages.fields import clipped, require_address
from chalicelib.domain.messages.markdown import hard_breaks, has_fonts, heading, without_fonts
from chalicelib.domain.messages.mentions import (
    dingtalk_at,
    dingtalk_tokens,
    ignored,
    without_inline,
)
from chalicelib.domain.messages.model import Button, Mentions, Message, Payload, Rendered
from chalicelib.domain.messages.pages import Frame, pages
from chalicelib.domain.messages.reading import require_content
from chalicelib.domain.text import Text

#: The robot refuses a body of more than 20,000 bytes (460101); the rest is for `msgUuid`.
MAX_BODY_BYTES = 19_000
#: Of a link's words DingTalk shows a line or two.
_MAX_LINK_BYTES = 2048
#: The types in which nobody can be called.
NOBODY = Text("该消息类型不能 @ 成员", "this type of message calls nobody")
_SCHEMES = ("http", "https", "dingtalk")


def text(message: Message) -> Rendered:
    def build(words: str) -> Payload:
        return {"msgtype": "text", "text": {"content": words}}

    content = require_content(message)
    head = f"{message.given_title}\n" if message.given_title else ""
    tail = _tail(message.mentions, content)
    at = dingtalk_at(message.mentions)
    return _paged(message, content, (head, tail), build, lambda w: {**build(w), **at}, plain=True)


def markdown(message: Message) -> Rendered:
    at = dingtalk_at(message.mentions)
    content = shown(require_content(message))
    head = heading(message.given_title, content)
    tail = _tail(message.mentions, content, "\n\n")
    build = _markdown_builder(message)
    rendered = _paged(message, content, (head, tail), build, lambda w: {**build(w), **at})
    return rendered.noted(*font_notes(message.content))


def markdown_v2(message: Message) -> Rendered:
    """WeCom's wider Markdown; DingTalk has one kind only."""
    note = Text("已降级: markdown_v2 → markdown", "Sent markdown_v2 as markdown")
    return markdown(message).noted(note)


def link(message: Message) -> Rendered:
    words = message.content.strip() or message.title
    body = {
        "title": message.title,
        "text": clipped(words, _MAX_LINK_BYTES),
        "messageUrl": require_address(message.url, "link.url", _SCHEMES),
    }
    if message.pic_url:
        body["picUrl"] = require_address(message.pic_url, "link.pic_url")
    notes = ignored(message.mentions, NOBODY)
    if body["text"] != words:
        notes += (Text("链接描述过长,已截断", "The words of the link were cut"),)
    return Rendered(({"msgtype": "link", "link": body},), notes)


def action_card(message: Message) -> Rendered:
    """One button makes a whole card, more make separate buttons; none makes Markdown."""
    if not message.buttons:
        note = Text(
            "已降级: actionCard → markdown(没有按钮)",
            "Sent actionCard as markdown: it has no buttons",
        )
        return markdown(message).noted(note)
    return card(message, require_content(message), message.buttons)


def card(message: Message, content: str, buttons: tuple[Button, ...]) -> Rendered:
    """A card with at least one button; of a content that is too long it ends the last part."""
    at = Mentions(user_ids=message.mentions.user_ids)
    rest = Mentions(message.mentions.mobiles, (), message.mentions.everyone)
    content = shown(content)
    head = heading(message.given_title, content)
    tail = _tail(at, content, "\n\n")

    def build(words: str) -> Payload:
        whole = {"title": message.title, "text": words, "btnOrientation": message.btn_orientation}
        return {"msgtype": "actionCard", "actionCard": {**whole, **_buttons(buttons)}}

    rendered = _paged(message, content, (head, tail), _markdown_builder(message), build)
    reason = Text("卡片只能用 user_ids @ 成员", "a card calls people by user_ids only")
    return rendered.noted(*font_notes(message.content), *ignored(rest, reason))


def shown(content: str) -> str:
    """Content as DingTalk's Markdown shows it: no markup of WeCom's, and breaks where they are."""
    return hard_breaks(without_inline(without_fonts(content)))


def font_notes(content: str) -> tuple[Text, ...]:
    if not has_fonts(content):
        return ()
    return (Text("已降级: 去掉 <font> 颜色", "Removed <font> colours"),)


def body_bytes(payload: Payload) -> int:
    """The bytes that are posted."""
    return len(json.dumps(payload, ensure_ascii=False).encode())


def _buttons(buttons: tuple[Button, ...]) -> Payload:
    if len(buttons) == 1:
        return {"singleTitle": buttons[0].title, "singleURL": buttons[0].url}
    return {"btns": [{"title": one.title, "actionURL": one.url} for one in buttons]}


def _markdown_builder(message: Message) -> Callable[[str], Payload]:
    # DingTalk shows `title` in notifications only.
    return lambda words: {
        "msgtype": "markdown",
        "markdown": {"title": message.title, "text": words},
    }


def _tail(mentions: Mentions, content: str, between: str = "\n") -> str:
    tokens = dingtalk_tokens(mentions, content)
    return between + tokens if tokens else ""


def _paged(
    message: Message,
    content: str,
    around: tuple[str, str],
    build: Callable[[str], Payload],
    last: Callable[[str], Payload],
    *,
    plain: bool = False,
) -> Rendered:
    """One payload, or several of which `last` makes the last; `around`: head and tail."""
    room = MAX_BODY_BYTES - max(body_bytes(build("")), body_bytes(last("")))
    frame = Frame(room, _quoted_bytes, *around, message.page, plain)
    texts, notes = pages(content, frame)
    return Rendered((*(build(one) for one in texts[:-1]), last(texts[-1])), notes)


def _quoted_bytes(text: str) -> int:
    """The bytes of a text inside a JSON string."""
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2
