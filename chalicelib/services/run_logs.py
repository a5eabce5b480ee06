"""Logs of runs: reading them while they grow, cancelling, running again."""

from __future__ import annotations

import uuid
from typing import Any

from chalicelib.domain.access import Principal
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.runs import FINAL, Status, Trigger
from chalicelib.domain.script_errors import error_line
from chalicelib.domain.skip_words import words_of
from chalicelib.domain.text import Language, Text
from chalicelib.repositories import deliveries, log_views, logs, outputs, tasks
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.log_views import LogFilter
from chalicelib.repositories.logs import NewAttempt
from chalicelib.services import sending
from chalicelib.services.attempts import lock_both
from chalicelib.services.ending import End, end
from chalicelib.services.holds import warning
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from chalicelib.services.tasks import find as find_task
from chalicelib.services.test_reports import report


def list_logs(
    platform: Platform,
    principal: Principal,
    wanted: LogFilter,
    page: Page,
    language: Language = "zh",
) -> dict[str, Any]:
    """The attempts of a task, newest first, each with its deliveries."""
    with platform.database.transaction() as tx:
        if wanted.task_id is not None:
            find_task(tx, principal, wanted.task_id)
        found = log_views.page(tx, wanted, offset=page.offset, limit=page.size)
        receipts = deliveries.of_logs(tx, [log["id"] for log in found])
        items = [{**_worded(log, language), "deliveries": receipts[log["id"]]} for log in found]
        return page.answer(items, log_views.count(tx, wanted))


def _worded(log: dict[str, Any], language: Language) -> dict[str, Any]:
    """With why it was skipped in words, and the script's line that failed."""
    reason = log["skip_reason"]
    text = words_of(reason).in_(language) if reason else None
    return {**log, "skip_text": text, "error_line": error_line(log["error"])}


def get_log(
    platform: Platform, principal: Principal, log_id: int, language: Language = "zh"
) -> dict[str, Any]:
    """One attempt, with its output so far, its deliveries, and what a test run shows."""
    with platform.database.transaction() as tx:
        found = _view(tx, principal, log_id)
        if found["status"] == Status.RUNNING:
            found["output"] = outputs.text(tx, log_id)
        found["deliveries"] = deliveries.of_logs(tx, [log_id])[log_id]
        is_test = found["trigger_type"] == Trigger.TEST
        shown = report(tx, found, language) if is_test else {}
        return {**_worded(found, language), **shown}


def get_output(platform: Platform, principal: Principal, log_id: int, after: int) -> dict[str, Any]:
    """What was printed behind the first `after` characters; `next_offset` is the next `after`."""
    with platform.database.transaction() as tx:
        found = _view(tx, principal, log_id)
        running = found["status"] == Status.RUNNING
        whole: str = outputs.text(tx, log_id) if running else found["output"] or ""
    return {
        "output": whole[after:],
        "next_offset": max(after, len(whole)),
        "status": found["status"],
        "finished": found["status"] in FINAL,
    }


def _view(tx: Transaction, principal: Principal, log_id: int) -> dict[str, Any]:
    found = log_views.get(tx, log_id, principal.tenant_id)
    if found is None:
        raise _no_log(log_id)
    return found


def _no_log(log_id: int) -> NotFound:
    return NotFound(Text(f"日志 {log_id} 不存在", f"log {log_id} does not exist"))


def cancel(
    platform: Platform, principal: Principal, log_id: int, language: Language = "zh"
) -> dict[str, Any]:
    """Cancel what waits at once; ask what runs to stop, which it learns within 10 s."""
    now = platform.now()
    with platform.database.transaction() as tx:
        if logs.get(tx, log_id, principal.tenant_id) is None:
            raise _no_log(log_id)
        found = lock_both(tx, log_id)
        if found is None:
            raise _no_log(log_id)
        attempt, task = found
        if attempt.status in FINAL:
            raise Conflict(
                Text(
                    f"该次执行已结束({attempt.status})", f"it has ended already ({attempt.status})"
                )
            )
        logs.request_cancel(tx, log_id, now)
        if attempt.status == Status.QUEUED:
            end(tx, attempt, task, End(Status.CANCELLED, "cancelled"), now)
    return get_log(platform, principal, log_id, language)


def rerun(
    platform: Platform, principal: Principal, log_id: int, language: Language = "zh"
) -> dict[str, Any]:
    """Run again with the same parameters: the task as it is now, or the same test."""
    now = platform.now()
    with platform.database.transaction() as tx:
        attempt = logs.get(tx, log_id, principal.tenant_id)
        if attempt is None:
            raise _no_log(log_id)
        if attempt.task_id is not None and tasks.get(tx, attempt.task_id) is None:
            raise Conflict(Text("任务已删除,无法重跑", "its task is deleted; it cannot run again"))
        is_test = attempt.trigger_type == Trigger.TEST
        again = NewAttempt(
            trace_id=f"{'test' if is_test else 'manual'}-{uuid.uuid4().hex}",
            task_id=attempt.task_id,
            tenant_id=attempt.tenant_id,
            task_name=attempt.task_name,
            due_at=now,
            trigger_type=Trigger.TEST if is_test else Trigger.MANUAL,
            input_params=attempt.input_params,
            spec=attempt.spec,
        )
        new_id = logs.add(tx, again, now)
        warned = {} if is_test else warning(tx, attempt.tenant_id, now, language)
    sending.send_these(platform, [new_id])
    return {"log_id": new_id, "trace_id": again.trace_id, **warned}
