"""A run's log while it grows: its beginning and its end, and how much lies between."""

from __future__ import annotations

import io
import re
import threading
from collections import deque

#: Characters kept of the beginning, and as many of the end.
KEPT = 256 * 1024
#: Control characters but tab and newline, and halves of characters, which UTF-8 has not.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def scrub(text: str) -> str:
    """`text` with lines ended by newlines alone and nothing that steers a terminal."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


class Output:
    """What a script printed. A reader may take the beginning while a writer adds."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._head = io.StringIO()
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._dropped = 0

    def add(self, text: str) -> None:
        text = scrub(text)
        with self._lock:
            room = self._kept - self._head.tell()
            self._head.write(text[:room])
            if rest := text[room:]:
                self._tail.append(rest)
                self._tail_size += len(rest)
            self._forget()

    def _forget(self) -> None:
        """Drop the oldest of the tail, in whole pieces and then the rest of a piece."""
        while (surplus := self._tail_size - self._kept) > 0:
            piece = self._tail.popleft()
            if len(piece) > surplus:
                self._tail.appendleft(piece[surplus:])
            gone = min(surplus, len(piece))
            self._dropped += gone
            self._tail_size -= gone

    def take(self, offset: int) -> str:
        """What the beginning has from character `offset` on; the end is not settled yet."""
        with self._lock:
            return self._head.getvalue()[offset:]

    def rest(self, offset: int) -> str:
        """All that is to be kept from character `offset` on, once the run is over."""
        with self._lock:
            mark = _mark(self._dropped) if self._dropped else ""
            return "".join([self._head.getvalue(), mark, *self._tail])[offset:]


def _mark(dropped: int) -> str:
    return f"\n…… 此处省略 {dropped} 个字符 / {dropped} characters left out here ……\n"
