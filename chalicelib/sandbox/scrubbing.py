"""Making a script's text fit to be stored and shown."""

from __future__ import annotations

import re

#: Control characters but tab and newline, and halves of characters, which UTF-8 has not.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def scrub(text: str) -> str:
    """`text` with lines ended by newlines alone and nothing that steers a terminal."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
