"""How deep a JSON value is nested, without recursion: its author may be hostile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def levels(value: Any) -> Iterator[list[Any]]:
    """The values of each level, the outermost first."""
    level = [value]
    while level:
        yield level
        level = [inner for outer in level for inner in _inside(outer)]


def is_deeper_than(value: Any, limit: int) -> bool:
    """Whether lists and objects lie within each other more than `limit` times."""
    return any(depth > limit for depth, _ in enumerate(levels(value)))
