"""A template_card in words, for where there is no such card."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.messages.fields import require_address
from chalicelib.domain.messages.model import Button, Card, Message
from chalicelib.domain.messages.reading import require_content
from chalicelib.domain.text import Text

#: What a button says that nobody named.
OPEN = "查看详情"


def card_words(message: Message, found: Card) -> str:
    """All that a card shows beside its title and buttons; raises `Wrong` if there is nothing."""
    picture = f"![]({message.pic_url})" if message.pic_url else ""
    if picture:
        require_address(message.pic_url, "template_card.pic_url")
    entries = [_pair(one["keyname"], one) for one in found.horizontal]
    entries += [f"- {one['title']}" for one in found.jumps if one["type"] != 1]
    parts = [picture, _emphasis(found.extras), message.content.strip()]
    parts += [f"**{one['title']}**\n\n{one.get('desc', '')}".strip() for one in found.vertical]
    parts += [_quote(found.extras.get("quote_area", {})), "\n".join(entries)]
    words = "\n\n".join(filter(None, parts))
    if not words and not message.given_title:
        require_content(message)
    return words or message.title


def _pair(keyname: str, entry: Any) -> str:
    value = entry.get("value", "")
    if entry.get("type") == 1:
        value = f"[{bracketless(value or OPEN)}]({entry['url']})"
    return f"- **{keyname}**: {value}"


def _emphasis(extras: Any) -> str:
    emphasis = extras.get("emphasis_content", {})
    words = " ".join(str(emphasis[key]) for key in ("title", "desc") if emphasis.get(key))
    return f"**{words}**" if words else ""


def _quote(area: Any) -> str:
    words = [str(area[key]) for key in ("title", "quote_text") if area.get(key)]
    return "\n".join(f"> {line}" for one in words for line in one.split("\n"))


def card_buttons(message: Message, found: Card) -> tuple[Button, ...]:
    """What can be opened: the buttons, else the jumps with an address, else the card's own."""
    jumps = tuple(Button(one["title"], one["url"]) for one in found.jumps if one["type"] == 1)
    if message.buttons or jumps:
        return message.buttons or jumps
    url = message.url or str(found.action.get("url", ""))
    if not url:
        return ()
    return (Button(OPEN, require_address(url, "template_card.url")),)


def bracketless(title: str) -> str:
    """A title that can stand in the brackets of a Markdown link."""
    return title.replace("[", "(").replace("]", ")")


def lowered(what: str, to: str) -> Text:
    """The note of a degradation."""
    return Text(f"已降级: {what} → {to}", f"Sent {what} as {to}")
