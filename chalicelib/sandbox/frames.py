"""Messages to and from a child: a length of four bytes, big-endian, then JSON."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.domain.json_values import LEVELS
from chalicelib.domain.nesting import is_deeper_than

#: Bytes of the largest frame from a child; a body of 5 MB fits into one.
MAX_FRAME = 8 << 20
#: The frame, its arguments, and a value of 30 levels in these, as a variable may have.
_LEVELS = 2 + LEVELS
#: Empty lists take 60 times the memory of their text, so many of them are refused unread.
_BRACKETS = 1_100_000
#: What a value may take on top of its text, in bytes: a list or object, and any other.
_BRACKET, _COMMA = 240, 64
_LENGTH = struct.Struct(">I")


class BadFrame(ValueError):
    """The child sent what the protocol does not have: only a script that forges does so."""


def encode(message: Mapping[str, Any]) -> bytes:
    body = json.dumps(message).encode("ascii")
    return _LENGTH.pack(len(body)) + body


def _brackets(body: bytes) -> int:
    return body.count(b"[") + body.count(b"{")


def _decode(body: bytes) -> dict[str, Any]:
    if _brackets(body) > _BRACKETS:
        raise BadFrame("too many values in one frame")
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"not JSON: {type(error).__name__}") from None
    if not isinstance(message, dict) or is_deeper_than(message, _LEVELS):
        raise BadFrame("no object, or too deep")
    return message


def _weight(body: bytes) -> int:
    return len(body) + _BRACKET * _brackets(body) + _COMMA * body.count(b",")


class FrameReader:
    """Cuts what arrives into messages; never holds more than one frame and one read."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        #: Bytes of memory that the latest message takes, at most.
        self.weight = 0

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The messages that `data` completes; raises BadFrame."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._buffer)
            # Before it is buffered: the length alone is enough to know.
            if size > MAX_FRAME:
                raise BadFrame(f"a frame of {size} bytes")
            end = _LENGTH.size + size
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            self.weight = _weight(body)
            yield _decode(body)
