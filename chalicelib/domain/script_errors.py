"""Where in a script an error is, as its traceback says."""

from __future__ import annotations

import re

# The sandbox calls the script so; a group of errors puts bars before its members' lines.
_LINE = re.compile(r'^[ |+]*File "script\.py", line (\d{1,9})', re.MULTILINE)


def error_line(error: str | None) -> int | None:
    """The line of the script where its last error was raised; None if it does not say."""
    lines = _LINE.findall(error or "")
    return int(lines[-1]) if lines else None
