"""`/api/master-keys`: for the platform's administrator."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.access import Role
from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.services import master_keys

routes = Routes(__name__)


@routes.post("/api/master-keys/rotate", Role.admin)
def rotate_master_keys(call: Call) -> Any:
    """Seal anew what is sealed under an older key; again until `left` is 0."""
    return master_keys.rotate(call.platform, call.principal)
