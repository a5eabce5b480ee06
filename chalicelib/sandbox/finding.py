"""Where texts lie in a text; quick enough for one that a hostile author made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

#: From the first character to the one behind the last.
Span = tuple[int, int]


def spans(text: str, forms: Iterable[str], known: Iterable[Span] = ()) -> list[Span]:
    """All places of `forms`, and those that are `known`, in order; what meets is one."""
    found = sorted(span for span in known if span[0] < span[1])
    found += [span for form in forms for span in _places(text, form)]
    merged: list[Span] = []
    for first, last in sorted(found):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _places(text: str, form: str) -> Iterator[Span]:
    first = text.find(form)
    while first >= 0:
        last = first + len(form)
        # The farthest that meets this one: between the two all is covered, whatever else is there.
        while (next_one := text.rfind(form, last - len(form) + 1, last + len(form))) >= 0:
            last = next_one + len(form)
        yield first, last
        first = text.find(form, last)


def beginning(text: str, form: str, least: int = 1) -> int:
    """Where the end of `text` begins that is the longest beginning of `form`, but not all of it,
    of at least so many characters; the length of `text` if there is none.

    By the failure function of Knuth, Morris and Pratt (SIAM J. Comput. 6 (1977), 323-350), so
    that a text of one letter takes no longer than any other.
    """
    tail = text[max(0, len(text) - len(form) + 1) :]
    # Most texts end otherwise: then there is nothing to count.
    if not tail or form[0] not in tail:
        return len(text)
    borders = _borders(form[: len(tail)])
    size = 0
    for char in tail:
        while size and form[size] != char:
            size = borders[size - 1]
        if form[size] == char:
            size += 1
    return len(text) - size if size >= least else len(text)


def _borders(form: str) -> list[int]:
    """For each beginning of `form`, the longest that it also ends with, but not all of it."""
    borders = [0]
    for char in form[1:]:
        size = borders[-1]
        while size and form[size] != char:
            size = borders[size - 1]
        borders.append(size + 1 if form[size] == char else 0)
    return borders
