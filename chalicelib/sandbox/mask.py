"""Hiding the secrets that a run fetched in all that it leaves behind."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from typing import Any

from chalicelib.sandbox.disguises import SHORTEST, disguises
from chalicelib.sandbox.finding import Span, beginning, spans

#: Stands for a secret; no longer than the shortest, so nothing grows over its limit.
STARS = "*" * SHORTEST
#: Stands where the front of a long error was cut off (sandbox_runner/tracebacks.py).
CUT = "…"
#: Characters that wait to be looked at together: a script may print them one by one.
_TOGETHER = 1 << 16


class Mask:
    """The values that one run has learnt. Threads may share it."""

    def __init__(self) -> None:
        #: What is looked for: every value in each of its forms.
        self.forms: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def learn(self, value: str) -> None:
        """From now on hide this value."""
        with self._lock:
            self.forms |= disguises(value)

    def text(self, text: str) -> str:
        """`text` with stars in place of secrets."""
        return _covered(text, spans(text, self.forms)) if self.forms else text

    def error(self, text: str) -> str:
        """As `text`, of an error: one that begins with `…` may begin with the end of a secret."""
        if not text.startswith(CUT):
            return self.text(text)
        rest = text[len(CUT) :]
        backwards = rest[::-1]
        end = max((_ending(backwards, form) for form in self.forms), default=0)
        return CUT + _covered(rest, spans(rest, self.forms, [(0, end)]))

    def json(self, value: Any) -> Any:
        """A JSON value with stars in its texts, its keys, and for numbers that show a secret."""
        if not self.forms:
            return value
        if isinstance(value, dict):
            return {self.text(key): self.json(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.json(inner) for inner in value]
        if isinstance(value, str):
            return self.text(value)
        number = json.dumps(value)
        return value if self.text(number) == number else STARS


class Veil:
    """A growing text with its secrets covered, however it is cut into pieces."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._waiting: list[str] = []
        self._size = 0
        #: How many of the waiting characters a secret covers that began before them, and
        #: whether its stars are out.
        self._covered = 0
        self._starred = False

    def add(self, text: str) -> str:
        """Take what follows; returns what can be shown by now, if it is time to look."""
        self._waiting.append(text)
        self._size += len(text)
        return "" if self._mask.forms and self._size < _TOGETHER else self.settled()

    def settled(self) -> str:
        """All that can be shown by now: up to what may be the beginning of a secret."""
        text = "".join(self._waiting)
        forms = self._mask.forms
        return self._show(text, min((beginning(text, form) for form in forms), default=len(text)))

    def end(self) -> str:
        """The rest, as nothing follows; what has the better half of a secret is covered too."""
        shown, text = self.settled(), "".join(self._waiting)
        halves = ((form, max(SHORTEST, (len(form) + 1) // 2)) for form in self._mask.forms)
        cut = min((beginning(text, form, half) for form, half in halves), default=len(text))
        return shown + self._show(text, len(text), [(cut, len(text))])

    def _show(self, text: str, end: int, more: Iterable[Span] = ()) -> str:
        """Hand out `text` up to `end`; the rest waits."""
        known = [(0, self._covered), *more]
        found = spans(text, self._mask.forms, known)
        inside = [(first, min(last, end)) for first, last in found if first < end]
        shown = _covered(text[:end], inside)
        if self._starred and inside and inside[0][0] == 0:
            shown = shown[len(STARS) :]
        if end:
            self._starred = bool(inside) and inside[-1][1] == end
        beyond = (last - end for first, last in found if first <= end < last)
        self._covered = max(beyond, default=0)
        self._waiting, self._size = [text[end:]], len(text) - end
        return shown


def _ending(backwards: str, form: str) -> int:
    """How many characters of a text, which is given backwards, are the end of `form` alone."""
    return len(backwards) - beginning(backwards, form[::-1], SHORTEST)


def _covered(text: str, found: Iterable[Span]) -> str:
    parts, at = [], 0
    for first, last in found:
        parts += [text[at:first], STARS]
        at = last
    return "".join([*parts, text[at:]])
