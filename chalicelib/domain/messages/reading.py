"""Reading a script's `result`: types, aliases, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.fields import (
    ALIASES,
    maps_of,
    require_address,
    said_of,
    text_of,
    value_of,
)
from chalicelib.domain.messages.markdown import summary
from chalicelib.domain.messages.mentions import read_mentions
from chalicelib.domain.messages.model import Button, Message
from chalicelib.domain.messages.reading_cards import CARD_KEYS, read_card
from chalicelib.domain.messages.reading_items import read_items
from chalicelib.domain.messages.reading_media import MEDIA_KEYS, MEDIA_TYPES, read_media
from chalicelib.domain.messages.reading_raw import read_raw
from chalicelib.domain.text import Text

_FIELDS = ("title", "content", "url", "pic_url", "btn_orientation", "buttons")
_KNOWN = frozenset(alias for name in _FIELDS for alias in ALIASES[name]) | {"msg_type", "at"}
#: msg_type → the keys that it alone reads.
_MORE_KEYS = {
    "feedCard": frozenset({"links"}),
    "news": frozenset({"articles"}),
    "template_card": CARD_KEYS,
    "textcard": frozenset({"btntxt"}),
    **dict.fromkeys(MEDIA_TYPES, MEDIA_KEYS),
}
_MSG_TYPES = {
    re.sub("_", "", name).lower(): name
    for name in (
        *("text", "markdown", "markdown_v2", "link", "actionCard", "feedCard", "news"),
        *("template_card", "textcard", "image", "file", "voice", "video", "raw"),
    )
}
#: A key that only one type has says the type.
_TELLING = (
    ("msgtype", "raw"),
    ("links", "feedCard"),
    ("articles", "news"),
    ("card_type", "template_card"),
    ("buttons", "actionCard"),
    ("btns", "actionCard"),
)
_SCHEMES = ("http", "https", "dingtalk")
_MAX_TITLE = 128
_MAX_BUTTONS = 20


def msg_type_of(result: object) -> str:
    """The type that a result says or implies; unknown ones are given back as they are."""
    if not isinstance(result, Mapping):
        return "markdown"
    said = result.get("msg_type")
    if said is None:
        return next((kind for key, kind in _TELLING if key in result), "markdown")
    plain = re.sub(r"[_\-\s]", "", str(said)).lower()
    return _MSG_TYPES.get(plain, str(said)[:40])


def read_message(
    result: object, fallback_title: str, page: str = ""
) -> tuple[Message, tuple[Text, ...]]:
    """A message of any type, and notes; raises `Wrong` that names the key.

    `page`: the address of the run's page, if known.
    """
    fields: Mapping[str, Any] = {"content": result} if isinstance(result, str) else _dict(result)
    msg_type = msg_type_of(result)
    if msg_type == "raw":
        return Message("raw", "", fallback_title, "", raw=read_raw(fields)), ()
    title, notes = _title(text_of(fields, "title"))
    content = text_of(fields, "content").replace("\r\n", "\n")
    message = Message(
        msg_type=msg_type,
        given_title=title,
        title=title or summary(content) or fallback_title.strip()[:_MAX_TITLE] or "通知",
        content=content,
        url=text_of(fields, "url").strip(),
        pic_url=text_of(fields, "pic_url").strip(),
        btn_orientation=_orientation(value_of(fields, "btn_orientation")),
        buttons=_buttons(fields),
        btntxt=text_of(fields, "btntxt").strip() if msg_type == "textcard" else "",
        items=read_items(fields, msg_type),
        card=read_card(fields) if msg_type == "template_card" else None,
        media=read_media(fields) if msg_type in MEDIA_TYPES else None,
        mentions=read_mentions(fields),
        page=page,
    )
    return message, notes + _unused(fields, _MORE_KEYS.get(msg_type, frozenset()))


def require_content(message: Message) -> str:
    """The content; raises `Wrong` if there is none (WeCom's 44004)."""
    if not message.content.strip():
        raise Wrong(
            Text(
                "消息内容为空,请在 result 的 content 中填写内容",
                "The message is empty; put its text into `content` of the result",
            )
        )
    return message.content


def _dict(result: object) -> Mapping[str, Any]:
    if isinstance(result, Mapping):
        return result
    raise Wrong(
        Text(
            f"result 应为字典、字符串或它们的列表,现在是 {type(result).__name__}",
            f"result must be a dict, a string or a list of them, not {type(result).__name__}",
        )
    )


def _title(text: str) -> tuple[str, tuple[Text, ...]]:
    title = " ".join(text.split())
    if len(title) <= _MAX_TITLE:
        return title, ()
    note = Text(f"标题超过 {_MAX_TITLE} 字,已截断", f"The title was cut to {_MAX_TITLE} characters")
    return title[: _MAX_TITLE - 1] + "…", (note,)


def _orientation(value: object) -> str:
    if value is None:
        return "0"
    if str(value) in {"0", "1"} and not isinstance(value, bool):
        return str(value)
    raise Wrong(
        Text(
            "btn_orientation 只能是 '0'(竖向)或 '1'(横向)",
            "btn_orientation must be '0' (vertical) or '1' (horizontal)",
        )
    )


def _buttons(fields: Mapping[str, Any]) -> tuple[Button, ...]:
    entries = maps_of(fields, "buttons", "{'title': '查看', 'url': 'https://…'}")
    if len(entries) > _MAX_BUTTONS:
        raise Wrong(
            Text(
                f"buttons 最多 {_MAX_BUTTONS} 个,现在有 {len(entries)} 个",
                f"buttons takes at most {_MAX_BUTTONS} entries, not {len(entries)}",
            )
        )
    return tuple(_button(one, index) for index, one in enumerate(entries, 1))


def _button(fields: Mapping[str, Any], index: int) -> Button:
    where = f"buttons[{index - 1}]."
    title = " ".join((said_of(fields, "title", where) or said_of(fields, "text", where)).split())
    if not title:
        raise Wrong(
            Text(
                f"buttons 第 {index} 个按钮缺少 title", f"Button {index} of `buttons` has no title"
            )
        )
    url = text_of(fields, "url", where).strip()
    return Button(title, require_address(url, f"buttons「{title[:20]}」url", _SCHEMES))


def _unused(fields: Mapping[str, Any], more: frozenset[str]) -> tuple[Text, ...]:
    """A note of what no message will show, so that a misspelt key is found."""
    unknown = sorted(str(key)[:40] for key in fields if key not in _KNOWN | more)
    names = ", ".join(unknown[:10])
    if not names:
        return ()
    return (Text(f"以下字段未使用: {names}", f"These fields were not used: {names}"),)
