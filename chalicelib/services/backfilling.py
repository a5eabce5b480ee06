"""Backfill: the past occurrences of a task, run again in order, each when the one before ended.

All get their rows at once and the first its message; the end of each run frees the next one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chalicelib.domain.access import Principal
from chalicelib.domain.backfills import LONGEST_AGO, MOST_RUNS, of_trace, trace_id
from chalicelib.domain.errors import Conflict, FieldError, Invalid, NotFound
from chalicelib.domain.runs import Status, Trigger
from chalicelib.domain.schedule import between
from chalicelib.domain.tasks import Flag, Task
from chalicelib.domain.text import Language, Text
from chalicelib.domain.validation import read
from chalicelib.repositories import backfills, logs, tasks
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.logs import NewAttempt
from chalicelib.services import sending
from chalicelib.services.holds import BACKFILL_WAITS, warning
from chalicelib.services.platform import Platform
from chalicelib.services.schedules import own_days, schedule_of


class BackfillSpec(BaseModel):
    """From when (inclusive) to when (exclusive); a dry run shows what would run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: AwareDatetime = Field(alias="from")
    end: AwareDatetime = Field(alias="to")
    dry_run: Flag = False


def backfill(
    platform: Platform,
    principal: Principal,
    task_id: int,
    sent: Mapping[str, Any],
    language: Language = "zh",
) -> tuple[bool, dict[str, Any]]:
    """(False, what would run), or (True, what will): the occurrences of the task as it is now."""
    wished = read(BackfillSpec, sent)
    now = platform.now()
    _check(wished, now)
    with platform.database.transaction() as tx:
        task = _find(tx, principal, task_id, lock=not wished.dry_run)
        instants = _instants(tx, task, wished)
        if wished.dry_run:
            return False, {**_told(instants), "instants": list(instants)}
        if not instants:
            raise Invalid(FieldError("from", _NOTHING))
        backfill_id, log_ids = _add(tx, task, instants, now)
        warned = warning(tx, task.tenant_id, now, language, BACKFILL_WAITS)
    sending.send_these(platform, log_ids[:1])
    named = {"backfill_id": backfill_id, "log_ids": log_ids}
    return True, {**_told(instants), **named, **warned}


def cancel_rest(platform: Platform, principal: Principal, task_id: int) -> dict[str, Any]:
    """Cancel what waits of a task's backfill; what runs goes on (`running`: its logs)."""
    with platform.database.transaction() as tx:
        task = _find(tx, principal, task_id, lock=True)
        alive = backfills.alive_of(tx, task.id)
        waiting = [row["id"] for row in alive if row["status"] == Status.QUEUED]
        cancelled = backfills.cancel(tx, waiting, platform.now())
    running = [row["id"] for row in alive if row["status"] == Status.RUNNING]
    return {"cancelled": cancelled, "running": running}


def _add(
    tx: Transaction, task: Task, instants: Sequence[datetime], now: datetime
) -> tuple[str, list[int]]:
    """The rows of a new backfill: its id, and theirs. The caller holds the task's row."""
    if backfills.alive_of(tx, task.id):
        raise Conflict(_GOES_ON, code="backfill_going_on")
    backfill_id = uuid.uuid4().hex[:16]
    rows = [_attempt(task, backfill_id, instant, now) for instant in instants]
    logs.plan(tx, rows, now)
    log_ids = backfills.ids_of(tx, task.id, backfill_id)
    backfills.wait(tx, log_ids[1:], of_trace(rows[0].trace_id), now)
    return backfill_id, log_ids


def _attempt(task: Task, backfill_id: str, instant: datetime, now: datetime) -> NewAttempt:
    return NewAttempt(
        trace_id=trace_id(task.id, backfill_id, instant),
        task_id=task.id,
        tenant_id=task.tenant_id,
        task_name=task.task_name,
        due_at=now,
        scheduled_for=instant,
        trigger_type=Trigger.BACKFILL,
    )


def _told(instants: Sequence[datetime]) -> dict[str, Any]:
    first, last = (instants[0], instants[-1]) if instants else (None, None)
    return {"count": len(instants), "first": first, "last": last}


def _instants(tx: Transaction, task: Task, wished: BackfillSpec) -> list[datetime]:
    schedule = schedule_of(task, own_days(tx, [task]))
    found = list(islice(between(schedule, wished.start, wished.end), MOST_RUNS + 1))
    if len(found) > MOST_RUNS:
        text = Text(
            f"超过 {MOST_RUNS} 次执行,请分段补跑;第 {MOST_RUNS} 次在 {found[-2]:%FT%TZ}",
            f"more than {MOST_RUNS} occurrences; go in steps: number {MOST_RUNS} is at"
            f" {found[-2]:%FT%TZ}",
        )
        raise Invalid(FieldError("to", text))
    return found


def _check(wished: BackfillSpec, now: datetime) -> None:
    if wished.start < now - LONGEST_AGO:
        text = Text("最早为十年前", "is at most ten years ago")
        raise Invalid(FieldError("from", text))
    if wished.end > now:
        text = Text(
            "不能晚于现在;之后的由调度执行", "is now at the latest; the schedule does the rest"
        )
        raise Invalid(FieldError("to", text))
    if wished.end <= wished.start:
        raise Invalid(FieldError("to", Text("须晚于 from", "must be later than from")))


_NOTHING = Text(
    "该时间范围内没有任何一次执行;请检查调度和时间",
    "nothing was due in this span; check the schedule and the times",
)
_GOES_ON = Text(
    "该任务的上一次补跑尚未结束;请等待,或取消其余部分(POST …/backfill/cancel)",
    "a backfill of this task is still going on; wait for it, or cancel the rest of it"
    " (POST …/backfill/cancel)",
)


def _find(tx: Transaction, principal: Principal, task_id: int, *, lock: bool) -> Task:
    task = tasks.get(tx, task_id, principal.tenant_id, lock=lock)
    if task is None:
        raise NotFound(Text(f"任务 {task_id} 不存在", f"task {task_id} does not exist"))
    return task
