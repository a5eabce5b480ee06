"""Reading a script's `result`: types, aliases, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.markdown import summary
from chalicelib.domain.messages.model import Button, Message
from chalicelib.domain.text import Text

#: The names that a field may have, ours first; the others are the platforms' own.
_ALIASES = {
    "title": ("title",),
    "content": ("content", "text"),
    "url": ("url", "messageUrl", "messageURL", "actionURL"),
    "pic_url": ("pic_url", "picUrl", "picurl", "picURL"),
    "btn_orientation": ("btn_orientation", "btnOrientation"),
    "buttons": ("buttons", "btns"),
}
_KNOWN = frozenset(alias for aliases in _ALIASES.values() for alias in aliases) | {"msg_type"}
_MSG_TYPES = {
    "text": "text",
    "markdown": "markdown",
    "markdownv2": "markdown_v2",
    "link": "link",
    "actioncard": "actionCard",
    "feedcard": "feedCard",
    "news": "news",
    "templatecard": "template_card",
}
#: A key that only one type has says the type.
_TELLING = (
    ("links", "feedCard"),
    ("articles", "news"),
    ("card_type", "template_card"),
    ("buttons", "actionCard"),
    ("btns", "actionCard"),
)
_ADDRESS = re.compile(r"(https?|dingtalk)://[^\s]+", re.IGNORECASE)
_MAX_TITLE = 128


def msg_type_of(result: object) -> str:
    """The type that a result says or implies; unknown ones are given back as they are."""
    if not isinstance(result, Mapping):
        return "markdown"
    said = result.get("msg_type")
    if said is None:
        return next((kind for key, kind in _TELLING if key in result), "markdown")
    plain = re.sub(r"[_\-\s]", "", str(said)).lower()
    return _MSG_TYPES.get(plain, str(said)[:40])


def read_message(result: object, fallback_title: str) -> tuple[Message, tuple[Text, ...]]:
    """A message of text, markdown, link or card type, and notes; raises `Wrong`."""
    fields: Mapping[str, Any] = {"content": result} if isinstance(result, str) else _dict(result)
    title, notes = _title(_text(fields, "title"))
    content = _text(fields, "content").replace("\r\n", "\n")
    message = Message(
        msg_type=msg_type_of(result),
        given_title=title,
        title=title or summary(content) or fallback_title.strip() or "通知",
        content=content,
        url=_text(fields, "url").strip(),
        pic_url=_text(fields, "pic_url").strip(),
        btn_orientation=_orientation(_value(fields, "btn_orientation")),
        buttons=_buttons(_value(fields, "buttons")),
    )
    return message, notes + _unused(fields)


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


def require_address(url: str, where: str, schemes: tuple[str, ...] = ("http", "https")) -> str:
    """A web address; `where` names the field for the message of the `Wrong`."""
    if _ADDRESS.fullmatch(url) and url.partition(":")[0].lower() in schemes:
        return url
    raise Wrong(
        Text(
            f"{where} 缺少有效的链接,请填写以 http:// 或 https:// 开头的完整地址",
            f"{where} needs a full address that starts with http:// or https://",
        )
    )


def _dict(result: object) -> Mapping[str, Any]:
    if isinstance(result, Mapping):
        return result
    raise Wrong(
        Text(
            f"result 应为字典或字符串,现在是 {type(result).__name__}",
            f"result must be a dict or a string, not {type(result).__name__}",
        )
    )


def _value(fields: Mapping[str, Any], name: str) -> object:
    return next((fields[key] for key in _ALIASES[name] if fields.get(key) is not None), None)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = _value(fields, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong(
            Text(
                f"{name} 应为字符串,现在是 {type(value).__name__},请用 str() 转换",
                f"{name} must be a string, not {type(value).__name__}; convert it with str()",
            )
        )
    # JSON may carry half of a surrogate pair, which UTF-8 cannot.
    return value.encode("utf-8", "replace").decode("utf-8")


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


def _buttons(value: object) -> tuple[Button, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(one, Mapping) for one in value):
        raise Wrong(
            Text(
                "buttons 应为列表,每项形如 {'title': '查看', 'url': 'https://…'}",
                "buttons must be a list of {'title': 'Open', 'url': 'https://…'}",
            )
        )
    return tuple(_button(one, index) for index, one in enumerate(value, 1))


def _button(fields: Mapping[str, Any], index: int) -> Button:
    title = " ".join(_text(fields, "title").split())
    if not title:
        raise Wrong(Text(f"第 {index} 个按钮缺少 title", f"Button {index} has no title"))
    url = _text(fields, "url").strip()
    schemes = ("http", "https", "dingtalk")
    return Button(title, require_address(url, f"按钮「{title[:20]}」", schemes))


def _unused(fields: Mapping[str, Any]) -> tuple[Text, ...]:
    """A note of what no message will show, so that a misspelt key is found."""
    names = ", ".join(sorted(str(key)[:40] for key in fields if key not in _KNOWN)[:10])
    if not names:
        return ()
    return (Text(f"以下字段未使用: {names}", f"These fields were not used: {names}"),)
