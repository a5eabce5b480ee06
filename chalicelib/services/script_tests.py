"""Test runs: a script of no task, run in the sandbox; its messages are shown and not sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from chalicelib.domain.access import Principal, tenant_of_new
from chalicelib.domain.channels import Channel
from chalicelib.domain.errors import Invalid, Wrong
from chalicelib.domain.messages import render
from chalicelib.domain.requirements import parse
from chalicelib.domain.runs import FINAL, Status, Trigger
from chalicelib.domain.tasks import Params, Requirements, Script, TenantId
from chalicelib.domain.validation import read
from chalicelib.domain.zone_names import check_zone
from chalicelib.repositories import channels, log_views, logs
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.logs import NewAttempt
from chalicelib.services import sending
from chalicelib.services.dependencies import made
from chalicelib.services.platform import Platform
from chalicelib.services.task_rules import channel_errors
from chalicelib.services.waiting import wait_for

#: API Gateway gives up after 29 s; a test that lasts longer than this is answered by its log's id.
TEST_WAIT = timedelta(seconds=20)
TITLE = "测试运行"


def _zone(name: str) -> str:
    check_zone(name)
    return name


class ScriptTest(BaseModel):
    """What is to be tested."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: TenantId | None = None
    script_content: Script
    script_deps: Requirements | None = None
    input_params: Params | None = None
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    timeout_seconds: Annotated[int, Field(ge=1, le=840, strict=True)] = 300
    notify_channels: list[int] | None = None


def test_script(
    platform: Platform, principal: Principal, sent: Mapping[str, Any]
) -> tuple[bool, dict[str, Any]]:
    """Run it and wait: (True, outcome with messages), or (False, ids) when it lasts longer."""
    wished = read(ScriptTest, sent)
    tenant_id = tenant_of_new(principal, wished.tenant_id)
    with platform.database.transaction() as tx:
        if errors := list(channel_errors(tx, tenant_id, wished.notify_channels or [])):
            raise Invalid(*errors)
    asked_at = platform.now()
    bundle = _bundle(platform, wished)
    now = platform.now()
    attempt = NewAttempt(
        trace_id=f"test-{uuid.uuid4().hex}",
        task_id=None,
        tenant_id=tenant_id,
        task_name=TITLE,
        due_at=now,
        trigger_type=Trigger.TEST,
        spec={**wished.model_dump(), "deps_bundle": bundle},
    )
    with platform.database.transaction() as tx:
        log_id = logs.add(tx, attempt, now)
    sending.send_these(platform, [log_id])
    # Making a bundle has taken some of the time that an answer may take.
    left = max(TEST_WAIT - (now - asked_at), timedelta(0))
    seen = wait_for(platform, left, lambda tx: _seen(tx, log_id), _ended)
    if not _ended(seen):
        return False, {"log_id": log_id, "trace_id": attempt.trace_id}
    return True, {**_outcome(seen), "messages": _messages(platform, wished, seen)}


def _bundle(platform: Platform, wished: ScriptTest) -> str | None:
    lines = parse(wished.script_deps)
    return made(platform, lines).deps.bundle if lines else None


def _seen(tx: Transaction, log_id: int) -> dict[str, Any]:
    return log_views.get(tx, log_id, None) or {}


def _ended(seen: dict[str, Any]) -> bool:
    return seen["status"] in FINAL


def _outcome(seen: dict[str, Any]) -> dict[str, Any]:
    fields = ("status", "output", "result", "error", "error_kind", "duration_ms", "trace_id")
    return {"log_id": seen["id"], **{field: seen[field] for field in fields}}


def _messages(platform: Platform, test: ScriptTest, seen: dict[str, Any]) -> list[dict[str, Any]]:
    """Each message as it would go out."""
    if seen["status"] != Status.SUCCESS or seen["result"] is None:
        return []
    with platform.database.transaction() as tx:
        found = channels.among(tx, test.notify_channels or [])
    return [
        message
        for channel_id in test.notify_channels or []
        if (channel := found.get(channel_id))
        for message in _shown(channel, seen["result"])
    ]


def _shown(channel: Channel, result: Any) -> list[dict[str, Any]]:
    try:
        rendered = render(result, channel.channel_type, TITLE)
    except Wrong as error:
        return [{"channel_id": channel.id, "payload": None, "notes": [], "error": error.text.zh}]
    notes = [note.zh for note in rendered.notes]
    return [
        {"channel_id": channel.id, "payload": payload, "notes": notes, "error": None}
        for payload in rendered.payloads
    ]
