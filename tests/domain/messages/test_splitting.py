"""Splitting a text into parts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.messages.pages import utf8_bytes
from chalicelib.domain.messages.splitting import ROW_END, Cost, split


def quoted(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2


def test_a_rule_is_the_best_place_and_goes() -> None:
    content = "\n".join(["甲" * 50, "", "---", "", "乙" * 60, "### 丙", "丙" * 30])

    assert split(content, 330, utf8_bytes) == ["甲" * 50, "乙" * 60 + "\n### 丙\n" + "丙" * 30]


def test_a_heading_is_the_next_best_place() -> None:
    content = "\n".join(["### 甲", "甲" * 50, "### 乙", "乙" * 50, "乙" * 40])

    assert split(content, 400, utf8_bytes) == [
        "### 甲\n" + "甲" * 50,
        "### 乙\n" + "乙" * 50 + "\n" + "乙" * 40,
    ]


def test_a_table_has_its_head_in_every_part() -> None:
    head = "| 名称 | 数量 |\n|---|---|"
    rows = [f"| 货物 {n:03} | {n} |" for n in range(60)]

    parts = split("\n".join([head, *rows]), 400, utf8_bytes)

    assert len(parts) > 2
    assert all(part.startswith(head + "\n| 货物") for part in parts)
    assert "\n".join(part.removeprefix(head + "\n") for part in parts) == "\n".join(rows)


def test_a_fence_is_closed_and_opened_again() -> None:
    lines = [f"print({n})" for n in range(100)]

    parts = split("\n".join(["```python", *lines, "```"]), 300, utf8_bytes)

    assert len(parts) > 2
    assert all(part.startswith("```python\n") and part.endswith("\n```") for part in parts)
    bodies = [part.removeprefix("```python\n").removesuffix("\n```") for part in parts]
    assert "\n".join(bodies) == "\n".join(lines)


def test_a_row_that_is_too_long_loses_its_end() -> None:
    content = "| a |\n|---|\n| " + "字" * 500 + " |\n| b |"

    parts = split(content, 300, utf8_bytes)

    assert all(part.startswith("| a |\n|---|\n| ") for part in parts)
    assert parts[0].endswith(ROW_END)


def test_signs_that_are_drawn_as_one_stay_together() -> None:
    family = "👨\u200d👩\u200d👧"

    parts = split(family * 60, 200, utf8_bytes)

    assert all(part.replace(family, "") == "" for part in parts)


def test_what_is_plain_has_no_fences() -> None:
    content = "```\n" + "字\n" * 200

    assert all(not part.endswith("```") for part in split(content, 300, utf8_bytes, plain=True))


words = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=80)
lines = st.tuples(
    st.sampled_from(
        ["{}", "{}", "- {}", "> {}", "| {} | b |", "|---|---|", "## {}", "---", "```", ""]
    ),
    words,
).map(lambda pair: pair[0].format(pair[1]))


@given(st.lists(lines, max_size=60), st.sampled_from([utf8_bytes, quoted]), st.booleans())
def test_every_part_fits_and_no_word_is_lost(texts: list[str], cost: Cost, tight: bool) -> None:
    content = "\n".join(texts)

    parts = split(content, 1500, cost, tight=tight)

    assert all(part.strip() and cost(part) <= 1500 for part in parts)
    rest = iter("\n".join(parts).split("\n"))
    kept = [one for one in texts if one.strip() and "-" not in one]
    # In order: of what was repeated or closed there is more, of what was there never less.
    assert all(any(one.rstrip() == other.rstrip() for other in rest) for one in kept)


@given(st.text(st.characters(codec="utf-8"), max_size=3000), st.booleans())
def test_whatever_it_is_every_part_fits(content: str, plain: bool) -> None:
    assert all(utf8_bytes(part) <= 300 for part in split(content, 300, utf8_bytes, plain=plain))


@pytest.mark.parametrize("content", ["", "\n\n", "  "])
def test_nothing_is_no_part(content: str) -> None:
    assert split(content, 300, utf8_bytes) == []
