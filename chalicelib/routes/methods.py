"""Methods that a path does not have: said to be so, on every path alike.

API Gateway picks the resource by path alone, a literal before `{task_id}`, and answers a method
that this resource lacks with 403 "Missing Authentication Token" (its developer guide, "Gateway
response types"), which leads people to look for their key. So every path has every method.
"""

from __future__ import annotations

from collections.abc import Callable

from chalice.app import Chalice, Response

from chalicelib.domain.errors import MethodNotAllowed
from chalicelib.routes.http import refusal

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
NAME = "method_not_allowed"


def refuse_other_methods(app: Chalice) -> None:
    """To be called once all resources are registered."""
    for path, served in list(app.routes.items()):
        others = [method for method in _METHODS if method not in served]
        register = app.route(path, methods=others, content_types=["*/*"], name=NAME)
        register(_refusing(app, MethodNotAllowed(tuple(sorted(served)))))


def _refusing(app: Chalice, error: MethodNotAllowed) -> Callable[..., Response]:
    def refuse(**path_params: str) -> Response:
        assert app.current_request is not None  # there is one while it is answered
        return refusal(app.current_request, error)

    return refuse
