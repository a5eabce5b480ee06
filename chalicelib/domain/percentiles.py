"""Percentiles of values that were counted."""

from __future__ import annotations

from collections.abc import Iterable

#: A value, and how many have it.
Counted = tuple[int, int]


def spread(counted: Iterable[Counted]) -> dict[str, int | None]:
    """`p50` and `p99` by nearest rank: the least value that so many of all are not above."""
    ascending = sorted(counted)
    return {"p50": _at(ascending, 50), "p99": _at(ascending, 99)}


def _at(ascending: list[Counted], percent: int) -> int | None:
    needed = percent * sum(many for _, many in ascending)
    so_far = 0
    for value, many in ascending:
        so_far += many
        if 100 * so_far >= needed:
            return value
    return None
