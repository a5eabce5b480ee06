"""Placeholders and what stands in for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Wrong
from chalicelib.domain.sql_text import LARGEST_SQL, filled

pieces = st.text("abc'?{}()", max_size=8)


@given(st.lists(st.tuples(pieces, pieces), max_size=6), pieces)
def test_each_place_gets_its_literal_as_python_would_do_it(
    parts: list[tuple[str, str]], end: str
) -> None:
    literals = [literal for _, literal in parts]
    in_order = "".join(f"{text}%%%s" for text, _ in parts) + end
    by_name = "".join(f"{text}%(n{number})s" for number, (text, _) in enumerate(parts)) + end
    names = {f"n{number}": literal for number, literal in enumerate(literals)}

    assert filled(in_order, literals) == in_order % tuple(literals)
    assert filled(by_name, names) == by_name % names


def test_a_literal_is_not_looked_at_again() -> None:
    assert filled("%s %s", ["'%s'", "'%(a)s'"]) == "'%s' '%(a)s'"


@pytest.mark.parametrize(
    ("sql", "literals"),
    [
        ("%s", []),
        ("%s %s", ["1"]),
        ("SELECT 1", ["1"]),
        ("%(a)s", ["1"]),
        ("%s", {"a": "1"}),
        ("%(b)s", {"a": "1"}),
        ("LIKE '100%'", ["1"]),
        ("%d", ["1"]),
        ("%99999999999s", ["1"]),
        ("%(a)99999999999s", {"a": "1"}),
        ("%(a)", {"a": "1"}),
        ("%", {}),
    ],
)
def test_places_and_parameters_that_differ_are_told(sql: str, literals: list[str]) -> None:
    with pytest.raises(Wrong, match="placeholders and params differ"):
        filled(sql, literals)


def test_a_long_text_is_not_copied_to_whatever_there_is_room_for() -> None:
    with pytest.raises(Wrong, match="at most 1 MB"):
        filled("%(a)s" * 1000, {"a": "x" * (LARGEST_SQL // 10)})
