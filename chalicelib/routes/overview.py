"""`/api/overview`: the ledger at a glance."""

from __future__ import annotations

from typing import Any

from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import overviews

routes = Routes(__name__)


@routes.get("/api/overview")
def get_overview(call: Call) -> Any:
    """`?from=…&to=…`, else the last 24 hours; a tenant's own, or for the platform any or all."""
    return overviews.overview(
        call.platform,
        call.tenant(),
        call.instant("from"),
        call.instant("to"),
        with_tenants=call.principal.is_platform,
    )
