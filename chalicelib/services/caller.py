"""Whose script asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """A running attempt, as its row says and not as the script does.

    `task_id` is None for a test run of no task; `tenant_id` None is the platform itself.
    """

    log_id: int
    task_id: int | None
    tenant_id: str | None
    is_test: bool
