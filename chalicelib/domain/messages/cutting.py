"""Cutting a message that a channel would refuse for its length."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.markdown import in_open_fence
from chalicelib.domain.messages.model import Payload
from chalicelib.domain.text import Text

#: What a reader sees where the rest is missing.
MARK = "……(内容过长,已截断)"


def fitted(
    content: str, build: Callable[[str], Payload], size: Callable[[Payload], int], limit: int
) -> tuple[Payload, tuple[Text, ...]]:
    """The payload of as much of the content as has at most `limit` bytes, and a note if cut.

    `size` measures a payload in bytes. Raises `Wrong` if what is around the content (title,
    buttons) leaves no room for any of it.
    """
    whole = build(content)
    if size(whole) <= limit:
        return whole, ()

    def fits(count: int) -> bool:
        return size(build(_cut(content, count))) <= limit

    # The size need not grow evenly with the count (a table is one only with its second line),
    # so what bisecting finds is tried once more and shortened until it fits.
    count = _bisected(len(content), fits)
    edge = content.rfind("\n", 0, count + 1)
    count = edge if edge > count // 2 else count
    while count > 0 and not fits(count):
        count = count * 9 // 10
    if count <= 0:
        raise Wrong(
            Text(
                f"标题和按钮已超过 {limit} 字节,没有正文的位置,请缩短它们",
                f"Title and buttons alone have more than {limit} bytes; shorten them",
            )
        )
    note = Text(
        f"内容超过 {limit} 字节,已截断",
        f"The content has more than {limit} bytes and was cut",
    )
    return build(_cut(content, count)), (note,)


def _cut(content: str, count: int) -> str:
    kept = content[:count].rstrip()
    return kept + ("\n```" if in_open_fence(kept) else "") + "\n\n" + MARK


def _bisected(most: int, fits: Callable[[int], bool]) -> int:
    """The largest count from 0 to `most` that fits, if fitting ends at one count."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
