"""`/api/scheduled-tasks/secrets`: names and descriptions; values come in and never go out."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.domain.access import Role
from chalicelib.routes.answers import created, no_content
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import secrets

routes = Routes(__name__)


@routes.get("/api/scheduled-tasks/secrets")
def list_secrets(call: Call) -> Any:
    return secrets.list_secrets(call.platform, call.tenant(), call.page())


@routes.post("/api/scheduled-tasks/secrets", Role.editor)
def create_secret(call: Call) -> Response:
    return created(secrets.create_secret(call.platform, call.principal, call.body()))


@routes.put("/api/scheduled-tasks/secrets/{secret_id}", Role.editor)
def update_secret(call: Call, secret_id: int) -> Any:
    return secrets.update_secret(call.platform, call.principal, secret_id, call.body())


@routes.delete("/api/scheduled-tasks/secrets/{secret_id}", Role.editor)
def delete_secret(call: Call, secret_id: int) -> Response:
    secrets.delete_secret(call.platform, call.principal, secret_id)
    return no_content()
