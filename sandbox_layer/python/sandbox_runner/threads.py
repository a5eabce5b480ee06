"""Threads of a script: their errors are told as the script's, and so is that there are no more."""

from __future__ import annotations

import sys
import threading
from typing import Any

from sandbox_runner.tracebacks import describe

_NO_MORE = (
    "不能再启动线程:沙箱限制线程数,有的环境不支持线程;请减少线程(例如 max_workers=4)或改为顺序执行"
    " / can't start new thread: the sandbox has few, and none on some machines; use fewer"
    " (such as max_workers=4) or do one thing after the other"
)
#: How `threading` starts one, from Python 3.13 on and before.
_STARTERS = ("_start_joinable_thread", "_start_new_thread")


def prepare() -> None:
    """Put the words in; once per process."""
    threading.excepthook = _tell
    module: Any = threading
    name = next(name for name in _STARTERS if hasattr(module, name))
    setattr(module, name, _speaking(getattr(module, name)))


def _speaking(start: Any) -> Any:
    def started(*args: Any, **kwargs: Any) -> Any:
        try:
            return start(*args, **kwargs)
        except RuntimeError:
            raise RuntimeError(_NO_MORE) from None

    return started


def _tell(args: Any) -> None:
    if issubclass(args.exc_type, SystemExit):
        return
    error = args.exc_value or args.exc_type()
    name = args.thread.name if args.thread else "?"
    sys.stderr.write(f"Exception in thread {name}:\n{describe(error)}\n")
