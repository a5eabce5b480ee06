"""`/api/api-keys`."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.domain.access import Role
from chalicelib.routes.answers import created, no_content
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import api_keys

routes = Routes(__name__)


@routes.get("/api/api-keys", Role.admin)
def list_keys(call: Call) -> Any:
    return api_keys.list_keys(call.platform, call.principal, call.page())


@routes.post("/api/api-keys", Role.admin)
def create_key(call: Call) -> Response:
    return created(api_keys.create_key(call.platform, call.principal, call.body()))


@routes.delete("/api/api-keys/{key_id}", Role.admin)
def revoke_key(call: Call, key_id: int) -> Response:
    api_keys.revoke_key(call.platform, call.principal, key_id)
    return no_content()
