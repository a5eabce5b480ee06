"""`/api/wecom-apps`: secrets come in and never go out."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.domain.access import Role
from chalicelib.routes.answers import created, no_content
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import wecom_apps

routes = Routes(__name__)


@routes.get("/api/wecom-apps")
def list_apps(call: Call) -> Any:
    return wecom_apps.list_apps(call.platform, call.tenant(), call.page())


@routes.post("/api/wecom-apps", Role.editor)
def create_app(call: Call) -> Response:
    return created(wecom_apps.create_app(call.platform, call.principal, call.body()).shown())


@routes.get("/api/wecom-apps/{app_id}")
def get_app(call: Call, app_id: int) -> Any:
    return wecom_apps.get_app(call.platform, call.principal, app_id).shown()


@routes.put("/api/wecom-apps/{app_id}", Role.editor)
def update_app(call: Call, app_id: int) -> Any:
    changed = wecom_apps.update_app(call.platform, call.principal, app_id, call.body())
    return changed.shown()


@routes.delete("/api/wecom-apps/{app_id}", Role.editor)
def delete_app(call: Call, app_id: int) -> Response:
    wecom_apps.delete_app(call.platform, call.principal, app_id)
    return no_content()


@routes.post("/api/wecom-apps/{app_id}/test", Role.operator)
def test_app(call: Call, app_id: int) -> Any:
    """Send a test message and answer WeCom's receipt."""
    return wecom_apps.test_app(call.platform, call.principal, app_id)
