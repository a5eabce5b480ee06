"""`/api/pause`, `/api/resume` and `/api/maintenance-windows`: when schedules rest."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.domain.access import Role
from chalicelib.routes.answers import created, no_content
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import holds, maintenance

routes = Routes(__name__)


@routes.get("/api/pause")
def list_pauses(call: Call) -> Any:
    return holds.list_pauses(call.platform, call.principal, call.tenant(), call.page())


@routes.post("/api/pause", Role.operator)
def pause(call: Call) -> Any:
    """`{"tenant_id", "reason"}`; no tenant is the key's own, or for the platform all."""
    return holds.pause(call.platform, call.principal, call.optional_body())


@routes.post("/api/resume", Role.operator)
def resume(call: Call) -> Any:
    return holds.resume(call.platform, call.principal, call.optional_body())


@routes.get("/api/maintenance-windows")
def list_maintenance_windows(call: Call) -> Any:
    with_past = call.flag("with_past") or False
    return maintenance.list_windows(
        call.platform, call.principal, call.tenant(), with_past, call.page()
    )


@routes.post("/api/maintenance-windows", Role.editor)
def create_maintenance_window(call: Call) -> Response:
    return created(maintenance.create_window(call.platform, call.principal, call.body()))


@routes.put("/api/maintenance-windows/{window_id}", Role.editor)
def update_maintenance_window(call: Call, window_id: int) -> Any:
    return maintenance.update_window(call.platform, call.principal, window_id, call.body())


@routes.delete("/api/maintenance-windows/{window_id}", Role.editor)
def delete_maintenance_window(call: Call, window_id: int) -> Response:
    maintenance.delete_window(call.platform, call.principal, window_id)
    return no_content()
