"""Answers: JSON, and errors as problem documents (RFC 9457)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from chalice.app import Response

from chalicelib.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
    Unavailable,
    ZhundianError,
)
from chalicelib.domain.text import Language, Text

STATUS: dict[type[ZhundianError], int] = {
    Invalid: 422,
    Malformed: 400,
    NotFound: 404,
    MethodNotAllowed: 405,
    Conflict: 409,
    Unauthorized: 401,
    Forbidden: 403,
    Unavailable: 503,
}
TITLES = {
    400: Text("请求无法解析", "The request cannot be read"),
    401: Text("未认证", "Not authenticated"),
    403: Text("没有权限", "Not allowed"),
    404: Text("不存在", "Not found"),
    405: Text("方法不支持", "Method not allowed"),
    409: Text("状态冲突", "Conflict"),
    422: Text("参数有误", "Invalid"),
    500: Text("服务器内部错误", "Internal error"),
    503: Text("暂时不可用", "Not available for now"),
}
INTERNAL = Text(
    "服务器内部错误,请稍后重试;如持续出现请联系管理员并提供 request_id",
    "something failed on our side; try again, and tell your operator the request_id",
)


def created(thing: Any) -> Response:
    return as_json(201, thing)


def accepted(thing: Any) -> Response:
    return as_json(202, thing)


def no_content() -> Response:
    return Response(body="", status_code=204)


def text(body: str, content_type: str) -> Response:
    return Response(body=body, headers={"Content-Type": f"{content_type}; charset=utf-8"})


def as_json(status: int, thing: Any, content_type: str = "application/json") -> Response:
    body = json.dumps(thing, default=_encode, ensure_ascii=False)
    if not body.isascii():
        # A refusal may repeat what was sent, and JSON can name halves of characters.
        body = body.encode("utf-8", "replace").decode()
    return Response(body=body, status_code=status, headers={"Content-Type": content_type})


def _encode(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC with Z; the fraction only where there is one."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def problem(error: ZhundianError, language: Language, request_id: str) -> Response:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    fields = error.errors if isinstance(error, Invalid) else ()
    errors = [{"field": e.field, "message": e.message.in_(language)} for e in fields]
    response = _document(status, error.text, error.code, language, request_id, errors)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(error.allowed)
    return response


def _document(
    status: int,
    detail: Text,
    code: str,
    language: Language,
    request_id: str,
    errors: list[dict[str, str]] | None = None,
) -> Response:
    problem = {
        "type": "about:blank",
        "status": status,
        "title": TITLES[status].in_(language),
        "detail": detail.in_(language),
        "code": code,
        "request_id": request_id,
    }
    if errors:
        problem["errors"] = errors
    response = as_json(status, problem, "application/problem+json")
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def internal(language: Language, request_id: str) -> Response:
    return _document(500, INTERNAL, "internal", language, request_id)
