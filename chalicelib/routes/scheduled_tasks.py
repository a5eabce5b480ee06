"""`/api/scheduled-tasks`."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.domain.access import Role
from chalicelib.domain.errors import FieldError, Invalid
from chalicelib.domain.tasks import Params, Task
from chalicelib.domain.text import Language, Text
from chalicelib.domain.validation import read_field
from chalicelib.repositories.log_views import LogFilter
from chalicelib.repositories.tasks import TaskFilter
from chalicelib.routes.answers import accepted, created, no_content, text
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import (
    backfilling,
    run_logs,
    schedule_previews,
    script_tests,
    sdk_docs,
    tasks,
)

routes = Routes(__name__)


def _shown(call: Call, task: Task) -> dict[str, Any]:
    return tasks.shown(call.platform, task)


@routes.get("/api/scheduled-tasks")
def list_tasks(call: Call) -> Any:
    wanted = TaskFilter(
        tenant_id=call.tenant(),
        search=call.text("search"),
        is_enabled=call.flag("is_enabled"),
        schedule_type=call.text("schedule_type"),
        execution_type=call.text("execution_type"),
        last_run_status=call.text("last_run_status"),
    )
    return tasks.list_tasks(call.platform, wanted, call.page())


@routes.post("/api/scheduled-tasks", Role.editor)
def create_task(call: Call) -> Response:
    return created(_shown(call, tasks.create_task(call.platform, call.principal, call.body())))


# Before the routes of one task, as API Gateway and the local server prefer the literal.
@routes.post("/api/scheduled-tasks/test-script", Role.editor)
def test_script(call: Call) -> Any:
    finished, answer = script_tests.test_script(
        call.platform, call.principal, call.body(), call.language
    )
    return answer if finished else accepted(answer)


@routes.post("/api/scheduled-tasks/preview-schedule")
def preview_schedule(call: Call) -> Any:
    return schedule_previews.preview_schedule(
        call.platform, call.principal, call.body(), call.language
    )


@routes.get("/api/scheduled-tasks/sdk-docs")
def get_sdk_docs(call: Call) -> Any:
    """JSON, or Markdown by `?format=markdown` or `Accept`; `?lang=` goes before the header."""
    languages: tuple[Language, ...] = ("zh", "en")
    language = call.choice("lang", languages) or call.language
    wished = call.choice("format", ("json", "markdown"))
    if wished == "markdown" or (wished is None and call.wants("text/markdown")):
        return text(sdk_docs.markdown(language), "text/markdown")
    return sdk_docs.docs(language)


@routes.get("/api/scheduled-tasks/{task_id}")
def get_task(call: Call, task_id: int) -> Any:
    return _shown(call, tasks.get_task(call.platform, call.principal, task_id))


@routes.put("/api/scheduled-tasks/{task_id}", Role.editor)
def update_task(call: Call, task_id: int) -> Any:
    return _shown(call, tasks.update_task(call.platform, call.principal, task_id, call.body()))


@routes.delete("/api/scheduled-tasks/{task_id}", Role.editor)
def delete_task(call: Call, task_id: int) -> Response:
    tasks.delete_task(call.platform, call.principal, task_id)
    return no_content()


@routes.post("/api/scheduled-tasks/{task_id}/toggle", Role.operator)
def toggle_task(call: Call, task_id: int) -> Any:
    """An empty body flips the switch; `{"is_enabled": …}` sets it."""
    wished = call.optional_body().get("is_enabled")
    if wished is not None and not isinstance(wished, bool):
        raise Invalid(FieldError("is_enabled", Text("须为 true 或 false", "must be true or false")))
    return _shown(call, tasks.toggle_task(call.platform, call.principal, task_id, wished))


@routes.post("/api/scheduled-tasks/{task_id}/run", Role.operator)
def run_task(call: Call, task_id: int) -> Response:
    """`{"input_params": {…}}` lays parameters over those of the task, for this run alone."""
    params = read_field(Params, "input_params", call.optional_body().get("input_params", {}))
    return accepted(
        tasks.run_task(call.platform, call.principal, task_id, params or None, call.language)
    )


@routes.post("/api/scheduled-tasks/{task_id}/backfill", Role.operator)
def backfill(call: Call, task_id: int) -> Any:
    """`{"from", "to", "dry_run"}`: the occurrences of a time that is past, one after the other."""
    started, answer = backfilling.backfill(
        call.platform, call.principal, task_id, call.body(), call.language
    )
    return accepted(answer) if started else answer


@routes.post("/api/scheduled-tasks/{task_id}/backfill/cancel", Role.operator)
def cancel_backfill(call: Call, task_id: int) -> Any:
    return backfilling.cancel_rest(call.platform, call.principal, task_id)


@routes.get("/api/scheduled-tasks/{task_id}/logs")
def list_task_logs(call: Call, task_id: int) -> Any:
    wanted = LogFilter(task_id=task_id, status=call.text("status"), trace_id=call.text("trace_id"))
    return run_logs.list_logs(call.platform, call.principal, wanted, call.page(), call.language)
