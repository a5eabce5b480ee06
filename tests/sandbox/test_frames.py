"""Reading what a hostile child may send."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Wrong
from chalicelib.sandbox.frames import MAX_FRAME, BadFrame, FrameReader, encode
from chalicelib.sandbox.results import MAX_RESULT, read_result

MESSAGES = st.lists(st.dictionaries(st.text(max_size=3), st.integers()), max_size=5)


@given(MESSAGES, st.integers(1, 20))
def test_messages_arrive_whole_however_they_are_cut(
    messages: list[dict[str, int]], size: int
) -> None:
    stream = b"".join(map(encode, messages))
    reader = FrameReader()

    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]

    assert [message for piece in pieces for message in reader.feed(piece)] == messages


@given(st.binary(max_size=200))
def test_noise_is_a_bad_frame_or_the_beginning_of_one(noise: bytes) -> None:
    with suppress(BadFrame):
        list(FrameReader().feed(noise))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b'{"a":' + b"[" * 33 + b"]" * 33 + b"}",
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_object_or_too_deep_is_refused(body: bytes) -> None:
    with pytest.raises(BadFrame):
        list(FrameReader().feed(struct.pack(">I", len(body)) + body))


def test_a_giant_frame_is_refused_by_its_length_alone() -> None:
    with pytest.raises(BadFrame):
        list(FrameReader().feed(struct.pack(">I", MAX_FRAME + 1)))


def test_millions_of_empty_lists_are_refused_unread() -> None:
    body = b'{"a":[' + b"[]," * 1_200_000 + b"0]}"

    with pytest.raises(BadFrame, match="too many"):
        list(FrameReader().feed(struct.pack(">I", len(body)) + body))


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[1e999]",
        '{"\\ud800": 1}',
        "[" * 40 + "]" * 40,
        "[" * 99999,
        "{",
        "9" * 5000,
        "9" * 400,
    ],
)
def test_a_result_is_sound_json_or_refused(text: str) -> None:
    with pytest.raises(Wrong):
        read_result(text)


def test_a_result_may_have_a_million_bytes_and_no_more() -> None:
    fits = '"' + "好" * ((MAX_RESULT - 2) // 3) + '"'

    assert read_result(fits)
    with pytest.raises(Wrong):
        read_result(fits.replace('"', '"aaa', 1))
