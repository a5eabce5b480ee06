"""From what ended a run to its outcome, in words that say what to change."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text
from chalicelib.sandbox.mask import Mask
from chalicelib.sandbox.outcome import Outcome, cancelled, failed, in_both, succeeded
from chalicelib.sandbox.quotas import Quotas
from chalicelib.sandbox.results import read_result
from chalicelib.sandbox.scrubbing import scrub
from chalicelib.sandbox.terms import Ending

#: What a child may say about itself; the rest the supervisor finds out.
_CLAIMS = frozenset({"script", "memory", "disk", "result", "crash"})
_MEMORY = Text(
    "脚本超出了内存限额;请分批处理数据,不要一次全部读入,或联系管理员调大限额",
    "The script needs more memory than it may have; process the data in parts instead of all at"
    " once, or ask the administrator for more",
)
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


def lacking(layers: Mapping[str, Any], duration_ms: int) -> Outcome:
    """No run: each of these layers is required, and says why it does not hold."""
    names = ", ".join(f"{name} ({said or 'missing'})" for name, said in sorted(layers.items()))
    text = Text(
        f"沙箱缺少必需的防护:{names}。脚本未运行;请联系管理员",
        f"The sandbox lacks protection that it needs: {names}. The script did not run;"
        " tell the administrator",
    )
    return failed("sandbox", text, duration_ms)


def overfull(duration_ms: int) -> Outcome:
    text = Text(
        "脚本在工作目录写入的内容或文件数超过限额,已被终止;请减少写入,或及时删除不用的文件",
        "Stopped: the script wrote more into its work folder, or more files, than it may;"
        " write less, or delete what is no longer needed",
    )
    return failed("disk", text, duration_ms)


def _used_up(how: str, quotas: Quotas) -> Text:
    megabytes = f"{quotas.http_bytes / 1e6:g} MB"
    texts = {
        "cpu": Text(
            f"脚本用掉了 {quotas.cpu_seconds:g} 秒 CPU 时间,已被终止;请减少计算量、先筛选数据,"
            "或拆成几个任务",
            f"Stopped after {quotas.cpu_seconds:g} s of CPU time; compute less, filter the data "
            "first, or split the task",
        ),
        "calls": Text(
            f"脚本调用平台函数(HTTP 请求等)超过 {quotas.calls} 次,已被终止;请合并请求、"
            "缓存结果,或拆成几个任务",
            f"Stopped after {quotas.calls} calls of the platform (HTTP requests and others); "
            "ask for more at once, keep what you got, or split the task",
        ),
        "http_bytes": Text(
            f"脚本的 HTTP 收发数据超过 {megabytes},已被终止;请只取需要的数据(分页、筛选),"
            "或拆成几个任务",
            f"Stopped after {megabytes} sent and received by HTTP; fetch only what is needed "
            "(pages, filters), or split the task",
        ),
    }
    return texts[how]


def _done(frame: Mapping[str, Any], duration_ms: int, mask: Mask) -> Outcome:
    match frame:
        case {"ok": True, "result": str(text)}:
            try:
                return succeeded(mask.json(read_result(text)), duration_ms)
            except Wrong as wrong:
                return failed("result", wrong.text, duration_ms)
        case {"ok": False, "kind": str(kind), "error": str(error)} if kind in _CLAIMS:
            hint = f"\n{in_both(_MEMORY)}" if kind == "memory" else ""
            return failed(kind, scrub(mask.error(error)) + hint, duration_ms)
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


def _exited(notice: Mapping[str, Any], duration_ms: int) -> Outcome:
    match notice:
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


def judge(ending: Ending, quotas: Quotas, duration_ms: int, mask: Mask) -> Outcome:
    """The outcome of a run that ended so, without its secrets; times are the supervisor's."""
    match ending.how:
        case "done":
            return _done(ending.details, duration_ms, mask)
        case "cancelled":
            return cancelled(duration_ms)
        case "exited":
            return _exited(ending.details, duration_ms)
        case "broken":
            return failed("crash", _FORGED, duration_ms)
        case "unlocked":
            return lacking(ending.details, duration_ms)
        case _:
            return _over_limit(ending.how, quotas, duration_ms)


def _over_limit(how: str, quotas: Quotas, duration_ms: int) -> Outcome:
    if how == "timeout":
        return timed_out(quotas.wall_seconds, duration_ms)
    if how == "disk":
        return overfull(duration_ms)
    return failed(how, _used_up(how, quotas), duration_ms)
