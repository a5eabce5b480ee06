"""Times at which schedules rest: a pause, which lasts until it is ended, or a maintenance window.

What is due in one is skipped, what runs already goes on, and what people start by hand runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from chalicelib.domain.runs import SkipReason
from chalicelib.domain.skip_words import reason_with
from chalicelib.domain.tasks import PLATFORM_TENANT

#: The scope that is every tenant and the platform's own tasks; no tenant id has this sign.
EVERYTHING = "*"
#: The end of what has none yet.
FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)


class Kind(StrEnum):
    PAUSE = "pause"
    MAINTENANCE = "maintenance"


def scopes_over(tenant_id: str | None) -> tuple[str, str]:
    """The scopes that a tenant's tasks are in; None is the platform's own tasks."""
    return (EVERYTHING, tenant_id or PLATFORM_TENANT)


@dataclass(frozen=True)
class Hold:
    """One such time, from `starts_at` (inclusive) to `ends_at` (exclusive)."""

    id: int
    scope: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    reason: str

    def covers(self, instant: datetime) -> bool:
        return self.starts_at <= instant < self.ends_at

    @property
    def skip_reason(self) -> str:
        """As it stands in the row of what was skipped for it."""
        if self.kind == Kind.PAUSE:
            return reason_with(SkipReason.PAUSED, self.reason)
        return reason_with(SkipReason.MAINTENANCE, f"#{self.id} {self.reason}")


def covering(holds: Iterable[Hold], *instants: datetime) -> Hold | None:
    """The first that covers one of these instants."""
    return next((hold for hold in holds if any(map(hold.covers, instants))), None)
