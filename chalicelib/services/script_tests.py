"""Test runs: a script of no task, run in the sandbox; what it would change is shown alone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from chalicelib.domain.access import Principal, tenant_of_new
from chalicelib.domain.errors import FieldError, Invalid
from chalicelib.domain.requirements import parse
from chalicelib.domain.runs import FINAL, Trigger
from chalicelib.domain.tasks import ChannelIds, Draft, Params, Requirements, Task, TenantId
from chalicelib.domain.text import Language, Text
from chalicelib.domain.validation import read
from chalicelib.domain.zone_names import check_zone
from chalicelib.repositories import log_views, logs, tasks
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.logs import NewAttempt
from chalicelib.services import run_logs, sending
from chalicelib.services.dependencies import made
from chalicelib.services.platform import Platform
from chalicelib.services.task_rules import channel_errors
from chalicelib.services.waiting import wait_for

#: API Gateway gives up after 29 s; a test that lasts longer than this is answered by its log's id.
TEST_WAIT = timedelta(seconds=20)
#: What is answered of the log.
_FIELDS = (
    *("status", "output", "result", "error", "error_kind", "error_line", "duration_ms"),
    *("skip_reason", "trace_id", "messages", "variables"),
)


def _zone(name: str) -> str:
    check_zone(name)
    return name


class ScriptTest(BaseModel):
    """What is to be tested; with a `task_id`, new code for that task, which knows its variables."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: TenantId | None = None
    task_id: Annotated[int, Field(ge=1, strict=True)] | None = None
    #: Its errors of syntax are told as those of a run, with their line.
    script_content: Draft
    script_deps: Requirements | None = None
    input_params: Params | None = None
    timezone: Annotated[str, StringConstraints(max_length=50), AfterValidator(_zone)] = (
        "Asia/Shanghai"
    )
    timeout_seconds: Annotated[int, Field(ge=1, le=840, strict=True)] = 300
    notify_channels: ChannelIds | None = None


def test_script(
    platform: Platform,
    principal: Principal,
    sent: Mapping[str, Any],
    language: Language = "zh",  # noqa: PT028 - no test of ours, though it is named so
) -> tuple[bool, dict[str, Any]]:
    """Run it and wait: (True, outcome with messages), or (False, ids) when it lasts longer."""
    wished = read(ScriptTest, sent)
    with platform.database.transaction() as tx:
        attempt = _planned(tx, platform, principal, wished)
    asked_at = platform.now()
    bundle = _bundle(platform, wished)
    now = platform.now()
    spec = {**(attempt.spec or {}), "deps_bundle": bundle}
    with platform.database.transaction() as tx:
        log_id = logs.add(tx, attempt._replace(due_at=now, spec=spec), now)
    sending.send_these(platform, [log_id])
    # Making a bundle has taken some of the time that an answer may take.
    left = max(TEST_WAIT - (now - asked_at), timedelta(0))
    seen = wait_for(platform, left, lambda tx: _seen(tx, log_id), _ended)
    if not _ended(seen):
        return False, {"log_id": log_id, "trace_id": attempt.trace_id}
    found = run_logs.get_log(platform, principal, log_id, language)
    return True, {"log_id": log_id, **{field: found[field] for field in _FIELDS}}


def _planned(
    tx: Transaction, platform: Platform, principal: Principal, wished: ScriptTest
) -> NewAttempt:
    task = _task_of(tx, principal, wished) if wished.task_id else None
    tenant_id = task.tenant_id if task else tenant_of_new(principal, wished.tenant_id)
    if errors := list(channel_errors(tx, tenant_id, wished.notify_channels or [])):
        raise Invalid(*errors)
    return NewAttempt(
        trace_id=f"test-{uuid.uuid4().hex}",
        task_id=None,
        tenant_id=tenant_id,
        task_name=task.task_name if task else None,
        due_at=platform.now(),
        trigger_type=Trigger.TEST,
        spec=wished.model_dump(),
    )


def _task_of(tx: Transaction, principal: Principal, wished: ScriptTest) -> Task:
    """The task whose script is tested, if the caller may see it and means its tenant."""
    assert wished.task_id is not None
    task = tasks.get(tx, wished.task_id, principal.tenant_id)
    if task is None:
        gone = Text(f"任务 {wished.task_id} 不存在", f"task {wished.task_id} does not exist")
        raise Invalid(FieldError("task_id", gone))
    if "tenant_id" in wished.model_fields_set and wished.tenant_id != task.tenant_id:
        other = Text(
            "与该任务的租户不同;请去掉 tenant_id 或填写该任务的租户",
            "is not the task's; leave tenant_id out or give that of the task",
        )
        raise Invalid(FieldError("tenant_id", other))
    return task


def _bundle(platform: Platform, wished: ScriptTest) -> str | None:
    lines = parse(wished.script_deps)
    return made(platform, lines).deps.bundle if lines else None


def _seen(tx: Transaction, log_id: int) -> dict[str, Any]:
    return log_views.get(tx, log_id, None) or {}


def _ended(seen: dict[str, Any]) -> bool:
    return seen["status"] in FINAL
