"""What a run is held to, and what ended it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.sandbox.calls import Handler
from chalicelib.sandbox.quotas import Quotas


@dataclass(frozen=True)
class Ending:
    """What ended a run; `details` is the child's last frame or the zygote's notice."""

    how: Literal[
        "done", "exited", "timeout", "cancelled", "broken", "unlocked",
        "disk", "cpu", "calls", "http_bytes",
    ]  # fmt: skip
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Terms:
    """What a run is held to; `deadline` on the monotonic clock."""

    job: Mapping[str, Any]
    deadline: float
    cancelled: threading.Event
    required: frozenset[str]
    handlers: Mapping[str, Handler]
    quotas: Quotas
    #: Whose CPU time counts.
    pid: int
    #: Whether the script has written more than it may.
    is_over_quota: Callable[[], bool] = lambda: False
