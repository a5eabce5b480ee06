"""`/api/data-sources`."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.domain.access import Role
from chalicelib.routes.answers import created, no_content
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import data_sources

routes = Routes(__name__)


@routes.get("/api/data-sources", Role.admin)
def list_data_sources(call: Call) -> Any:
    tenant_id = call.text("tenant_id")
    return data_sources.list_data_sources(call.platform, call.principal, tenant_id, call.page())


@routes.post("/api/data-sources", Role.admin)
def create_data_source(call: Call) -> Response:
    made = data_sources.create_data_source(call.platform, call.principal, call.body())
    return created(made.shown())


@routes.get("/api/data-sources/{source_id}", Role.admin)
def get_data_source(call: Call, source_id: int) -> Any:
    return data_sources.get_data_source(call.platform, call.principal, source_id).shown()


@routes.put("/api/data-sources/{source_id}", Role.admin)
def update_data_source(call: Call, source_id: int) -> Any:
    changed = data_sources.update_data_source(call.platform, call.principal, source_id, call.body())
    return changed.shown()


@routes.delete("/api/data-sources/{source_id}", Role.admin)
def delete_data_source(call: Call, source_id: int) -> Response:
    data_sources.delete_data_source(call.platform, call.principal, source_id)
    return no_content()


@routes.post("/api/data-sources/{source_id}/test", Role.admin)
def test_data_source(call: Call, source_id: int) -> Any:
    """Log in, and answer what the account may do."""
    return data_sources.test_data_source(call.platform, call.principal, source_id, call.language)
