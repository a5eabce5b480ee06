"""WeCom's first Markdown, as applications show it: no tables, no images."""

from __future__ import annotations

import re

from chalicelib.domain.messages.markdown import line_kinds

_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_BAR = re.compile(r"(?<!\\)\|")


def plainer(content: str) -> str:
    """Rows of tables as `> **column**: value`, images as links; all else stays as it is."""
    lines = content.split("\n")
    shown: list[str] = []
    table: list[str] = []
    for line, kind in zip(lines, line_kinds(lines), strict=True):
        if kind == "table":
            table.append(line)
            continue
        shown += _rows(table)
        table = []
        shown.append(line if kind == "code" else _linked(line))
    return "\n".join([*shown, *_rows(table)])


def _rows(table: list[str]) -> list[str]:
    """A table's rows as lines, with a blank one between two rows."""
    if not table:
        return []
    head = _cells(table[0])
    rows = [_row(head, _cells(line)) for line in table[2:]] or [[f"> {' '.join(head)}"]]
    return "\n\n".join("\n".join(row) for row in rows).split("\n")


def _row(head: list[str], cells: list[str]) -> list[str]:
    named = [(head[n] if n < len(head) else "", cell) for n, cell in enumerate(cells)]
    return [f"> **{name}**: {cell}" if name else f"> {cell}" for name, cell in named]


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [_linked(cell.strip()) for cell in _BAR.split(inner)]


def _linked(line: str) -> str:
    return _IMAGE.sub(lambda found: f"[{found[1] or '图片'}]({found[2]})", line)
