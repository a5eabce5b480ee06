"""WeCom's template cards, for its robots and its applications (91770, 90236)."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.fields import at_most, require_address
from chalicelib.domain.messages.model import Button, Card, Message, Payload
from chalicelib.domain.messages.reading_cards import MAX_VERTICAL
from chalicelib.domain.text import Text

#: Characters of sub_title_text that are shown: of a robot's card, of an application's.
MAX_NOTICE, MAX_APP_NOTICE = 112, 160
#: Characters of main_title.desc, and of the words of a vertical entry.
_MAX_DESC, _MAX_VERTICAL_DESC = 30, 112
#: Buttons of a button_interaction.
MAX_CARD_BUTTONS = 6


def notice(message: Message, limit: int = MAX_NOTICE) -> Payload:
    """A text_notice; buttons are jumps unless the card has its own. Raises `Wrong`."""
    found = message.card or Card("text_notice")
    extras = {k: v for k, v in found.extras.items() if k != "image_text_area"}
    if "emphasis_content" in extras:
        # The two exclude each other (91770).
        extras.pop("quote_area", None)
    card: Payload = {"card_type": "text_notice", "main_title": {"title": message.title}, **extras}
    words = message.content.strip()
    if words and words != message.title:
        card["sub_title_text"] = _shortened(words, limit)
    jumps = [*found.jumps] or [_jump(one) for one in message.buttons]
    _add_lists(card, found, jumps)
    card["card_action"] = _action(message, found)
    return _card(card)


def notice_notes(message: Message, limit: int = MAX_NOTICE) -> tuple[Text, ...]:
    """What a notice leaves out."""
    found = message.card or Card("text_notice")
    notes: tuple[Text, ...] = ()
    if len(message.content.strip()) > limit:
        notes += (
            Text(
                f"content 超过 {limit} 字,卡片只显示前 {limit} 字",
                f"The card shows the first {limit} characters of content",
            ),
        )
    left_out = ["vertical_list"] if found.vertical else []
    left_out += [name for name in ("image_text_area",) if name in found.extras]
    if "emphasis_content" in found.extras and "quote_area" in found.extras:
        left_out.append("quote_area")
    if message.pic_url:
        left_out.append("pic_url")
    return notes + _left_out(left_out)


def news_notice(message: Message, *, is_app: bool = False) -> Payload:
    """A card with a picture, which robots demand; raises `Wrong` if there is none."""
    found = message.card or Card("news_notice")
    extras = {k: v for k, v in found.extras.items() if k != "emphasis_content"}
    card: Payload = {"card_type": "news_notice", "main_title": {"title": message.title}, **extras}
    if message.pic_url or not (is_app and "image_text_area" in found.extras):
        card["card_image"] = {"url": require_address(message.pic_url, "news_notice.pic_url")}
    words, vertical = message.content.strip(), [*found.vertical]
    if words and len(words) <= _MAX_DESC:
        card["main_title"]["desc"] = words
    elif words:
        vertical.insert(0, {"title": "内容", "desc": _shortened(words, _MAX_VERTICAL_DESC)})
        at_most(len(vertical), MAX_VERTICAL, "vertical_list + content")
    if vertical:
        card["vertical_content_list"] = vertical
    _add_lists(card, found, [*found.jumps] or [_jump(one) for one in message.buttons])
    card["card_action"] = _action(message, found)
    return _card(card)


def news_notice_notes(message: Message) -> tuple[Text, ...]:
    """What a card with a picture leaves out."""
    notes: tuple[Text, ...] = ()
    if len(message.content.strip()) > _MAX_VERTICAL_DESC:
        notes += (
            Text(
                f"content 超过 {_MAX_VERTICAL_DESC} 字,卡片只显示前 {_MAX_VERTICAL_DESC} 字",
                f"The card shows the first {_MAX_VERTICAL_DESC} characters of content",
            ),
        )
    found = message.card
    return notes + _left_out(
        ["emphasis_content"] if found and "emphasis_content" in found.extras else []
    )


def button_interaction(message: Message, buttons: tuple[Button, ...]) -> Payload:
    """An application's card whose buttons open addresses, for which no callback is needed.

    Its `task_id`, new for every send, is added by who sends it.
    """
    found = message.card or Card("button_interaction")
    at_most(len(buttons), MAX_CARD_BUTTONS, "buttons")
    if not buttons:
        raise Wrong(
            Text(
                "button_interaction 卡片缺少 buttons,每项形如 {'title': '查看', 'url': 'https://…'}",
                "A button_interaction card needs `buttons` like {'title': 'Open', 'url': "
                "'https://…'}",
            )
        )
    extras = {k: v for k, v in found.extras.items() if k in {"source", "quote_area"}}
    card: Payload = {"card_type": found.kind, "main_title": {"title": message.title}, **extras}
    card["card_type"] = "button_interaction"
    words = message.content.strip()
    if words and words != message.title:
        card["sub_title_text"] = _shortened(words, MAX_APP_NOTICE)
    if found.horizontal:
        card["horizontal_content_list"] = [dict(one) for one in found.horizontal]
    if message.url or found.action:
        card["card_action"] = _action(message, found)
    card["button_list"] = [
        {"type": 1, "text": one.title, "style": 1, "url": _opened(one)} for one in buttons
    ]
    return _card(card)


def _opened(button: Button) -> str:
    return require_address(button.url, f"buttons「{button.title[:20]}」url")


def _jump(button: Button) -> dict[str, Any]:
    return {"type": 1, "title": button.title, "url": _opened(button)}


def _add_lists(card: Payload, found: Card, jumps: list[Any]) -> None:
    if found.horizontal:
        card["horizontal_content_list"] = [dict(one) for one in found.horizontal]
    at_most(len(jumps), 3, "buttons / jump_list")
    if jumps:
        card["jump_list"] = [dict(one) for one in jumps]


def _action(message: Message, found: Card) -> dict[str, Any]:
    """What a click on the card opens, which WeCom demands and scripts need not say."""
    if found.action:
        return dict(found.action)
    entries = (*found.jumps, *found.horizontal)
    urls = [one["url"] for one in entries if one.get("type") == 1]
    own = [message.url, *(one.url for one in message.buttons)]
    url = next(filter(None, [*own, *urls, message.page]), "")
    return {"type": 1, "url": require_address(url, "template_card.url")}


def _left_out(names: list[str]) -> tuple[Text, ...]:
    if not names:
        return ()
    words = ", ".join(names)
    return (Text(f"该卡片不显示: {words}", f"This card does not show: {words}"),)


def _shortened(words: str, limit: int) -> str:
    return words if len(words) <= limit else words[: limit - 1] + "…"


def _card(card: Payload) -> Payload:
    return {"msgtype": "template_card", "template_card": card}
