"""A run's log while it grows: its beginning and its end, and how much lies between."""

from __future__ import annotations

import io
import threading
from collections import deque

from chalicelib.sandbox.mask import Mask, Veil
from chalicelib.sandbox.scrubbing import scrub

#: Characters kept of the beginning, and as many of the end.
KEPT = 256 * 1024


class Output:
    """What a script printed. A reader may take the beginning while a writer adds.

    `mask` hides secrets; what may be the beginning of one waits for what follows.
    """

    def __init__(self, kept: int = KEPT, mask: Mask | None = None) -> None:
        self.mask = mask or Mask()
        self._veil = Veil(self.mask)
        self._kept = kept
        self._lock = threading.Lock()
        self._head = io.StringIO()
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._dropped = 0

    def add(self, text: str) -> None:
        with self._lock:
            self._keep(self._veil.add(text))

    def _keep(self, text: str) -> None:
        text = scrub(text)
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
            self._keep(self._veil.settled())
            return self._head.getvalue()[offset:]

    def rest(self, offset: int) -> str:
        """All that is to be kept from character `offset` on, once the run is over."""
        with self._lock:
            self._keep(self._veil.end())
            mark = _mark(self._dropped) if self._dropped else ""
            return "".join([self._head.getvalue(), mark, *self._tail])[offset:]


def _mark(dropped: int) -> str:
    return f"\n…… 此处省略 {dropped} 个字符 / {dropped} characters left out here ……\n"
