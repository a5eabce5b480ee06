"""Payloads of WeCom's group robot (developer.work.weixin.qq.com 91770 and 99110, 2025-08)."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.messages.card_words import bracketless, lowered
from chalicelib.domain.messages.fields import require_address
from chalicelib.domain.messages.markdown import (
    has_fonts,
    heading,
    is_plain,
    needs_v2,
    without_fonts,
)
from chalicelib.domain.messages.mentions import (
    inline_ids,
    wecom_call,
    wecom_lists,
    without_inline,
)
from chalicelib.domain.messages.model import Mentions, Message, Payload, Rendered
from chalicelib.domain.messages.pages import Frame, pages, utf8_bytes
from chalicelib.domain.messages.reading import require_content
from chalicelib.domain.messages.wecom_cards import MAX_NOTICE, notice, notice_notes
from chalicelib.domain.messages.wecom_lists import one_article
from chalicelib.domain.text import Text

#: Limits of `content`, in bytes of UTF-8 (40058 above them).
MAX_MARKDOWN_BYTES = 4096
MAX_TEXT_BYTES = 2048
#: Entries of a card's jump_list.
MAX_JUMPS = 3


def text(message: Message) -> Rendered:
    """The last part calls those who are to be called."""
    content = require_content(message)
    head = f"{message.given_title}\n" if message.given_title else ""
    frame = Frame(MAX_TEXT_BYTES, utf8_bytes, head, "", message.page, plain=True)
    texts, notes = pages(content, frame)
    payloads: list[Payload] = [{"msgtype": "text", "text": {"content": one}} for one in texts]
    payloads[-1]["text"] |= wecom_lists(message.mentions)
    return Rendered(tuple(payloads), notes)


def markdown(message: Message) -> Rendered:
    """Version 1, which every client shows, unless something in it needs version 2."""
    return _markdown(message, require_content(message), "")


def markdown_v2(message: Message) -> Rendered:
    """Version 2 has tables, images, lists and code, but neither colours nor mentions."""
    return _version_2(message, require_content(message), "")


def link(message: Message) -> Rendered:
    """A news message with one article keeps all four fields."""
    require_address(message.url, "link.url")
    rendered = called(one_article(message), message)
    return rendered.noted(lowered("link", "news"))


def action_card(message: Message) -> Rendered:
    """A text_notice card for short plain text; otherwise Markdown with a link per button."""
    content = require_content(message)
    for button in message.buttons:
        require_address(button.url, f"buttons「{button.title[:20]}」url")
    short = len(content.strip()) <= MAX_NOTICE and is_plain(content)
    if short and 0 < len(message.buttons) <= MAX_JUMPS:
        rendered = called(Rendered((notice(message),), notice_notes(message)), message)
        return rendered.noted(lowered("actionCard", "template_card text_notice"))
    return with_links(message, content).noted(lowered("actionCard", "markdown"))


def with_links(message: Message, content: str) -> Rendered:
    """Markdown with a line for each button."""
    return _markdown(message, content, links_of(message))


def links_of(message: Message) -> str:
    """The buttons as lines of Markdown links, behind a blank one."""
    links = "\n".join(f"[{bracketless(one.title)}]({one.url})" for one in message.buttons)
    return f"\n\n{links}" if links else ""


def called(rendered: Rendered, message: Message, mentions: Mentions | None = None) -> Rendered:
    """With a text message behind it that calls people, as its own type cannot."""
    calls = wecom_call(message, message.mentions if mentions is None else mentions)
    if not calls:
        return rendered
    note = Text("@ 成员另发一条文本消息", "People are called by a text message of its own")
    return Rendered((*rendered.payloads, *calls), (*rendered.notes, note))


def _markdown(message: Message, content: str, links: str) -> Rendered:
    if needs_v2(content):
        return _version_2(message, content, links)
    ids = [one for one in message.mentions.user_ids if one not in inline_ids(content)]
    tail = links + ("\n\n" + " ".join(f"<@{one}>" for one in ids) if ids else "")
    rest = replace(message.mentions, user_ids=())
    return called(paged("markdown", message, content, tail), message, rest)


def _version_2(message: Message, content: str, links: str) -> Rendered:
    notes: tuple[Text, ...] = ()
    if has_fonts(content):
        notes += (Text("已降级: 去掉 <font> 颜色", "Removed <font> colours"),)
    ids = dict.fromkeys((*message.mentions.user_ids, *inline_ids(content)))
    content = without_inline(without_fonts(content))
    rendered = paged("markdown_v2", message, content, links)
    everybody = replace(message.mentions, user_ids=tuple(ids))
    return called(rendered, message, everybody).noted(*notes)


def paged(
    kind: str, message: Message, content: str, tail: str, limit: int = MAX_MARKDOWN_BYTES
) -> Rendered:
    """Markdown of either version in as many messages as it needs; `limit` in bytes."""
    head = heading(message.given_title, content)
    texts, notes = pages(content, Frame(limit, utf8_bytes, head, tail, message.page))

    payloads = tuple({"msgtype": kind, kind: {"content": one}} for one in texts)
    return Rendered(payloads, notes)
