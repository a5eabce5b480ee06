"""Why an occurrence did not run, in words; what is stored is `reason`, `reason: what`, or
`missed, as all before it since …`."""

from __future__ import annotations

from chalicelib.domain.runs import SkipReason
from chalicelib.domain.text import Text

_WORDS = {
    SkipReason.OVERLAP: Text(
        "同一任务或互斥键的上一次执行尚未结束",
        "a run of the same task or concurrency key was still going on",
    ),
    SkipReason.MISSED: Text(
        "平台当时未运行,按任务的错过策略不再补跑",
        "the platform was down then, and the task's missed_policy does not want it",
    ),
    SkipReason.RESCHEDULED: Text(
        "调度已更改或任务已停用", "the schedule was changed, or the task switched off"
    ),
    SkipReason.DELETED: Text("任务已删除", "the task was deleted"),
    SkipReason.TENANT_DISABLED: Text("租户已停用", "the tenant is disabled"),
    SkipReason.PAUSED: Text("调度暂停中", "schedules paused"),
    SkipReason.MAINTENANCE: Text("处于维护窗口", "in a maintenance window"),
}


def reason_with(reason: SkipReason, what: str) -> str:
    """A reason as it is stored, with what it was in particular; at most 200 characters."""
    return f"{reason}: {what}"[:200] if what else str(reason)


def kind_of(skip_reason: str) -> str:
    """The reason alone, without what it was in particular."""
    return skip_reason.partition(":")[0].partition(",")[0]


def words_of(skip_reason: str) -> Text:
    """A stored reason in words; one that is not known stands for itself."""
    kind = kind_of(skip_reason)
    what = skip_reason[len(kind) :].lstrip(":, ")
    if kind not in _WORDS:  # StrEnum takes text in `in` from 3.12 on
        return Text(skip_reason, skip_reason)
    words = _WORDS[SkipReason(kind)]
    if kind == SkipReason.MISSED and what:
        since = what.rpartition(" ")[2]
        return Text(
            f"{words.zh};自 {since} 起的也是", f"{words.en}; nor all before it since {since}"
        )
    return Text(f"{words.zh}:{what}", f"{words.en}: {what}") if what else words
