"""Splitting a text where its reader loses least: sections, lines, and whole characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.messages.markdown import line_kinds

#: The bytes that a text has in its message.
Cost = Callable[[str], int]
#: A cut at a section is worth it where the part has at least this share of its room.
_WORTHWHILE = 1 / 3
#: Where a row was cut.
ROW_END = "… |"


@dataclass(frozen=True)
class _Line:
    """A line, and what a part needs that begins at it or ends before it."""

    text: str
    kind: str
    #: The lines that are repeated where a part begins here: a table's head, a fence's first line.
    before: tuple[str, ...] = ()
    #: What closes a fence that is open before this line.
    closing: str = ""
    #: Whether a cut before it would leave a head without a row, or an empty fence.
    bound: bool = False


def split(
    content: str, room: int, cost: Cost, *, plain: bool = False, tight: bool = False
) -> list[str]:
    """Parts of at most `room` bytes by `cost`, in order; nothing but blank lines and rules is lost.

    Cut at rules, else before headings, at blank lines, at lines; never inside a character, a
    fence (closed and opened again) or a table's row (its head is repeated). Of a row that alone
    is longer than its room the end is left out. `plain`: there is no Markdown in it; `tight`:
    fill the parts, whatever a section is cut into. `cost` must be additive, and `room` well
    above 100 bytes.
    """
    lines = _shortened(_read(content, room, cost, plain=plain), room, cost)
    parts, start = [], 0
    while start < len(lines):
        end = _end(lines, start, room, cost)
        if end < len(lines):
            end = _best_cut(lines, start, end, cost, 0.9 if tight else _WORTHWHILE)
        if part := _joined(lines, start, end):
            parts.append(part)
        start = end
        # A rule between two sections has done its work when they are two messages.
        while parts and start < len(lines) and lines[start].kind in {"rule", "blank"}:
            start += 1
    return parts


def _read(content: str, room: int, cost: Cost, *, plain: bool) -> list[_Line]:
    texts = content.split("\n")
    kinds = ["text" if one.strip() else "blank" for one in texts] if plain else line_kinds(texts)
    lines: list[_Line] = []
    first = 0
    for index, (text, kind) in enumerate(zip(texts, kinds, strict=True)):
        if kind not in {"table", "code"}:
            lines.append(_Line(text, kind))
            continue
        if _begins(lines, kind):
            first = index
        lines.append(_inner(texts, first, index, kind, room, cost))
    return lines


def _begins(lines: list[_Line], kind: str) -> bool:
    """Whether a line begins a block: of two fences in a row the second begins anew."""
    if not lines or lines[-1].kind != kind:
        return True
    return kind == "code" and _is_fence(lines[-1].text) and bool(lines[-1].closing)


def _inner(texts: list[str], first: int, index: int, kind: str, room: int, cost: Cost) -> _Line:
    size = 1 if kind == "code" else 2
    inside = index - first
    before = tuple(texts[first : first + size]) if inside >= size else ()
    if sum(cost(one) + cost("\n") for one in before) > room // 2:
        before = ()
    text = texts[index]
    ends = kind == "code" and inside > 0 and _is_fence(text)
    closing = _fence(texts[first]) if kind == "code" and inside else ""
    return _Line(text, kind, before, closing, bound=0 < inside <= size or ends)


def _is_fence(line: str) -> bool:
    return line.lstrip().startswith(("```", "~~~"))


def _fence(line: str) -> str:
    return line.lstrip()[:3]


def _shortened(lines: list[_Line], room: int, cost: Cost) -> list[_Line]:
    """The same, where no line is longer than a part of its own."""
    found: list[_Line] = []
    for line in lines:
        around = sum(cost(one) + cost("\n") for one in (*line.before, line.closing, ""))
        # The fence that a part opens may have to be closed behind its first line too.
        space = room - around - (cost("\n```") if line.kind == "code" else 0)
        if cost(line.text) <= space:
            found.append(line)
        elif line.kind == "table":
            kept = _prefix(line.text, space - cost(ROW_END), cost)
            found.append(_Line(kept + ROW_END, "table", line.before, bound=line.bound))
        else:
            found += _chopped(line, space, cost)
    return found


def _chopped(line: _Line, space: int, cost: Cost) -> list[_Line]:
    pieces, rest = [], line.text
    while rest:
        piece = _prefix(rest, space, cost)
        pieces.append(piece)
        rest = rest[len(piece) :]
    kind = line.kind if line.kind == "code" else "text"
    first = _Line(pieces[0], line.kind, line.before, line.closing, line.bound)
    return [first, *(_Line(one, kind, line.before, line.closing) for one in pieces[1:])]


def _prefix(text: str, space: int, cost: Cost) -> str:
    """The longest start that fits, at least one character; what is drawn as one stays together."""
    low, high = 1, min(len(text), max(space, 1))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cost(text[:middle]) <= space else (low, middle - 1)
    end = low
    while end > max(low - 20, 1) and end < len(text) and _is_drawn_together(text, end):
        end -= 1
    return text[:end]


def _is_drawn_together(text: str, index: int) -> bool:
    after = text[index]
    joins = (
        unicodedata.combining(after) or after in "\u200d\ufe0f" or 0x1F3FB <= ord(after) <= 0x1F3FF
    )
    return bool(joins) or text[index - 1] == "\u200d"


def _end(lines: list[_Line], start: int, room: int, cost: Cost) -> int:
    """Behind the last line that a part from `start` has room for, at least one."""
    used = sum(cost(one) + cost("\n") for one in lines[start].before)
    end = start
    while end < len(lines):
        used += cost(lines[end].text) + cost("\n")
        closing = lines[end + 1].closing if end + 1 < len(lines) else ""
        if end > start and used + cost(closing) > room:
            break
        end += 1
    return end


def _best_cut(lines: list[_Line], start: int, end: int, cost: Cost, share: float) -> int:
    """Where to cut from `start` at `end` at the latest; a section's end only above a share."""
    costs = [cost(line.text) + cost("\n") for line in lines[start:end]]
    least, used = sum(costs) * share, 0
    best, best_rank = end, 0
    for index in range(start + 1, end + 1):
        used += costs[index - start - 1]
        line = lines[index]
        if line.bound:
            continue
        rank = _RANKS.get(line.kind, 1) if used >= least else 1
        if rank >= best_rank:
            best, best_rank = index, rank
    return best


#: How good a cut before a line of this kind is.
_RANKS = {"rule": 4, "heading": 3, "blank": 2}


def _joined(lines: list[_Line], start: int, end: int) -> str:
    closing = lines[end].closing if end < len(lines) else ""
    texts = [*lines[start].before, *(line.text for line in lines[start:end])]
    whole = "\n".join([*texts, *([closing] if closing else [])])
    return whole.strip("\n").rstrip() if whole.strip() else ""
