"""`http_get` and `http_post`: the request goes to the platform, which opens the connection."""

from __future__ import annotations

import base64
import json as json_module
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from sandbox_runner.frames import CallFailed
from sandbox_runner.web_answers import HttpError, HttpResponse

Call = Callable[[str, Mapping[str, Any]], Any]
#: The largest request body, in bytes; the platform reads frames of 8 MiB.
_BODY = 5 << 20
_FORM = "application/x-www-form-urlencoded"


def _pairs(fields: Any) -> Iterator[tuple[Any, Any]]:
    """Names and values of a form or a query; lists give a name several, None gives it none."""
    for name, value in fields.items() if isinstance(fields, Mapping) else fields:
        many = isinstance(value, Iterable) and not isinstance(value, str | bytes)
        for one in value if many else [value]:
            if one is not None:
                yield name, one


def _with_params(url: str, params: Any) -> str:
    if not isinstance(url, str):
        kind = type(url).__name__
        raise TypeError(f"url 须为文本,现在是 {kind} / url must be text, not {kind}")
    url = url.strip().replace(" ", "%20")
    if isinstance(params, bytes):
        params = params.decode()
    more = params if isinstance(params, str) else urlencode(list(_pairs(params or ())))
    if not more:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=f"{parts.query}&{more}" if parts.query else more))


def _body(data: Any, json: Any) -> tuple[bytes | None, str | None]:
    """The request's body and the content type that goes with it."""
    if not data and json is not None:
        return json_module.dumps(json, allow_nan=False).encode("ascii"), "application/json"
    if not data:
        return None, None
    if hasattr(data, "read"):
        data = data.read()
    if isinstance(data, str):
        return data.encode("utf-8"), None
    if isinstance(data, bytes | bytearray):
        return bytes(data), None
    if not isinstance(data, Mapping | list | tuple):
        kind = type(data).__name__
        raise TypeError(
            f"data 须为字典、文本或字节,现在是 {kind};JSON 请用 json=… / data must be a dict, text"
            f" or bytes, not {kind}; for JSON use json=…"
        )
    return urlencode(list(_pairs(data))).encode("ascii"), _FORM


def _fields(headers: Any) -> dict[str, str]:
    """Headers as text; one that is None is left out, as with `requests`."""
    given = {_text(name): value for name, value in dict(headers or {}).items()}
    return {name: _text(value) for name, value in given.items() if value is not None}


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _request(
    call: Call, method: str, url: str, headers: dict[str, str], body: bytes | None
) -> HttpResponse:
    if body is not None and len(body) > _BODY:
        raise ValueError(f"请求体超过 5 MB / the request body is over 5 MB ({len(body)} bytes)")
    sent = None if body is None else base64.b64encode(body).decode("ascii")
    args = {"method": method, "url": url, "headers": headers, "body": sent}
    started = time.perf_counter()
    try:
        answer = call("http", args)
    except CallFailed as error:
        raise HttpError(str(error), error.kind) from None
    return HttpResponse(answer, time.perf_counter() - started)


def http_functions(call: Call) -> dict[str, Callable[..., HttpResponse]]:
    """The two functions of the product document."""

    def http_get(url: str, headers: Any = None, params: Any = None) -> HttpResponse:
        """发送 GET 请求,跟随重定向。`params` 会拼到网址后面。

        返回值与 `requests` 的响应相同:`status_code`、`ok`、`headers`、`text`、`content`、
        `json()`、`raise_for_status()`、`encoding`、`reason`、`url`、`elapsed`。错误状态码不会
        抛出异常;没有得到响应时抛出 `HttpError`。

        Send a GET request, following redirects; `params` are added to the address.

        The answer is as a response of `requests`: `status_code`, `ok`, `headers`, `text`,
        `content`, `json()`, `raise_for_status()`, `encoding`, `reason`, `url`, `elapsed`. An
        error status raises nothing; where no answer came, `HttpError` is raised.

        Example::

            answer = http_get(get_param('url'), params={'day': str(date.today())})
            answer.raise_for_status()
            log(f'{len(answer.json())} 条')
        """
        return _request(call, "GET", _with_params(url, params), _fields(headers), None)

    def http_post(
        url: str, data: Any = None, json: Any = None, headers: Any = None
    ) -> HttpResponse:
        """发送 POST 请求。`data` 为表单(字典)、文本或字节,`json` 为 JSON 数据。

        返回值与 `http_get` 相同。

        Send a POST request; `data` is a form (a dict), text or bytes, `json` is sent as JSON.

        The answer is as that of `http_get`.

        Example::

            answer = http_post(get_param('url'), json={'name': '日报'}, headers={'X-Team': 'ops'})
            if not answer.ok:
                log(f'接口返回 {answer.status_code}: {answer.text[:100]}')
        """
        body, content_type = _body(data, json)
        fields = _fields(headers)
        if content_type and not any(name.lower() == "content-type" for name in fields):
            fields["Content-Type"] = content_type
        return _request(call, "POST", _with_params(url, None), fields, body)

    return {"http_get": http_get, "http_post": http_post}
