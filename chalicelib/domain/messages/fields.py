"""Reading the fields of a result: aliases, texts, addresses, lists; errors name the key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text

#: The names that a field may have, ours first; the others are the platforms' own.
ALIASES = {
    "title": ("title",),
    "content": ("content", "text", "description"),
    "url": ("url", "messageUrl", "messageURL", "actionURL"),
    "pic_url": ("pic_url", "picUrl", "picurl", "picURL", "image_url"),
    "description": ("description", "content", "text", "desc"),
    "btn_orientation": ("btn_orientation", "btnOrientation"),
    "buttons": ("buttons", "btns", "button_list"),
    "horizontal_list": ("horizontal_list", "horizontal_content_list"),
    "vertical_list": ("vertical_list", "vertical_content_list"),
}
_ADDRESS = re.compile(r"(https?|dingtalk)://[^\s\x00-\x20\"<>]+", re.IGNORECASE)
#: WeCom's limit of every address (90236).
_MAX_ADDRESS_BYTES = 2048


def value_of(fields: Mapping[str, Any], name: str) -> Any:
    """What a field holds under any of its names; None if it is absent or null."""
    names = ALIASES.get(name, (name,))
    return next((fields[key] for key in names if fields.get(key) is not None), None)


def text_of(fields: Mapping[str, Any], name: str, where: str = "") -> str:
    """A string, or "" if there is none; raises `Wrong` for anything else."""
    value = value_of(fields, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong(
            Text(
                f"{where}{name} 应为字符串,现在是 {type(value).__name__},请用 str() 转换",
                f"{where}{name} must be a string, not {type(value).__name__}; "
                "convert it with str()",
            )
        )
    return utf8(value)


def said_of(fields: Mapping[str, Any], name: str, where: str = "") -> str:
    """As `text_of`, and numbers are written out: people put amounts into lists."""
    value = value_of(fields, name)
    return str(value) if isinstance(value, int | float) else text_of(fields, name, where)


def utf8(text: str) -> str:
    """JSON may carry half of a surrogate pair, which UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def maps_of(fields: Mapping[str, Any], name: str, example: str) -> tuple[Mapping[str, Any], ...]:
    """A list of dicts, or nothing; `example` shows one of them in the `Wrong`."""
    value = value_of(fields, name)
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(one, Mapping) for one in value):
        raise Wrong(
            Text(
                f"{name} 应为列表,每项形如 {example}",
                f"{name} must be a list of dicts like {example}",
            )
        )
    return tuple(value)


def map_of(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A dict, empty if there is none."""
    value = value_of(fields, name)
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    raise Wrong(
        Text(
            f"{name} 应为字典,现在是 {type(value).__name__}",
            f"{name} must be a dict, not {type(value).__name__}",
        )
    )


def require_address(url: str, where: str, schemes: tuple[str, ...] = ("http", "https")) -> str:
    """A web address of at most 2048 bytes; `where` names the field in the `Wrong`."""
    if not _ADDRESS.fullmatch(url) or url.partition(":")[0].lower() not in schemes:
        raise Wrong(
            Text(
                f"{where} 缺少有效的链接,请填写以 http:// 或 https:// 开头的完整地址",
                f"{where} needs a full address that starts with http:// or https://",
            )
        )
    if len(url.encode()) > _MAX_ADDRESS_BYTES:
        raise Wrong(
            Text(
                f"{where} 的链接超过 {_MAX_ADDRESS_BYTES} 字节,请缩短",
                f"{where} has an address of more than {_MAX_ADDRESS_BYTES} bytes; shorten it",
            )
        )
    return url


def at_most(count: int, limit: int, name: str) -> None:
    """Raise `Wrong` where a list has more entries than its platform shows."""
    if count > limit:
        raise Wrong(
            Text(
                f"{name} 最多 {limit} 项,现在有 {count} 项",
                f"{name} takes at most {limit} entries, not {count}",
            )
        )


def clipped(words: str, limit: int) -> str:
    """At most `limit` bytes; WeCom would cut too, but perhaps inside a character."""
    data = words.encode()
    return words if len(data) <= limit else data[: limit - 3].decode("utf-8", "ignore") + "…"
