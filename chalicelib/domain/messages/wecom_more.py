"""WeCom's group robot: lists, cards, files and native payloads."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages import wecom_lists
from chalicelib.domain.messages.card_words import (
    bracketless,
    card_buttons,
    card_words,
    lowered,
)
from chalicelib.domain.messages.dingtalk_more import without_divs
from chalicelib.domain.messages.fields import require_address
from chalicelib.domain.messages.model import Card, Media, Message, Payload, Rendered
from chalicelib.domain.messages.reading import require_content
from chalicelib.domain.messages.reading_media import require_file, require_image
from chalicelib.domain.messages.wecom import (
    MAX_JUMPS,
    MAX_MARKDOWN_BYTES,
    MAX_TEXT_BYTES,
    called,
    markdown_v2,
    with_links,
)
from chalicelib.domain.messages.wecom_cards import (
    news_notice,
    news_notice_notes,
    notice,
    notice_notes,
)
from chalicelib.domain.messages.wecom_lists import one_article
from chalicelib.domain.text import Text

_TYPES = ("text", "markdown", "markdown_v2", "image", "news", "file", "voice", "template_card")
_LIMITS = {
    "text": MAX_TEXT_BYTES,
    "markdown": MAX_MARKDOWN_BYTES,
    "markdown_v2": MAX_MARKDOWN_BYTES,
}

_APP_TYPES = (
    *("text", "markdown", "textcard", "news", "mpnews", "image", "voice", "file", "video"),
    *("miniprogram_notice", "template_card"),
)
_APP_LIMITS = {"text": MAX_TEXT_BYTES, "markdown": MAX_TEXT_BYTES}


def feed_card(message: Message) -> Rendered:
    return news(message).noted(lowered("feedCard", "news"))


def news(message: Message) -> Rendered:
    return called(wecom_lists.news(message.items), message)


def template_card(message: Message) -> Rendered:
    """A robot has no card with buttons that stay: they become jumps, or lines of links."""
    found = message.card or Card("text_notice")
    if found.kind == "news_notice":
        rendered = Rendered((news_notice(message),), news_notice_notes(message))
        return called(rendered, message)
    if found.kind == "text_notice":
        return called(Rendered((notice(message),), notice_notes(message)), message)
    buttons = card_buttons(message, found)
    if len(buttons) > MAX_JUMPS:
        content = card_words(message, replace(found, jumps=()))
        shown = replace(message, buttons=buttons)
        return with_links(shown, content).noted(lowered("button_interaction", "markdown"))
    jumps = () if message.buttons else found.jumps
    only = replace(message, card=replace(found, jumps=jumps))
    rendered = called(Rendered((notice(only),), notice_notes(only)), message)
    return rendered.noted(lowered("button_interaction", "text_notice"))


def textcard(message: Message) -> Rendered:
    """News if there is a picture, else a notice."""
    require_address(message.url, "textcard.url")
    plain = replace(message, content=without_divs(message.content))
    require_content(plain)
    if message.pic_url:
        return called(one_article(plain), message).noted(lowered("textcard", "news"))
    rendered = Rendered((notice(plain),), notice_notes(plain))
    return called(rendered, message).noted(lowered("textcard", "template_card text_notice"))


def image(message: Message) -> Rendered:
    """The bytes themselves; a picture elsewhere is shown by Markdown, which fetches it."""
    media = message.media or Media()
    if media.data:
        data = require_image(media.data)
        body = {
            "base64": base64.b64encode(data).decode("ascii"),
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        }
        rendered = Rendered(({"msgtype": "image", "image": body},), _unshown(message))
        return called(rendered, message)
    if not media.url:
        raise _needs("image", "url 或 base64", "`url` or `base64`")
    pictured = f"![{bracketless(message.given_title)}]({media.url})"
    words = f"{message.content}\n\n{pictured}" if message.content.strip() else pictured
    return markdown_v2(replace(message, content=words)).noted(lowered("image", "markdown_v2"))


def file(message: Message) -> Rendered:
    """A file that WeCom has already, or is given on the way; one elsewhere is linked."""
    media = message.media or Media()
    if media.data:
        uploading = _uploading(message, "file", media)
        is_file = message.msg_type == "file"
        return uploading if is_file else uploading.noted(lowered("video", "file"))
    if media.media_id:
        payload: Payload = {"msgtype": "file", "file": {"media_id": media.media_id}}
        rendered = called(Rendered((payload,), _unshown(message)), message)
        return rendered if message.msg_type == "file" else rendered.noted(lowered("video", "file"))
    if not media.url:
        raise _needs(message.msg_type, "url、base64 或 media_id", "`url`, `base64` or `media_id`")
    linked = replace(message, url=media.url, pic_url="")
    return called(one_article(linked), message).noted(lowered(message.msg_type, "news"))


def voice(message: Message) -> Rendered:
    media = message.media or Media()
    if media.data:
        return _uploading(message, "voice", media)
    if not media.media_id:
        raise _needs("voice", "base64 或 media_id", "`base64` or `media_id`")
    payload: Payload = {"msgtype": "voice", "voice": {"media_id": media.media_id}}
    return called(Rendered((payload,), _unshown(message)), message)


def raw(message: Message) -> Rendered:
    """A payload of WeCom's own, checked for its type and size only."""
    return native(message, _TYPES, _LIMITS)


def raw_of_app(message: Message) -> Rendered:
    """The same for an application, which has more types and shorter Markdown."""
    return native(message, _APP_TYPES, _APP_LIMITS)


def native(message: Message, types: tuple[str, ...], limits: Mapping[str, int]) -> Rendered:
    """A native payload whose type is among `types` and whose words have at most `limits` bytes."""
    payload = message.raw or {}
    kind = payload["msgtype"]
    if kind not in types:
        names = ", ".join(types)
        raise Wrong(
            Text(
                f"企业微信不支持 msgtype {kind[:40]},可用: {names}",
                f"WeCom takes no msgtype {kind[:40]} here; use one of {names}",
            )
        )
    limit = limits.get(kind)
    if limit and _content_bytes(payload[kind]) > limit:
        raise Wrong(
            Text(
                f"raw 消息的 {kind}.content(msgtype)应为不超过 {limit} 字节的文本",
                f"{kind}.content of the raw message (msgtype) must be text of at most "
                f"{limit} bytes",
            )
        )
    return Rendered((payload,))


def _content_bytes(body: Mapping[str, Any]) -> float:
    content = body.get("content")
    return len(content.encode()) if isinstance(content, str) else float("inf")


def _uploading(message: Message, kind: str, media: Media) -> Rendered:
    """With the bytes in place of a media_id, which `gateways.robot_media` gets for them."""
    data = require_file(kind, media.data)
    name = media.filename or f"{message.title}{'.amr' if kind == 'voice' else ''}"
    body = {"base64": base64.b64encode(data).decode("ascii"), "filename": name}
    return called(Rendered(({"msgtype": kind, kind: body},), _unshown(message)), message)


def _unshown(message: Message) -> tuple[Text, ...]:
    """An image or a file has no words beside it."""
    if not (message.given_title or message.content.strip()):
        return ()
    return (
        Text(
            f"{message.msg_type} 消息不显示 title 和 content",
            f"A message of type {message.msg_type} shows neither title nor content",
        ),
    )


def _needs(kind: str, zh: str, en: str) -> Wrong:
    return Wrong(
        Text(
            f"企业微信群机器人的 {kind} 消息需要 {zh}",
            f"A message of type {kind} to WeCom's robots needs {en}",
        )
    )
