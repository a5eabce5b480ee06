"""`http_get` and `http_post`: the request goes to the platform, which opens the connection."""

from __future__ import annotations

import base64
import json as json_module
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from sandbox_runner.frames import CallFailed

Call = Callable[[str, Mapping[str, Any]], Any]
#: The largest request body, in bytes; the platform reads frames of 8 MiB.
_BODY = 5 << 20


class HttpError(OSError):
    """There was no answer, or `raise_for_status` found a bad one."""

    # A script sees it under its bare name, in tracebacks too.
    __module__ = "builtins"


class Headers(Mapping[str, str]):
    """A response's headers; names are found in any case, repeated ones joined by a comma."""

    def __init__(self, pairs: list[list[str]]) -> None:
        self._values: dict[str, tuple[str, str]] = {}
        for name, value in pairs:
            key = name.lower()
            first = self._values.get(key)
            self._values[key] = (first[0], f"{first[1]}, {value}") if first else (name, value)

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(dict(self))


class HttpResponse:
    """What a server answered."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.status_code: int = answer["status"]
        self.reason: str = answer["reason"]
        self.headers = Headers(answer["headers"])
        self.content: bytes = base64.b64decode(answer["body"])
        self.url: str = answer["url"]

    @property
    def ok(self) -> bool:
        return self.status_code < 400

    @property
    def text(self) -> str:
        """The body in the charset that the server named, else UTF-8; never fails."""
        _, _, charset = self.headers.get("content-type", "").partition("charset=")
        try:
            return self.content.decode(charset.split(";")[0].strip(' "') or "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        return json_module.loads(self.content)

    def raise_for_status(self) -> None:
        """Raise HttpError if the status is 400 or above."""
        if not self.ok:
            raise HttpError(f"{self.status_code} {self.reason}: {self.url}")

    def __repr__(self) -> str:
        return f"<HttpResponse [{self.status_code}]>"


def _with_params(url: str, params: Any) -> str:
    if not params:
        return url
    parts = urlsplit(url)
    more = params if isinstance(params, str) else urlencode(params, doseq=True)
    return urlunsplit(parts._replace(query=f"{parts.query}&{more}" if parts.query else more))


def _body(data: Any, json: Any) -> tuple[bytes | None, str | None]:
    """The request's body and the content type that goes with it."""
    if json is not None:
        return json_module.dumps(json, allow_nan=False).encode("ascii"), "application/json"
    if data is None or isinstance(data, bytes | bytearray):
        return None if data is None else bytes(data), None
    if isinstance(data, str):
        return data.encode("utf-8"), None
    return urlencode(data, doseq=True).encode("ascii"), "application/x-www-form-urlencoded"


def _request(call: Call, method: str, url: str, headers: Any, body: bytes | None) -> HttpResponse:
    if body is not None and len(body) > _BODY:
        raise ValueError(f"请求体超过 5 MB / the request body is over 5 MB ({len(body)} bytes)")
    args = {
        "method": method,
        "url": url,
        "headers": {str(name): str(value) for name, value in headers.items()},
        "body": None if body is None else base64.b64encode(body).decode("ascii"),
    }
    try:
        return HttpResponse(call("http", args))
    except CallFailed as error:
        raise HttpError(str(error)) from None


def http_functions(call: Call) -> dict[str, Callable[..., HttpResponse]]:
    """The two functions of the product document."""

    def http_get(url: str, headers: Any = None, params: Any = None) -> HttpResponse:
        """发送 GET 请求。`params` 会拼到网址后面。"""
        return _request(call, "GET", _with_params(url, params), dict(headers or {}), None)

    def http_post(
        url: str, data: Any = None, json: Any = None, headers: Any = None
    ) -> HttpResponse:
        """发送 POST 请求。`data` 为表单、文本或字节,`json` 为 JSON 数据。"""
        body, content_type = _body(data, json)
        fields = dict(headers or {})
        if content_type and not any(name.lower() == "content-type" for name in fields):
            fields["Content-Type"] = content_type
        return _request(call, "POST", url, fields, body)

    return {"http_get": http_get, "http_post": http_post}
