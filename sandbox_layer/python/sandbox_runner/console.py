"""Where a script's words go: every print and every write is on its way at once."""

from __future__ import annotations

import builtins
import io
import time
from collections.abc import Callable
from typing import Any

from sandbox_runner.frames import Channel

#: Characters per frame; a frame stays far below the supervisor's cap.
_PIECE = 1 << 15


class Console(io.TextIOBase):
    """Stands in for stdout and stderr. Nothing waits in a buffer, so a killed script's last
    words are in its log."""

    encoding = "utf-8"

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        for start in range(0, len(text), _PIECE):
            self._channel.send({"t": "out", "text": text[start : start + _PIECE]})
        return len(text)


def printer(console: Console) -> Callable[..., None]:
    """A `print` that sends one frame per call, not one per word."""
    ordinary = builtins.print

    def print(*values: Any, sep: str | None = " ", end: str | None = "\n", **rest: Any) -> None:
        """打印输出。Print to the run's log; `sep`, `end` and `file` as in Python."""
        if rest.get("file") not in (None, console):
            ordinary(*values, sep=sep, end=end, **rest)
            return
        line = io.StringIO()
        ordinary(*values, sep=sep, end=end, file=line)
        console.write(line.getvalue())

    return print


def logger(console: Console) -> Callable[[Any], None]:
    """A `log` that puts the time, in the task's zone, before the message."""

    def log(message: Any) -> None:
        """记录日志。Write a line with the time of day to the run's log."""
        console.write(f"[{time.strftime('%H:%M:%S')}] {message}\n")

    return log
