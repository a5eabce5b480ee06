"""From what ended a run to its outcome, in words that say what to change."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text
from chalicelib.sandbox.conversation import Ending
from chalicelib.sandbox.outcome import Outcome, cancelled, failed, succeeded
from chalicelib.sandbox.output import scrub
from chalicelib.sandbox.results import read_result

#: What a child may say about itself; the rest the supervisor finds out.
_CLAIMS = frozenset({"script", "memory", "result", "crash"})
_FORGED = Text(
    "脚本破坏了与平台的通信,运行已终止",
    "The script broke the channel to the platform and was stopped",
)


def timed_out(seconds: float, duration_ms: int) -> Outcome:
    text = Text(
        f"运行超过 {seconds:g} 秒的时限,已被终止;请缩短脚本或调大 timeout_seconds",
        f"Stopped after the limit of {seconds:g} s; shorten the script or raise timeout_seconds",
    )
    return failed("timeout", text, duration_ms)


def _done(frame: Mapping[str, Any], duration_ms: int) -> Outcome:
    match frame:
        case {"ok": True, "result": str(text)}:
            try:
                return succeeded(read_result(text), duration_ms)
            except Wrong as wrong:
                return failed("result", wrong.text, duration_ms)
        case {"ok": False, "kind": str(kind), "error": str(error)} if kind in _CLAIMS:
            return failed(kind, scrub(error), duration_ms)
        case _:
            return failed("crash", _FORGED, duration_ms)


def _signalled(number: int, duration_ms: int) -> Outcome:
    name = signal.Signals(number).name
    hint = Text("", "")
    if number == signal.SIGKILL:
        hint = Text(",可能是内存不足", ", perhaps for lack of memory")
    text = Text(
        f"脚本进程被信号 {name} 终止{hint.zh}", f"The process was killed by {name}{hint.en}"
    )
    return failed("crash", text, duration_ms)


def _exited(notice: Mapping[str, Any], seconds: float, duration_ms: int) -> Outcome:
    match notice:
        case {"signal": signal.SIGXCPU}:
            return timed_out(seconds, duration_ms)
        case {"signal": int(number)} if number:
            return _signalled(number, duration_ms)
        case {"code": int(code)}:
            text = Text(
                f"脚本进程自行退出(退出码 {code}),没有交回结果;请不要使用 os._exit",
                f"The process left with code {code} and no result; do not use os._exit",
            )
            return failed("crash", text, duration_ms)
        case _:
            return failed("crash", _FORGED, duration_ms)


def judge(ending: Ending, timeout_seconds: float, duration_ms: int) -> Outcome:
    """The outcome of a run that ended so; times are the supervisor's."""
    match ending.how:
        case "done":
            return _done(ending.details, duration_ms)
        case "timeout":
            return timed_out(timeout_seconds, duration_ms)
        case "cancelled":
            return cancelled(duration_ms)
        case "exited":
            return _exited(ending.details, timeout_seconds, duration_ms)
        case "broken":
            return failed("crash", _FORGED, duration_ms)
        case "unlocked":
            names = ", ".join(sorted(ending.details))
            text = Text(
                f"沙箱缺少必需的防护({names}),脚本未运行;请联系管理员",
                f"The sandbox lacks protection it needs ({names}); the script did not run",
            )
            return failed("crash", text, duration_ms)
