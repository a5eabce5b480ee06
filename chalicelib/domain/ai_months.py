"""The months that AI budgets are for."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from chalicelib.domain import local_time  # noqa: F401 - zones come from the pinned tzdata

#: That of the product document: a budget is fresh when a Chinese team's month begins.
BUDGET_ZONE = "Asia/Shanghai"


def month_of(instant: datetime) -> str:
    """The month that an instant is in, such as `2026-11`."""
    return f"{instant.astimezone(ZoneInfo(BUDGET_ZONE)):%Y-%m}"
