"""Messages of WeCom's applications (90236); `addressed` adds whose they are and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages import wecom_lists
from chalicelib.domain.messages.card_words import OPEN, card_buttons, lowered
from chalicelib.domain.messages.dingtalk_more import without_divs
from chalicelib.domain.messages.fields import require_address
from chalicelib.domain.messages.markdown import is_plain
from chalicelib.domain.messages.mentions import ignored, without_inline
from chalicelib.domain.messages.model import Card, Message, Payload, Rendered
from chalicelib.domain.messages.pages import Frame, pages, utf8_bytes
from chalicelib.domain.messages.plainer import plainer
from chalicelib.domain.messages.reading import require_content
from chalicelib.domain.messages.wecom import MAX_TEXT_BYTES, links_of, paged
from chalicelib.domain.messages.wecom_cards import (
    MAX_APP_NOTICE,
    MAX_CARD_BUTTONS,
    button_interaction,
    news_notice,
    news_notice_notes,
    notice,
    notice_notes,
)
from chalicelib.domain.messages.wecom_lists import one_article
from chalicelib.domain.text import Text

MAX_MARKDOWN_BYTES = 2048
#: Characters of a textcard's title, its description, and its button.
_MAX_TITLE, _MAX_DESCRIPTION, _MAX_BUTTON = 128, 512, 4
_NO_MENTIONS = Text(
    "接收人由应用的 touser、toparty、totag 决定",
    "touser, toparty and totag of the application say who gets it",
)


def addressed(
    payload: Payload, agent_id: int, receivers: Mapping[str, str], task_id: str
) -> Payload:
    """The payload as `message/send` takes it.

    `receivers`: at least one of touser, toparty, totag. `task_id`: new for every send, of
    [0-9A-Za-z_-@]; only a card with buttons has it (42014 without).
    """
    whole = {**payload, **receivers, "agentid": agent_id}
    card = payload.get("template_card")
    if isinstance(card, Mapping) and card.get("card_type") == "button_interaction":
        whole["template_card"] = {"task_id": task_id, **card}
    return whole


def text(message: Message) -> Rendered:
    content = require_content(message)
    head = f"{message.given_title}\n" if message.given_title else ""
    frame = Frame(MAX_TEXT_BYTES, utf8_bytes, head, "", message.page, plain=True)
    texts, notes = pages(content, frame)
    payloads = tuple({"msgtype": "text", "text": {"content": one}} for one in texts)
    return _sent(message, Rendered(payloads, notes))


def markdown(message: Message) -> Rendered:
    """Version 1, the only one that applications have."""
    content = require_content(message)
    return _sent(message, _markdown(message, content, ""))


def markdown_v2(message: Message) -> Rendered:
    return markdown(message).noted(lowered("markdown_v2", "markdown"))


def link(message: Message) -> Rendered:
    """News if there is a picture, else a textcard, which the plain WeChat shows too."""
    require_address(message.url, "link.url")
    if message.pic_url:
        return _sent(message, one_article(message)).noted(lowered("link", "news"))
    words = message.content.strip() or message.title
    card = _textcard(message, words, message.url, "")
    return _sent(message, card).noted(lowered("link", "textcard"))


def action_card(message: Message) -> Rendered:
    """What is short and plain has buttons; all else is Markdown with links."""
    content = require_content(message)
    for one in message.buttons:
        require_address(one.url, f"buttons「{one.title[:20]}」url")
    words, count = content.strip(), len(message.buttons)
    if count == 1 and len(words) <= _MAX_DESCRIPTION and is_plain(content):
        [one] = message.buttons
        card = _textcard(message, words, one.url, one.title)
        return _sent(message, card).noted(lowered("actionCard", "textcard"))
    if 1 < count <= MAX_CARD_BUTTONS and len(words) <= MAX_APP_NOTICE and is_plain(content):
        rendered = Rendered((button_interaction(message, message.buttons),))
        note = lowered("actionCard", "template_card button_interaction")
        return _sent(message, rendered).noted(note)
    rendered = _markdown(message, content, links_of(message))
    return _sent(message, rendered).noted(lowered("actionCard", "markdown"))


def feed_card(message: Message) -> Rendered:
    return news(message).noted(lowered("feedCard", "news"))


def news(message: Message) -> Rendered:
    return _sent(message, wecom_lists.news(message.items))


def template_card(message: Message) -> Rendered:
    found = message.card or Card("text_notice")
    if found.kind == "news_notice":
        card, notes = news_notice(message, is_app=True), news_notice_notes(message)
    elif found.kind == "button_interaction":
        card = button_interaction(message, card_buttons(message, found))
        notes = notice_notes(message, MAX_APP_NOTICE)
    else:
        card, notes = notice(message, MAX_APP_NOTICE), notice_notes(message, MAX_APP_NOTICE)
    return _sent(message, Rendered((card,), notes))


def textcard(message: Message) -> Rendered:
    """Its own: `<br>` and `<div class="gray">` in the content go along."""
    url = require_address(message.url, "textcard.url")
    words = require_content(message).strip()
    return _sent(message, _textcard(message, words, url, message.btntxt))


def media(message: Message) -> Rendered:
    """An image, file, voice or video that WeCom has; one that is elsewhere is linked."""
    found, kind = message.media, message.msg_type
    if found and found.media_id:
        body = {"media_id": found.media_id}
        if kind == "video":
            body |= {"title": message.title, "description": message.content.strip()[:512]}
        return _sent(message, Rendered(({"msgtype": kind, kind: body},)))
    if not (found and found.url) or kind == "voice":
        raise Wrong(
            Text(
                f"企业微信应用的 {kind} 消息暂不支持 base64,请填写 media_id"
                + ("" if kind == "voice" else " 或 url"),
                f"A message of type {kind} to a WeCom application cannot be sent from base64; "
                "give a `media_id`" + ("" if kind == "voice" else " or a `url`"),
            )
        )
    if kind == "image":
        pictured = replace(message, url=found.url, pic_url=found.url)
        return _sent(message, one_article(pictured)).noted(lowered("image", "news"))
    card = _textcard(message, message.content.strip() or message.title, found.url, "下载")
    return _sent(message, card).noted(lowered(kind, "textcard"))


def _markdown(message: Message, content: str, tail: str) -> Rendered:
    shown = plainer(content)
    rendered = paged("markdown", message, without_inline(shown), tail, MAX_MARKDOWN_BYTES)
    if shown == content:
        return rendered
    return rendered.noted(
        Text("已降级: 表格 → 引用行,图片 → 链接", "Tables became quotes, images became links")
    )


def _textcard(message: Message, words: str, url: str, button: str) -> Rendered:
    kept = words if len(words) <= _MAX_DESCRIPTION else words[: _MAX_DESCRIPTION - 1] + "…"
    card = {"title": message.title[:_MAX_TITLE], "description": kept, "url": url}
    card["btntxt"] = (button or OPEN)[:_MAX_BUTTON]
    notes: tuple[Text, ...] = ()
    if kept != words:
        notes += (Text("描述超过 512 字,已截断", "The description was cut to 512 characters"),)
    if len(button) > _MAX_BUTTON:
        notes += (Text("按钮文字超过 4 字,已截断", "The button's words were cut to 4 characters"),)
    if not without_divs(kept):
        require_content(replace(message, content=""))
    return Rendered(({"msgtype": "textcard", "textcard": card},), notes)


def _sent(message: Message, rendered: Rendered) -> Rendered:
    return rendered.noted(*ignored(message.mentions, _NO_MENTIONS))
