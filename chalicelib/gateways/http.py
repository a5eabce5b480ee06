"""HTTP to addresses that users name: checked where they are opened, bounded in time and size."""

from __future__ import annotations

import http.client
import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse

from chalicelib.domain.egress import Target, check_url
from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text
from chalicelib.gateways.connecting import HttpFailed, Network, connected
from chalicelib.gateways.pacing import Deadline

__all__ = ["HttpFailed", "Network", "Request", "Response", "fetch"]

MAX_BYTES = 10 * 1024 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
#: Headers that frame a message or belong to one connection; they are ours to set.
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te"}
    | {"trailer", "upgrade", "expect", "accept-encoding"}
    | {"proxy-authorization", "proxy-connection"}
)

# urllib3 warns of broken headers with the whole URL, which may hold a token.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Request:
    """What to send. Only the method is shown in a repr: the rest may hold secrets.

    `follow`: whether redirects are; else they are answers. `pause_seconds`: the longest that the
    other side may be silent.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    follow: bool = True
    pause_seconds: float | None = None


@dataclass(frozen=True)
class Response:
    """What came back, after redirects; `body` is whole and decoded, `headers` say so too.

    `traffic`: bytes sent and received for it.
    """

    status: int
    reason: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = field(repr=False)
    traffic: int = 0


def fetch(
    request: Request,
    *,
    allow: Sequence[str],
    timeout_seconds: float,
    max_bytes: int = MAX_BYTES,
    max_redirects: int = 5,
    network: Network | None = None,
) -> Response:
    """Carry out one request under the egress rules; raises `HttpFailed` and nothing else.

    `allow`: see `check_url`. `timeout_seconds` covers all of it: names, redirects, the last
    byte. `max_bytes` is the most that the decoded body may have.
    """
    _check_request(request)
    deadline = Deadline(timeout_seconds, request.pause_seconds)
    for hop in range(max_redirects + 1):
        try:
            target = _checked(request.url, allow)
            response = _exchange(request, target, deadline, max_bytes, network or Network())
            following = _redirected(request, target, response)
        except HttpFailed as failure:
            failure.sent = failure.sent or hop > 0
            failure.traffic = deadline.traffic
            raise
        if following is None:
            return replace(response, traffic=deadline.traffic)
        request = following
    text = Text(
        f"重定向超过 {max_redirects} 次,请直接填写最终地址",
        f"More than {max_redirects} redirects; give the final address",
    )
    raise HttpFailed("redirects", text, sent=True)


def _check_request(request: Request) -> None:
    headers = request.headers.items()
    good = all(_TOKEN.fullmatch(name) and _VALUE.fullmatch(value) for name, value in headers)
    if not good or not _TOKEN.fullmatch(request.method):
        text = Text(
            "请求方法或请求头含有不允许的字符(换行、中文等),请先编码",
            "The method or a header holds characters that HTTP does not allow; encode them",
        )
        raise HttpFailed("protocol", text)


def _checked(url: str, allow: Sequence[str]) -> Target:
    try:
        return check_url(url, allow)
    except Wrong as wrong:
        raise HttpFailed("refused", wrong.text) from None


def _exchange(
    request: Request, target: Target, deadline: Deadline, max_bytes: int, network: Network
) -> Response:
    try:
        connection = connected(target, deadline, network)
    except TimeoutError:
        raise _timed_out(target, sent=False) from None
    try:
        # A server may answer before it has read the whole body, and hang up.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request(
                request.method,
                target.path_and_query,
                body=request.body,
                headers=_headers(request, target),
                preload_content=False,
            )
        with closing(connection.getresponse()) as answer:
            return _response(answer, request, target, max_bytes)
    except (TimeoutError, ReadTimeoutError):
        raise _timed_out(target, sent=True) from None
    except (HTTPError, http.client.HTTPException, OSError) as error:
        text = Text(
            f"{target.origin} 的响应不完整或不是有效的 HTTP({type(error).__name__})",
            f"{target.origin} broke off or did not speak HTTP ({type(error).__name__})",
        )
        raise HttpFailed("protocol", text, sent=True) from None
    finally:
        connection.close()


def _timed_out(target: Target, sent: bool) -> HttpFailed:
    text = Text(f"请求 {target.origin} 超时", f"{target.origin} did not answer in time")
    return HttpFailed("timeout", text, sent)


def _headers(request: Request, target: Target) -> dict[str, str]:
    kept = {name: value for name, value in request.headers.items() if name.lower() not in _OURS}
    if not any(name.lower() == "user-agent" for name in kept):
        kept["User-Agent"] = "Zhundian"
    ours = {"Host": target.authority, "Accept-Encoding": "gzip, deflate", "Connection": "close"}
    return ours | kept


def _response(
    answer: BaseHTTPResponse, request: Request, target: Target, max_bytes: int
) -> Response:
    headers = list(answer.headers.items())
    redirects = request.follow and answer.status in _REDIRECTS and "location" in answer.headers
    body = b"" if redirects else _body(answer, target, max_bytes)
    gone = {"transfer-encoding"}
    if "content-encoding" in answer.headers:
        gone |= {"content-encoding", "content-length"}
    kept = [(name, value) for name, value in headers if name.lower() not in gone]
    return Response(answer.status, answer.reason or "", kept, body, target.url)


def _body(answer: BaseHTTPResponse, target: Target, max_bytes: int) -> bytes:
    pieces = bytearray()
    while piece := answer.read(65536):
        pieces += piece
        if len(pieces) > max_bytes:
            text = Text(
                f"{target.origin} 的响应超过 {max_bytes} 字节,请减少返回的数据",
                f"The answer of {target.origin} is larger than {max_bytes} bytes; ask for less",
            )
            raise HttpFailed("too_large", text, sent=True)
    return bytes(pieces)


def _redirected(request: Request, target: Target, response: Response) -> Request | None:
    """The request that follows a redirect (RFC 9110 §15.4), or None if there is none."""
    headers = {name.lower(): value for name, value in response.headers}
    redirects = response.status in _REDIRECTS and "location" in headers
    if not request.follow or not redirects:
        return None
    url = _joined(target, headers["location"])
    kept = dict(request.headers)
    if not _same_host(target, url):
        kept = _without(kept, "authorization", "cookie")
    method, body = request.method, request.body
    to_get = response.status == 303 and method != "HEAD"
    if to_get or (response.status in {301, 302} and method == "POST"):
        method, body = "GET", None
        kept = {name: value for name, value in kept.items() if "content-" not in name.lower()}
    return replace(request, method=method, url=url, headers=kept, body=body)


def _joined(target: Target, location: str) -> str:
    # http.client reads headers as Latin-1; servers that send no ASCII here send UTF-8.
    location = location.encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        return urljoin(target.url, location.strip().replace(" ", "%20")).partition("#")[0]
    except ValueError:
        text = Text(f"{target.origin} 的重定向地址不正确", f"{target.origin} redirects to no URL")
        raise HttpFailed("protocol", text, sent=True) from None


def _same_host(target: Target, url: str) -> bool:
    """Whether credentials may follow: to the same origin, or from http to https on one host."""
    with suppress(Wrong):
        there = check_url(url, [url])
        upgrade = (target.port, there.port) == (80, 443) and there.scheme == "https"
        same = (target.scheme, target.port) == (there.scheme, there.port)
        return target.host == there.host and (same or upgrade)
    return False


def _without(headers: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in names}
