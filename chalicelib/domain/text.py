"""Words for people, in the two languages that the platform speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Text:
    """One sentence in Chinese and in English; says what is wrong, where, and how to mend it."""

    zh: str
    en: str

    def in_(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en

    def __str__(self) -> str:
        return self.en


def preferred_language(accept_language: str | None) -> Language:
    """The language of an `Accept-Language` header (RFC 9110 §12.5.4); Chinese without one."""
    best: tuple[float, Language] = (0.0, "zh")
    for part in (accept_language or "").split(","):
        tag, _, weight = part.strip().partition(";q=")
        language: Language | None = {"zh": "zh", "en": "en"}.get(tag[:2].lower())  # type: ignore[assignment]
        quality = _quality(weight)
        if language and quality > best[0]:
            best = (quality, language)
    return best[1]


def _quality(weight: str) -> float:
    try:
        return float(weight) if weight else 1.0
    except ValueError:
        return 0.0
