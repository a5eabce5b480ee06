"""Reading what a template_card has of its own: lists, what a click does, WeCom's extras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.fields import (
    ALIASES,
    at_most,
    map_of,
    maps_of,
    require_address,
    said_of,
    text_of,
    value_of,
)
from chalicelib.domain.messages.model import Card
from chalicelib.domain.text import Text

KINDS = ("text_notice", "news_notice", "button_interaction")
_WITH_CALLBACK = ("vote_interaction", "multiple_interaction")
#: WeCom's own parts of a card, which go as they are.
_EXTRAS = ("source", "emphasis_content", "quote_area", "image_text_area")
CARD_KEYS = frozenset({"card_type", "card_action", *_EXTRAS}).union(
    ALIASES["horizontal_list"], ALIASES["vertical_list"], ("jump_list",)
)
MAX_HORIZONTAL, MAX_VERTICAL, MAX_JUMPS = 6, 4, 3


def read_card(fields: Mapping[str, Any]) -> Card:
    """Limits of the lists: 91770 (§ template_card). Raises `Wrong` that names the key."""
    kind = _kind(fields)
    horizontal = maps_of(fields, "horizontal_list", "{'keyname': '申请人', 'value': '张三'}")
    vertical = maps_of(fields, "vertical_list", "{'title': '说明', 'desc': '…'}")
    jumps = maps_of(fields, "jump_list", "{'type': 1, 'title': '查看', 'url': 'https://…'}")
    at_most(len(horizontal), MAX_HORIZONTAL, "horizontal_list")
    at_most(len(vertical), MAX_VERTICAL, "vertical_list")
    at_most(len(jumps), MAX_JUMPS, "jump_list")
    return Card(
        kind,
        tuple(_horizontal(one, f"horizontal_list[{n}].") for n, one in enumerate(horizontal)),
        tuple(_vertical(one, f"vertical_list[{n}].") for n, one in enumerate(vertical)),
        tuple(_jump(one, f"jump_list[{n}].") for n, one in enumerate(jumps)),
        {name: _extra(fields, name) for name in _EXTRAS if value_of(fields, name) is not None},
        _action(map_of(fields, "card_action")),
    )


def _kind(fields: Mapping[str, Any]) -> str:
    kind = text_of(fields, "card_type").strip() or "text_notice"
    if kind in KINDS:
        return kind
    names = ", ".join(KINDS)
    if kind in _WITH_CALLBACK:
        raise Wrong(
            Text(
                f"card_type {kind} 需要回调服务,本平台不支持,可用: {names}",
                f"card_type {kind} needs a callback server, which there is not; use {names}",
            )
        )
    raise Wrong(
        Text(
            f"card_type {kind[:40]} 不存在,可用: {names}",
            f"card_type {kind[:40]} does not exist; use one of {names}",
        )
    )


def _horizontal(fields: Mapping[str, Any], where: str) -> dict[str, Any]:
    keyname = _needed(fields, "keyname", where)
    entry: dict[str, Any] = {"keyname": keyname, "value": said_of(fields, "value", where)}
    url = text_of(fields, "url", where).strip()
    kind = _type(fields, where, (0, 1, 2, 3), 1 if url else 0)
    if kind == 1:
        entry |= {"type": 1, "url": require_address(url, f"{where}url")}
    elif kind:
        name = {2: "media_id", 3: "userid"}[kind]
        entry |= {"type": kind, name: _needed(fields, name, where)}
    return entry


def _vertical(fields: Mapping[str, Any], where: str) -> dict[str, Any]:
    entry = {"title": _needed(fields, "title", where)}
    desc = said_of(fields, "desc", where)
    return {**entry, "desc": desc} if desc else entry


def _jump(fields: Mapping[str, Any], where: str) -> dict[str, Any]:
    title = _needed(fields, "title", where)
    url = text_of(fields, "url", where).strip()
    kind = _type(fields, where, (0, 1, 2), 1 if url else 0)
    if kind == 1:
        return {"type": 1, "title": title, "url": require_address(url, f"{where}url")}
    if kind == 2:
        return {"type": 2, "title": title, **_program(fields, where)}
    return {"type": 0, "title": title}


def _action(fields: Mapping[str, Any]) -> dict[str, Any]:
    if not fields:
        return {}
    where = "card_action."
    if _type(fields, where, (1, 2), 1) == 2:
        return {"type": 2, **_program(fields, where)}
    url = text_of(fields, "url", where).strip()
    return {"type": 1, "url": require_address(url, f"{where}url")}


def _program(fields: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A mini-program: only WeCom opens one."""
    entry = {"appid": _needed(fields, "appid", where)}
    pagepath = text_of(fields, "pagepath", where)
    return {**entry, "pagepath": pagepath} if pagepath else entry


def _extra(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A part of WeCom's own with texts and numbers in it; its addresses are checked."""
    extra = map_of(fields, name)
    found: dict[str, Any] = {}
    for key, value in extra.items():
        where = f"{name}.{str(key)[:40]}"
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Wrong(Text(f"{where} 应为文本或数字", f"{where} must be text or a number"))
        if str(key).endswith("url"):
            require_address(str(value), where)
        found[str(key)] = text_of(extra, key) if isinstance(value, str) else value
    return found


def _needed(fields: Mapping[str, Any], name: str, where: str) -> str:
    words = said_of(fields, name, where).strip()
    if not words:
        raise Wrong(Text(f"{where}{name} 为空,请填写", f"{where}{name} is empty; give it"))
    return words


def _type(fields: Mapping[str, Any], where: str, allowed: tuple[int, ...], default: int) -> int:
    value = fields.get("type")
    if value is None:
        return default
    kind = int(value) if str(value) in {"0", "1", "2", "3"} else -1
    if kind not in allowed or isinstance(value, bool):
        names = ", ".join(map(str, allowed))
        raise Wrong(Text(f"{where}type 只能是 {names}", f"{where}type must be one of {names}"))
    return kind
