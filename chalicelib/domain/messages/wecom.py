"""Payloads of WeCom's group robot (developer.work.weixin.qq.com 91770 and 99110, 2025-08)."""

from __future__ import annotations

import re

from chalicelib.domain.messages.cutting import fitted
from chalicelib.domain.messages.markdown import (
    has_fonts,
    is_plain,
    needs_v2,
    with_title,
    without_fonts,
)
from chalicelib.domain.messages.model import Message, Payload, Rendered
from chalicelib.domain.messages.reading import require_address, require_content
from chalicelib.domain.text import Text

#: Limits of `content`, in bytes of UTF-8 (40058 above them).
MAX_MARKDOWN_BYTES = 4096
MAX_TEXT_BYTES = 2048
#: Limits of a `news` article, in bytes.
MAX_TITLE_BYTES = 128
MAX_DESCRIPTION_BYTES = 512
#: Limits of a text_notice card: characters of sub_title_text, entries of jump_list.
MAX_NOTICE = 112
MAX_JUMPS = 3

_MENTION = re.compile(r"<@([^<>\s]+)>")


def text(message: Message) -> Rendered:
    def build(content: str) -> Payload:
        lines = [message.given_title, content] if message.given_title else [content]
        return {"msgtype": "text", "text": {"content": "\n".join(lines)}}

    payload, cut = fitted(require_content(message), build, _content_bytes, MAX_TEXT_BYTES)
    return Rendered((payload,), cut)


def markdown(message: Message) -> Rendered:
    """Version 1, which every client shows, unless something in it needs version 2."""
    if needs_v2(require_content(message)):
        return markdown_v2(message)
    return _markdown("markdown", message, message.content)


def markdown_v2(message: Message) -> Rendered:
    """Version 2 has tables, images, lists and code, but neither colours nor mentions."""
    content = require_content(message)
    notes: tuple[Text, ...] = ()
    if has_fonts(content):
        notes += (Text("已降级: 去掉 <font> 颜色", "Removed <font> colours"),)
    if _MENTION.search(content):
        notes += (
            Text(
                "已降级: 含表格、图片、列表或代码的消息不能 @ 成员,只显示名字",
                "Members cannot be mentioned beside tables, images, lists or code; "
                "only their names are shown",
            ),
        )
    content = _MENTION.sub(r"@\1", without_fonts(content))
    rendered = _markdown("markdown_v2", message, content)
    return Rendered(rendered.payloads, notes + rendered.notes)


def link(message: Message) -> Rendered:
    """A news message with one article keeps all four fields."""
    url = require_address(message.url, "link 消息的 url")
    article = {
        "title": _clipped(message.title, MAX_TITLE_BYTES),
        "description": _clipped(message.content.strip(), MAX_DESCRIPTION_BYTES),
        "url": url,
    }
    if message.pic_url:
        article["picurl"] = require_address(message.pic_url, "link 消息的 pic_url")
    payload: Payload = {"msgtype": "news", "news": {"articles": [article]}}
    notes = [Text("已降级: link → news", "Sent link as news")]
    if (article["title"], article["description"]) != (message.title, message.content.strip()):
        notes.append(Text("标题或描述过长,已截断", "The title or description was cut"))
    return Rendered((payload,), tuple(notes))


def action_card(message: Message) -> Rendered:
    """A text_notice card for short plain text; otherwise Markdown with a link per button."""
    content = require_content(message)
    for button in message.buttons:
        require_address(button.url, f"按钮「{button.title[:20]}」")
    short = len(content.strip()) <= MAX_NOTICE and is_plain(content)
    if short and 0 < len(message.buttons) <= MAX_JUMPS:
        note = Text(
            "已降级: actionCard → template_card text_notice",
            "Sent actionCard as a text_notice card",
        )
        return Rendered((_notice(message),), (note,))
    links = "\n".join(f"[{_bracketless(one.title)}]({one.url})" for one in message.buttons)
    note = Text("已降级: actionCard → markdown", "Sent actionCard as markdown")
    kind = "markdown_v2" if needs_v2(content) else "markdown"
    if kind == "markdown_v2":
        content = _MENTION.sub(r"@\1", without_fonts(content))
    rendered = _markdown(kind, message, content, f"\n\n{links}" if links else "")
    return Rendered(rendered.payloads, (note, *rendered.notes))


def _notice(message: Message) -> Payload:
    first = message.buttons[0]
    jumps = [{"type": 1, "title": one.title, "url": one.url} for one in message.buttons]
    card = {
        "card_type": "text_notice",
        "main_title": {"title": message.title},
        "sub_title_text": message.content.strip(),
        "jump_list": jumps,
        "card_action": {"type": 1, "url": first.url},
    }
    return {"msgtype": "template_card", "template_card": card}


def _markdown(kind: str, message: Message, content: str, tail: str = "") -> Rendered:
    def build(part: str) -> Payload:
        whole = with_title(message.given_title, part) + tail
        return {"msgtype": kind, kind: {"content": whole}}

    payload, cut = fitted(content, build, _content_bytes, MAX_MARKDOWN_BYTES)
    return Rendered((payload,), cut)


def _content_bytes(payload: Payload) -> int:
    return len(payload[payload["msgtype"]]["content"].encode())


def _clipped(words: str, limit: int) -> str:
    """At most `limit` bytes; WeCom would cut too, but perhaps inside a character."""
    data = words.encode()
    return words if len(data) <= limit else data[: limit - 3].decode("utf-8", "ignore") + "…"


def _bracketless(title: str) -> str:
    return title.replace("[", "(").replace("]", ")")
