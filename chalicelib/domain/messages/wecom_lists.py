"""WeCom's news: eight articles a message, each with its limits in bytes (91770, 90236)."""

from __future__ import annotations

from chalicelib.domain.messages.fields import clipped, require_address
from chalicelib.domain.messages.model import Item, Message, Payload, Rendered
from chalicelib.domain.text import Text

MAX_TITLE_BYTES = 128
MAX_DESCRIPTION_BYTES = 512
#: Articles of one message (45008 above).
MAX_ARTICLES = 8


def news(items: tuple[Item, ...]) -> Rendered:
    """As many messages as the articles need."""
    articles = [_article(one) for one in items]
    payloads: list[Payload] = [
        {"msgtype": "news", "news": {"articles": articles[start : start + MAX_ARTICLES]}}
        for start in range(0, len(articles), MAX_ARTICLES)
    ]
    whole = [(one.title, one.description) for one in items]
    notes: tuple[Text, ...] = ()
    if [(one["title"], one.get("description", "")) for one in articles] != whole:
        notes += (Text("标题或描述过长,已截断", "The title or description was cut"),)
    if len(payloads) > 1:
        notes += (
            Text(
                f"图文超过 {MAX_ARTICLES} 条,已拆成 {len(payloads)} 条消息",
                f"More than {MAX_ARTICLES} articles were split into {len(payloads)} messages",
            ),
        )
    return Rendered(tuple(payloads), notes)


def one_article(message: Message) -> Rendered:
    """A message's title, content, url and picture as an article."""
    if message.pic_url:
        require_address(message.pic_url, f"{message.msg_type}.pic_url")
    words = message.content.strip()
    return news((Item(message.title, message.url, message.pic_url, words),))


def _article(item: Item) -> dict[str, str]:
    article = {"title": clipped(item.title, MAX_TITLE_BYTES), "url": item.url}
    if item.description:
        article["description"] = clipped(item.description, MAX_DESCRIPTION_BYTES)
    if item.pic_url:
        article["picurl"] = item.pic_url
    return article
