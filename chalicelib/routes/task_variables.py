"""`/api/scheduled-tasks/{task_id}/vars`: what a task's scripts keep from run to run."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.domain.access import Role
from chalicelib.routes.answers import no_content
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import variables

routes = Routes(__name__)


@routes.get("/api/scheduled-tasks/{task_id}/vars")
def list_vars(call: Call, task_id: int) -> Any:
    search = call.text("search")
    return variables.list_vars(call.platform, call.principal, task_id, search, call.page())


@routes.put("/api/scheduled-tasks/{task_id}/vars/{key}", Role.editor)
def put_var(call: Call, task_id: int, key: str) -> Any:
    """`{"value": …}`; the key is new, or gets another value."""
    return variables.put_var(call.platform, call.principal, task_id, key, call.body())


@routes.delete("/api/scheduled-tasks/{task_id}/vars/{key}", Role.editor)
def delete_var(call: Call, task_id: int, key: str) -> Response:
    variables.delete_var(call.platform, call.principal, task_id, key)
    return no_content()
