"""Reading the documents that tests hold to the truth."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHINESE = ROOT / "docs/scheduled-tasks.zh-CN.md"
ENGLISH = ROOT / "docs/scheduled-tasks.md"

_HEADING = re.compile(r"^(#+) +(.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def blocks(text: str) -> list[tuple[str, str]]:
    """The language and the content of every fenced block."""
    return _BLOCK.findall(text)


def headings(text: str) -> list[tuple[int, str]]:
    """The level and the title of every heading; a comment in a block is none."""
    return [(len(marks), title) for marks, title in _HEADING.findall(_BLOCK.sub("", text))]


def sections(text: str) -> dict[str, str]:
    """What stands below each heading of level two or three, up to the next one."""
    parts = re.split(r"^#{2,3} +(.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section: str) -> list[list[str]]:
    """The cells of a table's rows without its head, code marks taken off."""
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |")) for line in lines]
    return [[re.sub("^`(.*)`$", r"\1", cell) for cell in row] for row in cells[2:]]


def scripts(text: str) -> dict[str, str]:
    """The Python blocks, each by the heading above it."""
    found = {}
    for title, section in sections(text).items():
        for language, content in blocks(section):
            if language == "python":
                found[title] = content
    return found
