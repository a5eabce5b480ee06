"""DingTalk: lists, WeCom's cards and files, as DingTalk's robot can show them."""

from __future__ import annotations

import re
from dataclasses import replace

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.card_words import (
    OPEN,
    bracketless,
    card_buttons,
    card_words,
    lowered,
)
from chalicelib.domain.messages.dingtalk import (
    MAX_BODY_BYTES,
    NOBODY,
    body_bytes,
    card,
    link,
    markdown,
)
from chalicelib.domain.messages.fields import require_address
from chalicelib.domain.messages.mentions import ignored
from chalicelib.domain.messages.model import Button, Card, Item, Message, Payload, Rendered
from chalicelib.domain.messages.reading import require_content
from chalicelib.domain.text import Text

_TYPES = ("text", "link", "markdown", "actionCard", "feedCard")


def feed_card(message: Message) -> Rendered:
    """DingTalk wants a picture for every link; many links make several cards."""
    for index, item in enumerate(message.items):
        require_address(item.pic_url, f"links[{index}].pic_url")
    return Rendered(_feeds(message.items), ignored(message.mentions, NOBODY))


def news(message: Message) -> Rendered:
    """One article is a link; several a feedCard if nothing is lost by it; else Markdown."""
    if len(message.items) == 1:
        [one] = message.items
        only = replace(
            message, title=one.title, content=one.description, url=one.url, pic_url=one.pic_url
        )
        return link(only).noted(lowered("news", "link"))
    if all(one.pic_url and not one.description for one in message.items):
        return feed_card(message).noted(lowered("news", "feedCard"))
    content = "\n\n".join(map(_article, message.items))
    title = message.given_title or message.items[0].title
    whole = replace(message, title=title, content=content)
    return markdown(whole).noted(lowered("news", "markdown"))


def template_card(message: Message) -> Rendered:
    """An actionCard that says all that the card says; Markdown where nothing can be opened."""
    found = message.card or Card("text_notice")
    content = card_words(message, found)
    buttons = card_buttons(message, found)
    name = f"template_card {found.kind}"
    if not buttons:
        return markdown(replace(message, content=content)).noted(lowered(name, "markdown"))
    return card(message, content, buttons).noted(lowered(name, "actionCard"))


def textcard(message: Message) -> Rendered:
    """WeCom's card with one address; its `<div>` mean nothing here."""
    url = require_address(message.url, "textcard.url")
    content = without_divs(message.content)
    require_content(replace(message, content=content))
    buttons = (Button(message.btntxt or OPEN, url),)
    return card(message, content, buttons).noted(lowered("textcard", "actionCard"))


def image(message: Message) -> Rendered:
    """Only a picture that DingTalk can fetch."""
    url = _public(message, "图片", "images")
    pictured = f"![{bracketless(message.given_title)}]({url})"
    words = f"{message.content}\n\n{pictured}" if message.content.strip() else pictured
    titled = replace(message, content=words, title=message.given_title or message.title)
    return markdown(titled).noted(lowered("image", "markdown"))


def file(message: Message) -> Rendered:
    """A card with a button to fetch it."""
    url = _public(message, "文件", "files")
    content = message.content if message.content.strip() else message.title
    return card(message, content, (Button("下载", url),)).noted(lowered("file", "actionCard"))


def voice_or_video(message: Message) -> Rendered:
    raise Wrong(
        Text(
            f"钉钉群机器人不支持 msg_type {message.msg_type},请用 link 发送公网链接",
            f"DingTalk's robots take no msg_type {message.msg_type}; send its address as a link",
        )
    )


def raw(message: Message) -> Rendered:
    """A payload of DingTalk's own, checked for its type and size only."""
    payload = message.raw or {}
    if payload["msgtype"] not in _TYPES:
        names = ", ".join(_TYPES)
        raise Wrong(
            Text(
                f"钉钉群机器人不支持 msgtype {payload['msgtype'][:40]},可用: {names}",
                f"DingTalk's robots take no msgtype {payload['msgtype'][:40]}; use {names}",
            )
        )
    if body_bytes(payload) > MAX_BODY_BYTES:
        raise Wrong(
            Text(
                f"raw 消息(msgtype)超过 {MAX_BODY_BYTES} 字节,请缩短",
                f"The raw message (msgtype) has more than {MAX_BODY_BYTES} bytes; shorten it",
            )
        )
    return Rendered((payload,))


def without_divs(content: str) -> str:
    """The words of a textcard's description, whose markup is `<br>` and `<div class>`."""
    lines = re.sub(r"<br\s*/?>|</div>", "\n", content, flags=re.IGNORECASE)
    return re.sub(r"<div\b[^>]*>", "", lines, flags=re.IGNORECASE).strip()


def _feeds(items: tuple[Item, ...]) -> tuple[Payload, ...]:
    feeds: list[Payload] = []
    for one in items:
        entry = {"title": one.title, "messageURL": one.url, "picURL": one.pic_url}
        fuller = _feed([*feeds[-1]["feedCard"]["links"], entry]) if feeds else None
        if fuller and body_bytes(fuller) <= MAX_BODY_BYTES:
            feeds[-1] = fuller
        else:
            feeds.append(_feed([entry]))
    return tuple(feeds)


def _feed(links: list[dict[str, str]]) -> Payload:
    return {"msgtype": "feedCard", "feedCard": {"links": links}}


def _article(item: Item) -> str:
    picture = f"![]({item.pic_url})" if item.pic_url else ""
    head = f"#### [{bracketless(item.title)}]({item.url})"
    return "\n\n".join(filter(None, (head, picture, item.description)))


def _public(message: Message, zh: str, en: str) -> str:
    media = message.media
    if media and media.url:
        return media.url
    raise Wrong(
        Text(
            f"钉钉机器人不支持直接发送{zh}(base64、media_id),请提供公网地址 url",
            f"DingTalk's robots take no {en} themselves (base64, media_id); give a public `url`",
        )
    )
