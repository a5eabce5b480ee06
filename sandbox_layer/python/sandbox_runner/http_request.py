"""From what a library wrote to a socket to the platform's call; from a failure to its error."""

from __future__ import annotations

import base64
import errno
import socket
from typing import Any

from sandbox_runner.frames import CallFailed
from sandbox_runner.http_text import head, merged, unchunked

_NO_PROXY = "沙箱不支持代理;请去掉 proxies / The sandbox has no proxies; leave proxies out"


def request(sent: bytes, scheme: str, host: str, port: int) -> dict[str, Any] | None:
    """The arguments of the call, or None if the request is not complete yet; raises OSError."""
    start, end, body = sent.partition(b"\r\n\r\n")
    if not end:
        # Nobody waits for the end of what is no HTTP.
        if b"\r\n" in start or len(start) > 1 << 16:
            head(start)
        return None
    method, target, headers = head(start)
    fields = {name.lower(): value for name, value in headers}
    whole = _body(fields, body)
    if whole is None:
        return None
    return {
        "method": method,
        "url": _url(scheme, host, port, target, fields.get("host", "")),
        "headers": merged([pair for pair in headers if pair[0].lower() != "host"]),
        "body": base64.b64encode(whole).decode("ascii") if whole else None,
        # The library follows redirects itself, and every hop comes by here.
        "follow": False,
    }


def _body(fields: dict[str, str], body: bytes) -> bytes | None:
    if "chunked" in fields.get("transfer-encoding", "").lower():
        return unchunked(body)
    size = int(fields.get("content-length", "0"))
    return body[:size] if len(body) >= size else None


def _url(scheme: str, host: str, port: int, target: str, header: str) -> str:
    if not target.startswith("/"):
        raise OSError(errno.EPROTONOSUPPORT, _NO_PROXY)
    name = f"[{host}]" if ":" in host else host
    origin = name if port == {"http": 80, "https": 443}[scheme] else f"{name}:{port}"
    if header and header.lower() not in {origin.lower(), f"{name}:{port}".lower()}:
        words = "请求头 Host 不能与地址不同 / the header Host must be that of the address"
        raise OSError(errno.EINVAL, words)
    return f"{scheme}://{origin}{target}"


def failure_of(failed: CallFailed) -> OSError:
    """What a real socket would have raised, with the platform's words."""
    words = " / ".join(str(failed).splitlines())
    match failed.kind:
        case "timeout":
            return TimeoutError(words)
        case "dns":
            return socket.gaierror(socket.EAI_NONAME, words)
        case "tls":
            import ssl

            return ssl.SSLCertVerificationError(ssl.SSL_ERROR_SSL, words)
        case "refused" | "connect":
            return ConnectionRefusedError(errno.ECONNREFUSED, words)
        case _:
            return ConnectionResetError(errno.ECONNRESET, words)
