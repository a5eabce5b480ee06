"""HTTP/1.1 as libraries write it and want to read it (RFC 9112), in whole messages."""

from __future__ import annotations

import base64
import errno
import re
from collections.abc import Mapping
from typing import Any

#: What a script hears that says something else than HTTP.
WEB_ONLY = (
    "沙箱只能发送 HTTP 请求;请用 requests、urllib 或 http_get"
    " / Only HTTP leaves the sandbox; use requests, urllib or http_get"
)
#: Headers that the platform frames anew.
_FRAMING = frozenset({"content-length", "connection", "keep-alive", "transfer-encoding"})
_FIRST_LINE = re.compile(rb"([A-Z]{1,20}) (\S+) HTTP/1\.[01]")


def head(data: bytes) -> tuple[str, str, list[tuple[str, str]]]:
    """Method, target and headers of a request; raises OSError for what is none."""
    first, *lines = data.split(b"\r\n")
    match = _FIRST_LINE.fullmatch(first)
    if not match:
        raise OSError(errno.EPROTONOSUPPORT, WEB_ONLY)
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    headers = [(name.strip(), value.strip()) for name, _, value in pairs]
    return match[1].decode("ascii"), match[2].decode("latin-1"), headers


def unchunked(data: bytes) -> bytes | None:
    """The body in chunks (RFC 9112 §7.1), or None if its end has not come yet."""
    if not data.endswith(b"\r\n\r\n"):
        return None
    parts: list[bytes] = []
    rest = memoryview(data)
    while rest:
        line = bytes(rest[:20]).partition(b"\r\n")[0]
        size = int(line.partition(b";")[0], 16)
        start = len(line) + 2
        if size == 0:
            return b"".join(parts)
        parts.append(bytes(rest[start : start + size]))
        rest = rest[start + size + 2 :]
    return None


def merged(headers: list[tuple[str, str]]) -> dict[str, str]:
    """One value per name, as the platform takes them."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        before = found.get(name.lower())
        glue = "; " if name.lower() == "cookie" else ", "
        found[name.lower()] = (name, f"{before[1]}{glue}{value}" if before else value)
    return {name: value for key, (name, value) in found.items() if key not in _FRAMING}


def response(method: str, answer: Mapping[str, Any]) -> bytes:
    """The answer as a server would write it that closes the connection afterwards."""
    body = base64.b64decode(answer["body"])
    headers = [(str(name), str(value)) for name, value in answer["headers"]]
    length = str(len(body))
    if method == "HEAD":
        length = {name.lower(): value for name, value in headers}.get("content-length", "0")
    kept = [(name, value) for name, value in headers if name.lower() not in _FRAMING]
    kept += [("Content-Length", length), ("Connection", "close")]
    lines = [f"HTTP/1.1 {answer['status']} {answer['reason']}"]
    lines += [f"{name}: {' '.join(value.splitlines())}" for name, value in kept]
    head = "".join(f"{line}\r\n" for line in lines)
    return head.encode("latin-1", "replace") + b"\r\n" + body
