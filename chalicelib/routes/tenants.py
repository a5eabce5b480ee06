"""`/api/tenants`, and what the platform keeps for each."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.domain.access import Role
from chalicelib.repositories.tenants import TenantFilter
from chalicelib.routes.answers import created, no_content
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import tenant_configs, tenants

routes = Routes(__name__)


@routes.get("/api/tenants")
def list_tenants(call: Call) -> Any:
    wanted = TenantFilter(search=call.text("search"), is_enabled=call.flag("is_enabled"))
    return tenants.list_tenants(call.platform, call.principal, wanted, call.page())


@routes.post("/api/tenants", Role.admin)
def create_tenant(call: Call) -> Response:
    return created(tenants.create_tenant(call.platform, call.principal, call.body()))


@routes.get("/api/tenants/{tenant_id}")
def get_tenant(call: Call, tenant_id: str) -> Any:
    return tenants.get_tenant(call.platform, call.principal, tenant_id)


@routes.put("/api/tenants/{tenant_id}", Role.admin)
def update_tenant(call: Call, tenant_id: str) -> Any:
    return tenants.update_tenant(call.platform, call.principal, tenant_id, call.body())


@routes.delete("/api/tenants/{tenant_id}", Role.admin)
def delete_tenant(call: Call, tenant_id: str) -> Response:
    tenants.delete_tenant(call.platform, call.principal, tenant_id)
    return no_content()


@routes.get("/api/tenants/{tenant_id}/configs")
def list_configs(call: Call, tenant_id: str) -> Any:
    app_code = call.text("app_code")
    return tenant_configs.list_configs(
        call.platform, call.principal, tenant_id, app_code, call.page()
    )


@routes.put("/api/tenants/{tenant_id}/configs/{app_code}/{key}", Role.editor)
def put_config(call: Call, tenant_id: str, app_code: str, key: str) -> Any:
    """`{"value": …}`; the config is new, or gets another value."""
    name = (tenant_id, app_code, key)
    return tenant_configs.put_config(call.platform, call.principal, name, call.body())


@routes.delete("/api/tenants/{tenant_id}/configs/{app_code}/{key}", Role.editor)
def delete_config(call: Call, tenant_id: str, app_code: str, key: str) -> Response:
    tenant_configs.delete_config(call.platform, call.principal, (tenant_id, app_code, key))
    return no_content()
