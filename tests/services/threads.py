"""Doing things at the same moment, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

from chalicelib.domain.errors import ZhundianError

#: A thread that is not at the line by then never comes.
_PATIENCE = 20.0


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each returned, or the answer that it was refused with; any other error is raised."""
    line = Barrier(len(works))
    results: list[Any] = [None] * len(works)
    errors: list[Exception] = []

    def run(number: int) -> None:
        line.wait(_PATIENCE)
        try:
            results[number] = works[number]()
        except ZhundianError as refusal:
            results[number] = refusal
        except Exception as error:
            errors.append(error)

    threads = [Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise ExceptionGroup("in threads", errors)
    return results
