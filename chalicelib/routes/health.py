"""`/api/health`: open to all, and tells no more than a load balancer needs."""

from __future__ import annotations

from typing import Any

from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services.health import health

routes = Routes(__name__)


@routes.get("/api/health", role=None)
def get_health(call: Call) -> Any:
    return health(call.platform)
