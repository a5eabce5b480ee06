"""What a run is given and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.domain.text import Text

if TYPE_CHECKING:
    from chalicelib.sandbox.calls import Handler
    from chalicelib.sandbox.shelf import Shelved

#: Characters of an error that are kept.
_ERROR = 1 << 16


def in_both(text: Text) -> str:
    """A log has one column for an error and readers of two languages."""
    return f"{text.zh}\n{text.en}"


@dataclass(frozen=True)
class Script:
    """One script to run; times in seconds. `bundle`: the packages that it brings."""

    content: str
    params: Mapping[str, Any]
    timeout_seconds: float
    timezone: str
    task_id: int | None = None
    tenant_id: str | None = None
    trace_id: str = ""
    #: What this run may ask for besides what every script may: the supervisor's own handlers.
    calls: Mapping[str, Handler] = field(default_factory=dict)
    bundle: Shelved | None = None


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended; `error_kind` is one of the words of the broker protocol."""

    status: str
    error_kind: str | None = None
    error: str | None = None
    result: Any = None
    duration_ms: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def succeeded(result: Any, duration_ms: int) -> Outcome:
    return Outcome("success", result=result, duration_ms=duration_ms)


def failed(kind: str, error: str | Text, duration_ms: int) -> Outcome:
    words = in_both(error) if isinstance(error, Text) else error
    return Outcome("failed", kind, words[-_ERROR:], duration_ms=duration_ms)


def cancelled(duration_ms: int) -> Outcome:
    words = in_both(Text("运行已被取消", "The run was cancelled"))
    return Outcome("cancelled", "cancelled", words, duration_ms=duration_ms)
