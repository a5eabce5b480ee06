"""Just enough of Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.messages.markdown import hard_breaks, is_plain, needs_v2, summary


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a\nb", "a  \n  b"),
        ("a  \n  b", "a  \n  b"),
        ("a\n\nb", "a\n\nb"),
        ("# a\nb", "# a\nb"),
        ("a\n# b", "a\n# b"),
        ("a\n- b\n- c\nd", "a\n- b\n- c  \n  d"),
        ("1. a\n2. b", "1. a\n2. b"),
        ("> a\n> b", "> a  \n> b"),
        ("a | b\n--|--\nc | d", "a | b\n--|--\nc | d"),
        ("```\na\nb\n```\nc", "```\na\nb\n```\nc"),
        ("a\n---\nb", "a\n---\nb"),
        ("a | b\nc | d", "a | b  \n  c | d"),
    ],
)
def test_only_paragraphs_get_hard_breaks(content: str, expected: str) -> None:
    assert hard_breaks(content) == expected


@given(st.lists(st.sampled_from(["a", "", "- b", "> c", "# d", "|e|f|", "|--|--|", "```"])))
def test_hard_breaks_keep_every_line_and_change_nothing_the_second_time(lines: list[str]) -> None:
    once = hard_breaks("\n".join(lines))

    assert [line.strip() for line in once.split("\n")] == [line.strip() for line in lines or [""]]
    assert hard_breaks(once) == once


@pytest.mark.parametrize("content", ["a", "# a\n> b", "**a** [b](c) `d`", "a | b", "-a", "1.5 元"])
def test_version_1_is_enough(content: str) -> None:
    assert not needs_v2(content)


@pytest.mark.parametrize("content", ["一切正常", "a\n\nb", "5 * 3 = 15", "a_b 1-2", "¥5,000 (+3%)"])
def test_plain_words_are_plain(content: str) -> None:
    assert is_plain(content)


@pytest.mark.parametrize(
    "content", ["**a**", "*a*", "`a`", "[a](b)", "> a", "- a", "# a", "<@a>", "~~a~~", "_a_"]
)
def test_markup_is_not_plain(content: str) -> None:
    assert not is_plain(content)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("# 标题 #", "标题"),
        ("\n\n---\n> **销售**", "销售"),
        ('<font color="info">好</font>', "好"),
        ("x" * 100, "x" * 64),
        ("***", ""),
    ],
)
def test_the_summary_is_the_first_words(content: str, expected: str) -> None:
    assert summary(content) == expected
