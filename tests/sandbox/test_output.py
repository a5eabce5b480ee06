"""A log that keeps its beginning and its end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.sandbox.output import Output
from chalicelib.sandbox.scrubbing import scrub

TEXTS = st.lists(st.text("ab\n", max_size=20), max_size=20)


@given(TEXTS)
def test_what_fits_is_kept_whole(pieces: list[str]) -> None:
    output = Output(kept=1000)

    for piece in pieces:
        output.add(piece)

    assert output.rest(0) == "".join(pieces)


@given(TEXTS, st.integers(0, 30))
def test_what_does_not_fit_loses_its_middle_and_says_how_much(pieces: list[str], kept: int) -> None:
    output, whole = Output(kept), "".join(pieces)

    for piece in pieces:
        output.add(piece)

    text, lost = output.rest(0), max(0, len(whole) - 2 * kept)
    assert text.startswith(whole[:kept])
    assert text.endswith(whole[len(whole) - min(kept, max(0, len(whole) - kept)) :])
    assert (f" {lost} 个字符" in text) == (lost > 0)


@given(TEXTS, st.integers(0, 30))
def test_parts_taken_while_it_grows_and_the_rest_make_the_whole(
    pieces: list[str], kept: int
) -> None:
    output, taken = Output(kept), ""

    for piece in pieces:
        output.add(piece)
        taken += output.take(len(taken))

    assert taken + output.rest(len(taken)) == output.rest(0)


@given(st.text(st.characters(), max_size=50))
def test_scrubbed_text_can_be_stored_and_shown(text: str) -> None:
    clean = scrub(text)

    clean.encode("utf-8")
    assert all(char.isprintable() or char in "\n\t" or ord(char) > 159 for char in clean)


def test_scrubbing_leaves_ordinary_text_alone() -> None:
    assert (
        scrub("第一行\r\n\t二😀\r三\x1b[31m\x00\ud800")
        == "第一行\n\t二😀\n三\ufffd[31m\ufffd\ufffd"
    )
