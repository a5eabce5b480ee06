"""Reading the entries of feedCard (`links`) and news (`articles`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.fields import maps_of, require_address, said_of, text_of
from chalicelib.domain.messages.model import Item
from chalicelib.domain.text import Text

#: msg_type → the key of its list.
_LISTS = {"feedCard": "links", "news": "articles"}
_EXAMPLE = "{'title': '标题', 'url': 'https://…', 'pic_url': 'https://…'}"
#: Five messages of WeCom's eight.
_MOST = 40
_MAX_TITLE = 128


def read_items(fields: Mapping[str, Any], msg_type: str) -> tuple[Item, ...]:
    """The entries of a feedCard or news message, none for other types; raises `Wrong`."""
    name = _LISTS.get(msg_type)
    if name is None:
        return ()
    entries = maps_of(fields, name, _EXAMPLE)
    if not entries:
        raise Wrong(
            Text(
                f"{name} 为空,请至少填写一项,形如 {_EXAMPLE}",
                f"{name} is empty; give at least one entry like {_EXAMPLE}",
            )
        )
    if len(entries) > _MOST:
        raise Wrong(
            Text(
                f"{name} 最多 {_MOST} 项,现在有 {len(entries)} 项",
                f"{name} takes at most {_MOST} entries, not {len(entries)}",
            )
        )
    return tuple(_item(one, f"{name}[{index}].") for index, one in enumerate(entries))


def _item(fields: Mapping[str, Any], where: str) -> Item:
    title = " ".join(said_of(fields, "title", where).split())
    if not title:
        raise Wrong(Text(f"{where}title 为空,请填写标题", f"{where}title is empty; give a title"))
    pic_url = text_of(fields, "pic_url", where).strip()
    return Item(
        title if len(title) <= _MAX_TITLE else title[: _MAX_TITLE - 1] + "…",
        require_address(text_of(fields, "url", where).strip(), f"{where}url"),
        require_address(pic_url, f"{where}pic_url") if pic_url else "",
        said_of(fields, "description", where).strip(),
    )
