"""Where a script's words go: every print and every write is on its way at once."""

from __future__ import annotations

import builtins
import codecs
import io
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from sandbox_runner.frames import Channel

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: Characters per frame; a frame stays far below the supervisor's cap.
_PIECE = 1 << 15


def say(channel: Channel, text: str) -> None:
    """Have `text` put into the run's log."""
    for start in range(0, len(text), _PIECE):
        channel.send({"t": "out", "text": text[start : start + _PIECE]})


class _Pipe(io.RawIOBase):
    """Takes bytes, as scripts may write these too; halves of characters wait for the rest."""

    def __init__(self, name: str) -> None:
        self.channel: Channel | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.name = name

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        view = memoryview(data)
        if self.channel is not None:
            say(self.channel, self._decoder.decode(view))
        return view.nbytes


class Console(io.TextIOWrapper):
    """Stands in for stdout and stderr. Nothing waits in a buffer, so a killed script's last
    words are in its log, and nothing that is printed is an error."""

    def __init__(self, name: str) -> None:
        self._pipe: Any = _Pipe(name)
        super().__init__(
            self._pipe, encoding="utf-8", errors="backslashreplace", write_through=True
        )

    def connect(self, channel: Channel) -> None:
        """From now on send what is written; a console may be made before its run."""
        self._pipe.channel = channel


def printer() -> Callable[..., None]:
    """A `print` that sends one frame per call, not one per word."""
    ordinary = builtins.print

    def print(
        *values: Any, sep: str | None = " ", end: str | None = "\n", file: Any = None,
        flush: bool = False,
    ) -> None:  # fmt: skip
        """打印到执行日志,立即可见;用法与 Python 的 `print` 相同。

        Print to the run's log, at once; as Python's own `print`.

        Example::

            print('上海', 12, sep=': ')
        """
        place = sys.stdout if file is None else file
        if not isinstance(place, Console):
            ordinary(*values, sep=sep, end=end, file=place, flush=flush)
            return
        line = io.StringIO()
        ordinary(*values, sep=sep, end=end, file=line)
        place.write(line.getvalue())

    return print


def logger(channel: Channel) -> Callable[[Any], None]:
    """A `log` that puts the time, in the task's zone, before the message."""

    def log(message: Any) -> None:
        """记录一行日志,行首是任务时区的时间。

        Write a line to the run's log, with the time of day in the task's zone.

        Example::

            log('任务开始执行')
        """
        say(channel, f"[{time.strftime('%H:%M:%S')}] {message}\n")

    return log


def leave(code: Any = None) -> NoReturn:
    """提前结束脚本。不带参数或为 0 时视为成功,`result` 照常推送;其他值视为失败。

    End the script early: without a code, or with 0, as a success whose `result` is sent;
    anything else is a failure, and its reason.

    Example::

        if not get_param('rows', []):
            exit()
    """
    raise SystemExit(code)


def no_input(prompt: object = "", /) -> NoReturn:
    """Stands in for `input`."""
    raise EOFError(
        "定时任务运行时没有人可以输入;请用 get_param 读取任务参数"
        " / nobody is there to answer input(); read the task's parameters with get_param"
    )
