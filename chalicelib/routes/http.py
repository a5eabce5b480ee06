"""What every route shares: who asks, what they may, and an answer whatever happens."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from chalice.app import Blueprint, Request, Response

from chalicelib import wiring
from chalicelib.domain.access import Role, require
from chalicelib.domain.errors import NotFound, ZhundianError
from chalicelib.domain.text import Language, Text, preferred_language
from chalicelib.routes import answers
from chalicelib.routes.call import Call
from chalicelib.services import api_keys

log = logging.getLogger(__name__)

View = Callable[..., Any]


class Routes(Blueprint):
    """A Blueprint whose views are given a Call, and whose errors become problem documents."""

    def get(self, path: str, role: Role | None = Role.viewer) -> Callable[[View], View]:
        return self._add(path, "GET", role)

    def post(self, path: str, role: Role | None) -> Callable[[View], View]:
        return self._add(path, "POST", role)

    def put(self, path: str, role: Role | None) -> Callable[[View], View]:
        return self._add(path, "PUT", role)

    def delete(self, path: str, role: Role | None) -> Callable[[View], View]:
        return self._add(path, "DELETE", role)

    def _add(self, path: str, method: str, role: Role | None) -> Callable[[View], View]:
        def register(view: View) -> View:
            @functools.wraps(view)
            def answer(**path_params: str) -> Response:
                return _answer(self.current_request, view, role, path_params)

            # Any content type: a body that is no JSON is told so in our own words.
            route = self.route(path, methods=[method], content_types=["*/*"], name=view.__name__)
            route(answer)
            return view

        return register


def _answer(
    request: Request, view: View, role: Role | None, path_params: Mapping[str, str]
) -> Response:
    request_id, language = _id_of(request), _language_of(request)
    try:
        platform = wiring.platform()
        principal = None
        if role is not None:
            principal = api_keys.authenticate(platform, request.headers.get("authorization"))
            require(principal, role)
        ids = {name: _id(value) for name, value in path_params.items()}
        answer = view(Call(request, platform, principal), **ids)
    except ZhundianError as error:
        return answers.problem(error, language, request_id)
    except Exception:
        log.exception("a request failed", extra={"request_id": request_id, "path": request.path})
        return answers.internal(language, request_id)
    return answer if isinstance(answer, Response) else answers.as_json(200, answer)


def refusal(request: Request, error: ZhundianError) -> Response:
    """The problem document that answers a request before any view sees it."""
    return answers.problem(error, _language_of(request), _id_of(request))


def _id_of(request: Request) -> str:
    return (request.context or {}).get("requestId") or uuid4().hex


def _language_of(request: Request) -> Language:
    return preferred_language(request.headers.get("accept-language"))


def _id(value: str) -> int:
    if value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    raise NotFound(Text(f"{value!r} 不是有效的ID", f"{value!r} is no id"))
