"""The one port of `make run`: the API as API Gateway would serve it, the inbox, metrics, a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalChalice, LocalGateway, LocalGatewayException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Request, Response

from chalicelib.domain.text import Text, preferred_language
from infra.local.bundle_folder import PREFIX as BUNDLES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HOME = Path(__file__).with_name("home.html")
NO_SUCH_PATH = Text(
    "没有这个地址或方法,请核对 docs/api.md", "no such path or method; see docs/api.md"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def web(
    app: Chalice,
    inbox: WSGIApplication,
    metrics: Callable[[], str],
    key_file: str,
    bundles: WSGIApplication,
) -> WSGIApplication:
    """All of it as one WSGI application."""
    mounts: dict[str, WSGIApplication] = {
        "/api": Gateway(app),
        "/inbox": inbox,
        BUNDLES: bundles,
        "/metrics": _page(metrics, "text/plain; version=0.0.4"),
    }
    home = _page(
        lambda: _HOME.read_text("utf-8").replace("KEY_FILE", escape(key_file)), "text/html"
    )
    mounted: WSGIApplication = DispatcherMiddleware(home, mounts)
    return mounted


def _page(text: Callable[[], str], mimetype: str) -> WSGIApplication:
    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") not in ("", "/"):
            missing = _problem(Request(environ), HTTPStatus.NOT_FOUND, "not_found")
            return missing(environ, start_response)
        return Response(text(), mimetype=mimetype, headers=_HEADERS)(environ, start_response)

    return answer


class Gateway:
    """API Gateway in front of the Chalice app, by Chalice's own local one."""

    def __init__(self, app: Chalice) -> None:
        # As `chalice local` does: requests of several threads must not share `current_request`.
        app.__class__ = type("ThreadedChalice", (LocalChalice, app.__class__), {})
        self._app = app
        self._gateway = LocalGateway(app, Config(chalice_stage="local"))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        path = quote(request.root_path + request.path)
        if request.query_string:
            path += "?" + request.query_string.decode("latin-1")
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            answer = self._gateway.handle_request(request.method, path, headers, request.get_data())
        except LocalGatewayException:
            return _problem(request, HTTPStatus.NOT_FOUND, "not_found")
        if answer["statusCode"] == HTTPStatus.METHOD_NOT_ALLOWED:
            return _problem(request, HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed")
        return Response(
            answer["body"], status=answer["statusCode"], headers={**_HEADERS, **_flat(answer)}
        )


def _flat(answer: dict[str, Any]) -> dict[str, str]:
    many = answer.get("multiValueHeaders") or {}
    return {**{name: values[-1] for name, values in many.items()}, **(answer["headers"] or {})}


def _problem(request: Request, status: HTTPStatus, code: str) -> Response:
    """As the views answer errors; here no view was reached."""
    language = preferred_language(request.headers.get("accept-language"))
    body = {
        "type": "about:blank",
        "status": status,
        "title": status.phrase,
        "detail": NO_SUCH_PATH.in_(language),
        "code": code,
        "request_id": uuid4().hex,
    }
    return Response(json.dumps(body), status, _HEADERS, mimetype="application/problem+json")
