"""Tracebacks as an author reads them: the script's own lines, and nothing of ours."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

#: What tracebacks call the script.
SCRIPT = "script.py"
#: Characters of a traceback that are worth keeping; its end says most.
_KEPT = 1 << 15
_OURS = str(Path(__file__).parent)
#: What the script imports is run by these, and its lines are not ours.
_IMPORTERS = (f"{_OURS}/imports.py", f"{_OURS}/in_memory.py")
#: The script is run by this, and whoever came before is nobody's business.
_RUNNER = f"{_OURS}/child.py"


def prepare() -> None:
    """Have tracebacks that scripts print, log or format be free of us; once per process.

    All of `traceback`, and so `logging` and `asyncio`, take their frames through the one method
    that is changed here (CPython's Lib/traceback.py, 3.11 to 3.13). What the interpreter itself
    prints, it is made to print with `traceback` too.
    """
    summary: Any = traceback.StackSummary
    ordinary = summary._extract_from_extended_frame_gen.__func__

    def extract(cls: Any, /, frames: Any, **options: Any) -> Any:
        # Here and not in a generator: `walk_stack` counts how deep it is asked from.
        return ordinary(cls, iter(_without_ours(list(frames))), **options)

    summary._extract_from_extended_frame_gen = classmethod(extract)
    sys.excepthook = sys.__excepthook__ = _tell
    sys.unraisablehook = sys.__unraisablehook__ = _tell_ignored


def _without_ours(frames: list[Any]) -> list[Any]:
    """Frames as `traceback` has them, but for ours and what these called that is no script's."""
    is_stack = len(frames) > 1 and frames[0][0].f_back is frames[1][0]
    # A stack comes from its inner end, a traceback from its outer one.
    ordered = frames[::-1] if is_stack else frames
    files = [frame.f_code.co_filename for frame, _ in ordered]
    start = next((at + 1 for at in range(len(files) - 1, -1, -1) if files[at] == _RUNNER), 0)
    kept, is_hidden = [], False
    for entry, file in zip(ordered[start:], files[start:], strict=True):
        if file.startswith(_OURS):
            is_hidden = file not in _IMPORTERS
        elif not is_hidden or _is_own(file):
            is_hidden = False
            kept.append(entry)
    return kept[::-1] if is_stack else kept


def _tell(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    sys.stderr.write("".join(traceback.format_exception(kind, error, trace)))


def _tell_ignored(args: Any) -> None:
    """Stands in for `sys.unraisablehook`: an error in `__del__`, and such."""
    words = args.err_msg or "Exception ignored in"
    where = "" if args.object is None else f": {args.object!r}"
    error = args.exc_value or args.exc_type()
    sys.stderr.write(f"{words}{where}\n{describe(error)}\n")


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
