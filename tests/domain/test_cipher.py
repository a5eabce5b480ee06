"""The cipher: what it seals opens in its place under its key, and nowhere else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cipher import (
    CannotOpen,
    Cipher,
    NoMasterKey,
    context_of,
    new_key,
    read_keys,
)
from chalicelib.domain.errors import Wrong

OLD, NEW = (
    f"old:{base64.b64encode(b'o' * 32).decode()}",
    f"new:{base64.b64encode(b'n' * 32).decode()}",
)
CIPHER = Cipher(lambda: OLD)


@given(st.text(), st.text())
def test_what_is_sealed_opens_in_its_context(text: str, context: str) -> None:
    assert CIPHER.open(CIPHER.seal(text, context), context) == text


@given(st.text(min_size=4), st.text())
def test_a_sealed_text_is_ascii_and_shows_nothing_and_is_another_each_time(
    text: str, context: str
) -> None:
    first, second = CIPHER.seal(text, context), CIPHER.seal(text, context)

    assert first.isascii()
    assert first != second
    body = base64.urlsafe_b64decode(first.partition(".")[2])
    assert text.encode() not in body


@given(st.text(), st.text(), st.text())
def test_it_does_not_open_in_another_context(text: str, here: str, there: str) -> None:
    sealed = CIPHER.seal(text, here)

    if here != there:
        with pytest.raises(CannotOpen):
            CIPHER.open(sealed, there)


@given(st.data())
def test_it_does_not_open_once_anything_of_it_was_changed(data: st.DataObject) -> None:
    sealed = CIPHER.seal("s3cret", "here")
    place = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.characters().filter(lambda char: char != sealed[place]))

    with pytest.raises(CannotOpen):
        CIPHER.open(sealed[:place] + other + sealed[place + 1 :], "here")


def test_there_is_one_spelling_of_what_is_sealed() -> None:
    sealed = CIPHER.seal("s3cret", "here")
    head, last = sealed[:-3], sealed[-3]
    assert sealed.endswith("==")
    # The last four of its six bits are beyond the last byte.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = alphabet[alphabet.index(last) ^ 1]

    with pytest.raises(CannotOpen):
        CIPHER.open(f"{head}{twin}==", "here")


@pytest.mark.parametrize("sealed", ["", ".", "old", "old.", "old.!!!", "old.AAAA", "s3cret"])
def test_what_was_never_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(CannotOpen) as raised:
        CIPHER.open(sealed, "here")

    assert raised.value.code == "cannot_open"


def test_the_first_key_seals_and_all_open() -> None:
    before = CIPHER.seal("s3cret", "here")
    rotated = Cipher(lambda: f"{NEW} {OLD}")

    assert rotated.open(before, "here") == "s3cret"
    assert rotated.seal("s3cret", "here").startswith("new.")
    assert (CIPHER.key_id, rotated.key_id) == ("old", "new")


def test_a_lost_key_is_named_and_its_like_does_not_open() -> None:
    sealed = CIPHER.seal("s3cret", "here")

    with pytest.raises(CannotOpen, match="'old', which is not set"):
        Cipher(lambda: NEW).open(sealed, "here")
    assert CIPHER.can_open(sealed)
    assert not Cipher(lambda: NEW).can_open(sealed)
    assert not Cipher().can_open(sealed)
    with pytest.raises(CannotOpen, match="under another key"):
        Cipher(lambda: NEW.replace("new:", "old:")).open(sealed, "here")


def test_without_keys_nothing_is_sealed_and_it_is_said_what_to_set() -> None:
    with pytest.raises(NoMasterKey, match="MASTER_KEYS_SECRET"):
        Cipher().seal("s3cret", "here")
    with pytest.raises(NoMasterKey):
        Cipher().open("old.AAAA", "here")


@pytest.mark.parametrize(
    "text",
    [
        "nokey",
        "a:",
        "a:AAAA",
        f"{OLD} {OLD}",
        f"a b:{OLD[4:]}",
        f"a.b:{OLD[4:]}",
        f"{'a' * 33}:{OLD[4:]}",
        f"{OLD}=",
        f"a:{OLD[4:-2]}",
    ],
)
def test_a_wrong_key_is_told_by_its_number_and_never_repeated(text: str) -> None:
    with pytest.raises(Wrong, match="master key [12] is wrong") as raised:
        read_keys(text)
    with pytest.raises(NoMasterKey, match="master key [12] is wrong") as refused:
        Cipher(lambda: text).seal("s3cret", "here")

    for words in (raised.value.text, refused.value.text):
        assert OLD[4:20] not in words.zh + words.en


def test_the_keys_are_asked_for_once_and_not_before_they_are_needed() -> None:
    asked: list[str] = []
    cipher = Cipher(lambda: asked.append("asked") or OLD)  # type: ignore[func-returns-value]
    assert asked == []

    cipher.open(cipher.seal("a", "b"), "b")

    assert asked == ["asked"]


def test_new_keys_differ_and_work() -> None:
    first, second = new_key(), new_key()

    assert len(read_keys(f"{first}\n{second}")) == 2


def test_no_place_can_be_spelled_as_another() -> None:
    places = {
        context_of("secrets", None, "a"),
        context_of("secrets", "acme", "a"),
        context_of("secrets", "acme", "b"),
        context_of("dsn", "acme", "a"),
    }
    assert len(places) == 4
