"""A text that one message cannot hold, as several: `(i/n)`, and where the rest is."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.splitting import ROW_END, Cost, split
from chalicelib.domain.text import Text

#: The most messages that one text becomes; a robot takes 20 in a minute, and DingTalk counts.
MOST = 5
#: What a reader sees where the rest is missing.
MARK = "……(内容过长,其余见任务日志)"
#: Less than this is no room for words.
_LEAST_ROOM = 256


@dataclass(frozen=True)
class Frame:
    """What surrounds a text: `head` in every part, `tail` in the last."""

    #: Bytes by `cost` of head, part and tail together.
    room: int
    cost: Cost
    head: str = ""
    tail: str = ""
    #: The address of the run's page, if known.
    page: str = ""
    #: No Markdown: addresses are written out.
    plain: bool = False


def utf8_bytes(text: str) -> int:
    """What WeCom counts."""
    return len(text.encode())


def pages(content: str, frame: Frame) -> tuple[list[str], tuple[Text, ...]]:
    """The texts of the messages, in order, and notes of what was done.

    Raises `Wrong` if head and tail leave no room for the content.
    """
    whole = frame.head + content + frame.tail
    if frame.cost(whole) <= frame.room:
        return [whole], ()
    rest = _rest(frame)
    around = frame.head + f"\n\n({MOST}/{MOST})\n\n" + rest + frame.tail
    room = frame.room - frame.cost(around)
    if room < _LEAST_ROOM:
        raise _no_room(frame.room)
    parts = split(content, room, frame.cost, plain=frame.plain)
    if len(parts) > MOST:
        parts = split(content, room, frame.cost, plain=frame.plain, tight=True)
    notes = _notes(len(parts), frame.room)
    if ROW_END in "".join(parts) and ROW_END not in content:
        notes += (Text("过长的表格行已截断", "Rows of a table that were too long were cut"),)
    return _numbered(parts, frame, rest), notes


def _numbered(parts: list[str], frame: Frame, rest: str) -> list[str]:
    count = min(len(parts), MOST)
    marks = [f"\n\n({n}/{count})" if count > 1 else "" for n in range(1, count + 1)]
    texts = [frame.head + part + mark for part, mark in zip(parts[:MOST], marks, strict=True)]
    if len(parts) > MOST:
        texts[-1] += f"\n\n{rest}"
    texts[-1] += frame.tail
    return texts


def _rest(frame: Frame) -> str:
    if not frame.page:
        return MARK
    return f"{MARK}\n{frame.page}" if frame.plain else f"[{MARK}]({frame.page})"


def _notes(count: int, room: int) -> tuple[Text, ...]:
    if count == 1:
        return ()
    if count <= MOST:
        text = Text(
            f"内容超过 {room} 字节,已拆成 {count} 条",
            f"The content has more than {room} bytes and was split into {count} messages",
        )
    else:
        text = Text(
            f"内容过长,已拆成 {MOST} 条,其余 {count - MOST} 条的内容只在任务日志中",
            f"The content was split into {MOST} messages; what {count - MOST} more would say "
            "is only in the log",
        )
    return (text,)


def _no_room(room: int) -> Wrong:
    return Wrong(
        Text(
            f"title、buttons 和 at 已接近 {room} 字节,content 没有位置,请缩短它们",
            f"title, buttons and at take nearly all of {room} bytes and leave no room for "
            "content; shorten them",
        )
    )
