"""A statement's placeholders and what stands in for them, within a size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text

#: Bytes of a statement with its parameters.
LARGEST_SQL = 1024 * 1024
_PLACE = re.compile(r"%(%|s|\(([^()]*)\)s)?")


def filled(sql: str, literals: Sequence[str] | Mapping[str, str]) -> str:
    """`sql` with a literal for each `%s`, or for each `%(name)s`, and `%` for `%%`; raises Wrong.

    Not Python's `%`: that would take widths (`%999999999s`), and copies of a long text, to
    whatever memory there is.
    """
    places = list(_PLACE.finditer(sql))
    found = (
        _by_name(places, literals) if isinstance(literals, Mapping) else _in_order(places, literals)
    )
    pieces, at, size = [], 0, 0
    for place, value in zip(places, found, strict=True):
        pieces += [sql[at : place.start()], value]
        size += place.start() - at + len(value)
        at = place.end()
        check_size(size)
    return "".join([*pieces, sql[at:]])


def check_size(size: int) -> None:
    """Raises Wrong for a statement of more bytes than there may be."""
    if size > LARGEST_SQL:
        raise Wrong(
            Text(
                f"SQL 连同参数最多 {LARGEST_SQL // 1024 // 1024} MB",
                f"a statement has at most {LARGEST_SQL // 1024 // 1024} MB with its parameters",
            )
        )


def _in_order(places: Sequence[re.Match[str]], literals: Sequence[str]) -> list[str]:
    waiting = iter(literals)
    found = [_next(place, waiting) for place in places]
    if next(waiting, None) is not None:
        raise _mismatch()
    return found


def _next(place: re.Match[str], waiting: Iterator[str]) -> str:
    if place[1] == "%":
        return "%"
    value = next(waiting, None) if place[1] == "s" else None
    if value is None:
        raise _mismatch()
    return value


def _by_name(places: Sequence[re.Match[str]], literals: Mapping[str, str]) -> list[str]:
    found = ["%" if place[1] == "%" else literals.get(place[2]) for place in places]
    good = [value for value in found if value is not None]
    if len(good) < len(found):
        raise _mismatch()
    return good


def _mismatch() -> Wrong:
    return Wrong(
        Text(
            "SQL 中的占位符与 params 不符:列表对应 %s(个数相同),字典对应 %(name)s;"
            "有 params 时百分号本身须写作 %%",
            "the placeholders and params differ: a list goes with as many %s, a dict with "
            "%(name)s; with params, a percent sign itself is written %%",
        )
    )
