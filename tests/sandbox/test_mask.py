"""Secrets are covered, however a script prints them, and nothing else is."""

from __future__ import annotations

import base64
import binascii
import html
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.sandbox.calls import Worker
from chalicelib.sandbox.finding import beginning
from chalicelib.sandbox.mask import STARS, Mask, Veil
from chalicelib.sandbox.output import Output

#: Few letters, so that secrets overlap each other and themselves.
SECRETS = st.lists(st.text("ab", min_size=6, max_size=9), min_size=1, max_size=3)
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=40).filter(
    lambda text: len(text.strip()) >= 6
)


def mask_of(*values: str) -> Mask:
    mask = Mask()
    for value in values:
        mask.learn(value)
    return mask


@st.composite
def prints(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Secrets, and a text with some of them in pieces that were cut anywhere."""
    secrets = draw(SECRETS)
    words = draw(st.lists(st.one_of(st.text("ab-", max_size=9), st.sampled_from(secrets))))
    whole = "".join(words)
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    return secrets, pieces


def shown(mask: Mask, pieces: list[str]) -> str:
    veil = Veil(mask)
    return "".join([veil.add(piece) + veil.settled() for piece in pieces]) + veil.end()


@pytest.mark.parametrize("lost", [1, 10, 20])
def test_an_error_whose_front_was_cut_off_within_a_secret_does_not_show_the_rest(lost: int) -> None:
    secret = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    mask = mask_of(secret)

    assert mask.error(f"…{secret[lost:]} and so on") == f"…{STARS} and so on"
    assert mask.error(f"{secret[lost:]} and so on") == f"{secret[lost:]} and so on"
    assert mask.error(f"…and so on {secret}") == f"…and so on {STARS}"


@given(prints())
def test_no_way_of_cutting_the_output_shows_a_secret(case: tuple[list[str], list[str]]) -> None:
    secrets, pieces = case

    text = shown(mask_of(*secrets), pieces)

    assert not any(secret in text for secret in secrets)


@given(prints())
def test_cutting_the_output_changes_nothing(case: tuple[list[str], list[str]]) -> None:
    secrets, pieces = case
    pieces = [*pieces, "-"]  # no secret's: nothing waits at the end

    assert shown(mask_of(*secrets), pieces) == mask_of(*secrets).text("".join(pieces))


@given(prints())
def test_each_character_of_a_secret_is_covered_and_no_other(
    case: tuple[list[str], list[str]],
) -> None:
    secrets, pieces = case
    whole = "".join([*pieces, "-"])
    inside = [False] * len(whole)
    for secret in secrets:
        for start in range(len(whole)):
            if whole.startswith(secret, start):
                inside[start : start + len(secret)] = [True] * len(secret)

    visible = "".join("*" if covered else c for c, covered in zip(whole, inside, strict=True))

    text = shown(mask_of(*secrets), [*pieces, "-"])
    assert "*".join(filter(None, text.split("*"))) == "*".join(filter(None, visible.split("*")))


@given(st.lists(st.text("abc\n ", max_size=20)), st.lists(st.booleans()))
def test_output_without_a_secret_is_as_it_was(pieces: list[str], looks: list[bool]) -> None:
    output, taken = Output(mask=mask_of("S3CRET-VALUE")), ""

    for piece, look in zip(pieces, [*looks, *[False] * len(pieces)], strict=False):
        output.add(piece)
        taken += output.take(len(taken)) if look else ""

    assert taken + output.rest(len(taken)) == "".join(pieces)


@given(st.lists(st.integers(1, 11), max_size=5))
def test_what_is_read_while_it_grows_shows_no_part_of_a_secret(cuts: list[int]) -> None:
    text = "key: S3CRET-VALUE.\n" * 3
    output, taken = Output(mask=mask_of("S3CRET-VALUE")), ""

    for start in range(0, len(text), 7):
        output.add(text[start : start + 7])
        taken = output.take(0)
        assert "S3C" not in taken
        assert "VALUE" not in taken

    assert output.rest(0) == f"key: {STARS}.\n" * 3


def test_a_text_that_ends_within_a_secret_shows_little_of_it() -> None:
    mask = mask_of("S3CRET-VALUE")

    assert shown(mask, ["key: S3CRET-VALU"]) == f"key: {STARS}"
    assert shown(mask, ["key: S3C"]) == "key: S3C"


def test_a_secret_that_is_learnt_late_is_covered_from_then_on() -> None:
    mask = Mask()
    output = Output(mask=mask)

    output.add("S3CRET-VALUE ")
    mask.learn("S3CRET-VALUE")
    output.add("S3CRET-VALUE S3CR")
    output.add("ET-VALUE")

    assert output.rest(0) == f"S3CRET-VALUE {STARS} {STARS}"


WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": lambda v: f"-{v}-",
    "json": lambda v: json.dumps({"v": v}),
    "json in Chinese": lambda v: json.dumps({"v": v}, ensure_ascii=False),
    "repr": lambda v: repr([v]),
    "bytes": lambda v: repr(v.encode()),
    "url": lambda v: urlencode({"v": v}),
    "path": lambda v: quote(v),
    "path, all": lambda v: quote(v, safe=""),
    "form": lambda v: quote_plus(v, safe="/"),
    "html": lambda v: f"<a href='{html.escape(v)}'>",
    "hex": lambda v: v.encode().hex(),
    "HEX": lambda v: binascii.hexlify(v.encode()).decode().upper(),
    "base64": lambda v: base64.b64encode(v.encode()).decode(),
    "base64 of an address": lambda v: base64.urlsafe_b64encode(v.encode()).decode(),
}


@pytest.mark.parametrize("way", WRITTEN)
@given(value=ANYTHING)
def test_usual_ways_of_writing_a_secret_are_covered(way: str, value: str) -> None:
    written = WRITTEN[way](value)
    around = WRITTEN[way]("")

    text = mask_of(value).text(written)

    # What is left is what was around, and in base64 a last character that holds half of the rest.
    left = len(text.replace(STARS, ""))
    assert STARS in text
    assert left <= len(around) + (4 if "base64" in way else 0)


@given(ANYTHING, st.binary(max_size=9), st.binary(max_size=9))
def test_base64_is_covered_also_amid_other_bytes(value: str, before: bytes, after: bytes) -> None:
    written = base64.b64encode(before + value.encode() + after).decode()

    text = mask_of(value).text(written)

    around = -(-4 * len(before) // 3) + -(-4 * len(after) // 3)
    assert STARS in text
    assert len(text.replace(STARS, "")) <= around + 6


def test_the_lines_of_a_private_key_are_covered_one_by_one() -> None:
    lines = [base64.b64encode(bytes([n]) * 48).decode() for n in range(3)]
    mask = mask_of("-----BEGIN PRIVATE KEY-----\r\n" + "\r\n".join(lines) + "\r\n")

    assert mask.text("\n".join(lines)) == "\n".join([STARS] * 3)
    assert mask.text(repr(lines)) == f"['{STARS}', '{STARS}', '{STARS}']"


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("my 123456 key", f"my {STARS} key"),
        (["123456", {"123456": [None, True, 5, 0.5]}], [STARS, {STARS: [None, True, 5, 0.5]}]),
        (123456, STARS),
        (91234567.5, STARS),
        ({"n": 12345}, {"n": 12345}),
        (None, None),
    ],
)
def test_a_result_is_covered_in_texts_keys_and_numbers(value: Any, left: Any) -> None:
    assert mask_of("123456").json(value) == left


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text("abc"), st.lists))
def test_a_result_without_secrets_is_as_it_was(value: Any) -> None:
    assert mask_of("S3CRET-VALUE").json(value) == value
    assert Mask().json(value) is value


@given(st.text("ab", min_size=1, max_size=6), st.text("ab", max_size=12), st.integers(1, 4))
def test_the_beginning_of_a_form_is_found_at_the_end_of_a_text(
    form: str, text: str, least: int
) -> None:
    fits = [i for i in range(len(text)) if form.startswith(text[i:]) and len(text) - i < len(form)]

    found = beginning(text, form, least)

    assert found == (fits[0] if fits and len(text) - fits[0] >= least else len(text))


def test_a_call_that_breaks_off_leaves_a_trace_without_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(args: Mapping[str, Any], seconds: float) -> Any:
        raise LookupError(f"no such address: {args['url']}")

    done = threading.Event()
    worker = Worker({"http": broken}, 0, done.set, mask_of("S3CRET-VALUE"))

    worker.begin({"id": 1, "name": "http", "args": {"url": "http://a/?S3CRET-VALUE"}}, 1)
    assert done.wait(10)
    worker.close()

    assert f"LookupError: no such address: http://a/?{STARS}" in caplog.text
    assert "S3CRET" not in caplog.text + str(worker.answer())


def test_an_author_who_makes_it_hard_holds_up_nothing() -> None:
    mask = mask_of("a" * 16_000)
    veil = Veil(mask)

    # By looking for each beginning one by one this takes minutes.
    shown = "".join(veil.add("a" * 100) for _ in range(8_000)) + veil.end()

    assert shown == STARS
