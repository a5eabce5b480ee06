"""Requirement lines: what is allowed, one normal form, and words that name the line."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.errors import Wrong
from chalicelib.domain.requirements import MOST_LINES, fingerprint, normal_form, parse


def test_comments_and_blank_lines_are_passed_over_and_still_count() -> None:
    text = "# ours\n\nIdna == 3.7   # names\r\nPython_DateUtil>=2.8,<3\n"

    lines = parse(text)

    assert [(line.number, line.text, line.name) for line in lines] == [
        (3, "idna==3.7", "idna"),
        (4, "python-dateutil<3,>=2.8", "python-dateutil"),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a>=1,<2\nB", "b\n\nA < 2, >= 1 # same"),
        ("a[Y,x]", "a [x, y]"),
        ("zope.interface", "Zope_Interface\nzope-interface"),
        ('a; python_version >= "3.11"', "a ;python_version>='3.11'"),
    ],
)
def test_what_asks_for_the_same_has_one_normal_form(one: str, other: str) -> None:
    first, second = normal_form(parse(one)), normal_form(parse(other))

    assert first == second
    assert fingerprint(first) == fingerprint(second)


def test_other_requirements_have_another_fingerprint() -> None:
    texts = ("a", "b", "a==1", "a==1.0.0", "a[x]", 'a; os_name == "nt"', "a\nb", "")

    assert len({fingerprint(normal_form(parse(text))) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("-e .", "options"),
        ("-r other.txt", "options"),
        ("--index-url https://evil.example/simple", "options"),
        ("idna==3.7 --hash=sha256:00", "options"),
        ("idna --global-option=x", "options"),
        ("https://evil.example/x-1.0-py3-none-any.whl", "addresses"),
        ("x @ https://evil.example/x.whl", "addresses"),
        ("x@file:///etc/passwd", "addresses"),
        ("git+ssh://git@host/x.git", "addresses"),
        ("git+git@host:x", "addresses"),
        ("file:x.whl", "addresses"),
        ("./x", "files"),
        ("/opt/x", "files"),
        ("~/x", "files"),
        ("x/y", "files"),
        ("..\\x", "files"),
        ("x.tar.gz", "files"),
        ("x-1.0-py3-none-any.whl", "files"),
        ("idna=3.7", "no requirement"),
        ("idna 3.7", "no requirement"),
        ("idna, requests", "no requirement"),
        ("idna==3.7 \\", "no requirement|files"),
        ("依赖", "no requirement"),
        ("idna==3.7; nonsense", "no requirement"),
        ("$(id)", "no requirement"),
    ],
)
def test_what_is_not_a_package_of_the_index_is_refused_by_its_line(line: str, why: str) -> None:
    with pytest.raises(Wrong) as refusal:
        parse(f"idna\n\n{line}")

    assert re.search(why, refusal.value.text.en)
    assert refusal.value.text.en.startswith("line 3 ")
    assert refusal.value.text.zh.startswith("第 3 行 ")


def test_every_wrong_line_is_told_of() -> None:
    with pytest.raises(Wrong) as refusal:
        parse("-e .\nidna\n???")

    assert [text.split()[1] for text in refusal.value.text.en.split("\n")] == ["1", "3"]


def test_there_are_only_so_many_lines() -> None:
    assert len(parse("\n".join(f"p{n}" for n in range(MOST_LINES)))) == MOST_LINES
    with pytest.raises(Wrong):
        parse("\n".join(f"p{n}" for n in range(MOST_LINES + 1)))


LINES = st.text(
    st.sampled_from("aZ9 .-_[],;<>=!~@:/\\#\"'\t+*()$%\x00\x1b é\u2028\x0b"), max_size=25
)


@given(LINES)
@example("a @ x")
@example("a===x y")
@example("a; os_name == '://'")
def test_whatever_is_sent_is_a_plain_requirement_or_refused(text: str) -> None:
    try:
        lines = parse(text)
    except Wrong:
        return

    for line in lines:
        # pip gets these as arguments: no option, no path, no address may look out of them.
        assert re.fullmatch(r"[a-z0-9][^\n\r]*", line.text)
        assert "://" not in line.text
        assert " @ " not in line.text
        assert "/" not in line.text.partition(";")[0]
        assert parse(line.text) == [type(line)(1, line.text, line.name)]


@given(st.lists(st.sampled_from(["a", "b>1", "c[x]", "# no", "", "D"]), max_size=8), st.randoms())
def test_order_does_not_matter(texts: list[str], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = texts[:]
    random.shuffle(shuffled)

    assert normal_form(parse("\n".join(texts))) == normal_form(parse("\n".join(shuffled)))
