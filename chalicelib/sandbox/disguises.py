"""The forms in which a secret turns up in a log: as it is, and as usual encodings write it."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from chalicelib.sandbox.scrubbing import scrub

#: Characters of the shortest form that is looked for; as `domain/secrets.py` has it for values.
SHORTEST = 6
#: Characters from which a line of a secret with several is one by itself, as of a private key.
_LINE = 12


def disguises(value: str) -> frozenset[str]:
    """All forms of `value` of at least SHORTEST characters."""
    forms = {form for text in (value, value.strip()) for form in (text, *_encoded(text))}
    forms.update(_lines(value))
    return frozenset(form for form in forms if len(form) >= SHORTEST)


def _lines(value: str) -> Iterator[str]:
    lines = [line.strip() for line in value.splitlines()]
    yield from (line for line in lines if len(line) >= _LINE)


def _encoded(text: str) -> Iterator[str]:
    data = text.encode("utf-8", "surrogatepass")
    yield scrub(text)
    yield from (data.hex(), data.hex().upper())
    for escaped in (json.dumps(text), json.dumps(text, ensure_ascii=False), repr(text)):
        yield escaped[1:-1]
    # repr of bytes, and of a list or dict around a text.
    yield repr(data)[2:-1]
    yield from (html.escape(text), html.escape(text, quote=False))
    for safe in ("", "/"):
        yield quote(data, safe)
        yield quote_plus(data, safe)
    yield from _base64(data)


def _base64(data: bytes) -> Iterator[str]:
    """What of base64 does not depend on the bytes around: it may stand as the second half of
    `user:password`."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data).decode("ascii").rstrip("=")
        # Six bits a character: the first may hold bits of what is before, the last of what follows.
        first, last = -(-8 * before // 6), 8 * (before + len(data)) // 6
        text = whole[first:last]
        yield text
        yield text.replace("+", "-").replace("/", "_")
