"""Just enough of Markdown to know what each chat client shows of it."""

from __future__ import annotations

import re

_IMAGE = re.compile(r"!\[[^\]]*\]\([^)\s]+\)")
_FONT = re.compile(r"</?font\b[^>]*>", re.IGNORECASE)
_FENCE = re.compile(r"\s*(```|~~~)")
_DELIMITER = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_INLINE = re.compile(r"\*\*|__|~~|`|\[[^\]]*\]\([^)]*\)|<font\b|<@|(?<!\w)[*_]\S", re.IGNORECASE)
_DECORATION = re.compile(r"[#>*_`~|\-\s]+")
_KINDS = (
    ("blank", re.compile(r"\s*$")),
    ("rule", re.compile(r" {0,3}([-*_])( *\1){2,} *$")),
    ("heading", re.compile(r" {0,3}#{1,6}(\s|$)")),
    ("list", re.compile(r"\s*([-*+]|\d{1,9}[.)])\s")),
    ("quote", re.compile(r" {0,3}>")),
)
#: Between these and their neighbours a plain line break does what it says.
_BREAKS_AFTER = frozenset({"blank", "code", "table", "heading", "rule"})
_BREAKS_BEFORE = _BREAKS_AFTER | {"list"}


def heading(title: str, content: str) -> str:
    """A heading to go before the content, or "" if its first line already says the title."""
    if not title or _undecorated(_first_line(content)) == _undecorated(title):
        return ""
    return f"### {title}\n"


def summary(content: str, limit: int = 64) -> str:
    """The first line that holds words, without decoration, at most `limit` characters."""
    for line in content.split("\n"):
        words = _undecorated(_FONT.sub("", line))
        if words:
            return words[:limit]
    return ""


def hard_breaks(content: str) -> str:
    """Make every line break of a paragraph one that DingTalk shows.

    It joins lines unless they end in two spaces and go on after two (its FAQ, 2026-08-04);
    lists, tables, headings and code keep theirs.
    """
    lines = content.split("\n")
    kinds = line_kinds(lines)
    whole = lines[0]
    for index in range(1, len(lines)):
        before, kind, line = kinds[index - 1], kinds[index], lines[index]
        if before in _BREAKS_AFTER or kind in _BREAKS_BEFORE:
            whole += "\n" + line
        elif kind == "quote":
            whole = whole.rstrip(" ") + "  \n" + line
        else:
            whole = whole.rstrip(" ") + "  \n  " + line.lstrip(" ")
    return whole


def needs_v2(content: str) -> bool:
    """Whether WeCom shows this only as `markdown_v2`: table, image, list, code, rule."""
    kinds = line_kinds(content.split("\n"))
    return not {"table", "list", "code", "rule"}.isdisjoint(kinds) or bool(_IMAGE.search(content))


def is_plain(content: str) -> bool:
    """Whether nothing in it is Markdown, so that a card may show it as it is."""
    kinds = set(line_kinds(content.split("\n")))
    return kinds <= {"text", "blank"} and not _INLINE.search(content)


def has_fonts(content: str) -> bool:
    return bool(_FONT.search(content))


def without_fonts(content: str) -> str:
    return _FONT.sub("", content)


def _undecorated(line: str) -> str:
    start = _DECORATION.match(line)
    return line[start.end() if start else 0 :].rstrip("#*_`~| \t\r")


def _first_line(content: str) -> str:
    return next((line for line in content.split("\n") if line.strip()), "")


def line_kinds(lines: list[str]) -> list[str]:
    """What each line is: text, blank, rule, heading, list, quote, code or table."""
    kinds: list[str] = []
    fenced = False
    for index, line in enumerate(lines):
        fence = bool(_FENCE.match(line))
        if fence or fenced:
            kinds.append("code")
        elif _in_table(lines, index, kinds):
            kinds.append("table")
        else:
            kinds.append(next((name for name, rule in _KINDS if rule.match(line)), "text"))
        fenced ^= fence
    return kinds


def _in_table(lines: list[str], index: int, kinds: list[str]) -> bool:
    """Whether a line is a table's head, the dashes below it, or a row after them."""
    if "|" not in lines[index]:
        return False
    if kinds and kinds[-1] == "table":
        return True
    below = lines[index + 1] if index + 1 < len(lines) else ""
    return "|" in below and bool(_DELIMITER.fullmatch(below))
