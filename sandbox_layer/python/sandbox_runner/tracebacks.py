"""Tracebacks as an author reads them: the script's own lines, and nothing of ours."""

from __future__ import annotations

import traceback
from typing import Any

#: What tracebacks call the script.
SCRIPT = "script.py"
#: Characters of a traceback that are worth keeping; its end says most.
_KEPT = 1 << 15


def describe(error: BaseException) -> str:
    """A traceback that shows the script's own lines alone."""
    report = traceback.TracebackException.from_exception(error, compact=True)
    reports = _with_all_others(report)
    for one in reports:
        own = [frame for frame in one.stack if _is_own(frame.filename)]
        one.stack = traceback.StackSummary.from_list(own)
    # From the innermost outwards, as a context may go with the one that it came from.
    for one in reversed(reports):
        if one.__context__ is not None and one.__cause__ is None and not _concerns(one.__context__):
            one.__context__ = None
    text = "".join(report.format()).rstrip("\n")
    return text if len(text) <= _KEPT else f"…{text[-_KEPT:]}"


def _is_own(filename: str) -> bool:
    # What a script gives to `exec` is its own too.
    return filename == SCRIPT or (filename.startswith("<") and not filename.startswith("<frozen"))


def _concerns(report: traceback.TracebackException) -> bool:
    """Whether it passed through the script; a library that retries has its own affairs."""
    return bool(report.stack) or report.__context__ is not None or report.__cause__ is not None


def _with_all_others(report: traceback.TracebackException) -> list[traceback.TracebackException]:
    """It, its causes, contexts and groups, outer ones first; a loop is walked once."""
    found = {id(report): report}
    waiting = [report]
    while waiting:
        one = waiting.pop()
        group: Any = getattr(one, "exceptions", None) or []
        for other in (one.__cause__, one.__context__, *group):
            if other is not None and id(other) not in found:
                found[id(other)] = other
                waiting.append(other)
    return list(found.values())
