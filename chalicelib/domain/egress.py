"""The egress rules: which URLs a user may have the platform open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, quote, unquote, urlsplit

from chalicelib.domain.addresses import is_global, normal_host
from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text

__all__ = ["Target", "check_url", "is_global"]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PORTS = frozenset({80, 443, 8080, 8443})
_MAX_LENGTH = 8192
_UNREADABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\\s]")
_NETLOC = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@%]+)(?::([0-9]{0,5}))?")
_SAFE = "!$%&'()*+,/:;=?@[]~"
#: Names that mean something inside a network only (RFC 6761, RFC 6762, RFC 8375, and habits).
_INSIDE = (
    *("localhost", "local", "localdomain", "internal", "intranet"),
    *("lan", "corp", "home", "home.arpa"),
)


@dataclass(frozen=True)
class Target:
    """A URL that has been checked. The path is kept out of the repr: it may hold a token."""

    scheme: str
    #: ASCII name, or an IP address without brackets.
    host: str
    port: int
    path_and_query: str = field(repr=False)
    #: The normalised URL, without a fragment.
    url: str = field(repr=False)
    #: Whether the administrator's allow-list admits it, so that its address may be anything.
    allowed: bool = False

    @property
    def authority(self) -> str:
        """What belongs in the `Host` header (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """`scheme://host[:port]`, the part that may be shown to anyone."""
        return f"{self.scheme}://{self.authority}"


def check_url(url: str, allow: Sequence[str]) -> Target:
    """Read a URL that a user named; raises `Wrong` if the platform must not open it.

    `allow` holds URL prefixes such as `http://127.0.0.1:8000/inbox/`. A URL below one of them
    (same scheme, host and port; path under the prefix's, dot segments resolved) may be
    anywhere; every other must name a port of the web and no address or name that is inside a
    network. Which addresses a name has is for the caller to check, where it connects.
    """
    target = _read(url)
    if any(_admits(prefix, target) for prefix in allow):
        return replace(target, allowed=True)
    if target.port not in _PORTS:
        raise Wrong(
            Text(
                f"不允许访问端口 {target.port},只能使用 80、443、8080、8443",
                f"Port {target.port} is not allowed; use 80, 443, 8080 or 8443",
            )
        )
    _check_host(target.host)
    return target


def _check_host(host: str) -> None:
    literal = ":" in host or host.replace(".", "").isdigit()
    if literal and not is_global(host):
        raise _inside(host)
    if literal:
        return
    if "." not in host or any(host == name or host.endswith(f".{name}") for name in _INSIDE):
        raise _inside(host)


def _inside(host: str) -> Wrong:
    return Wrong(
        Text(
            f"不允许访问内网或本机地址 {host},请使用公网地址;确需访问时请联系管理员加入白名单",
            f"{host} is not on the public internet; use a public address, or ask the "
            "administrator to put this one on the allow-list",
        )
    )


def _read(url: str) -> Target:
    if len(url) > _MAX_LENGTH or _UNREADABLE.search(url):
        raise Wrong(
            Text(
                "地址中含有空格、反斜杠或控制字符,或者过长,请检查后重新填写",
                "The address holds spaces, backslashes or control characters, or is too long; "
                "check it and enter it again",
            )
        )
    try:
        parts = urlsplit(url)
        host, port = _host_and_port(parts)
        path = quote(_without_dots(parts.path or "/"), safe=_SAFE)
        query = quote(parts.query, safe=_SAFE)
    except Wrong:
        raise
    except ValueError:
        # The cause would show the address, and with it what may be a token.
        raise _no_url() from None
    target = Target(parts.scheme, host, port, f"{path}?{query}" if query else path, url="")
    return replace(target, url=target.origin + target.path_and_query)


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    if parts.scheme not in _DEFAULT_PORTS:
        raise _no_url()
    if "@" in parts.netloc:
        raise Wrong(
            Text(
                "地址中不能带用户名和密码(user:password@),请改用请求头传递",
                "The address must not hold a user name or password; send them in a header",
            )
        )
    match = _NETLOC.fullmatch(parts.netloc)
    if not match:
        raise _no_url()
    port = int(match[2]) if match[2] else _DEFAULT_PORTS[parts.scheme]
    if not 0 < port < 65536:
        raise _no_url()
    return normal_host(match[1]), port


def _no_url() -> Wrong:
    return Wrong(
        Text(
            "地址不正确,请填写以 http:// 或 https:// 开头的完整地址",
            "This is not a web address; give a full one that starts with http:// or https://",
        )
    )


def _without_dots(path: str) -> str:
    """Resolve `.` and `..`, also written as %2e (RFC 3986 §5.2.4, §6.2.2.2)."""
    segments = re.sub("%2e", ".", path, flags=re.IGNORECASE).split("/")[1:]
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def _admits(prefix: str, target: Target) -> bool:
    """Whether the target lies below the prefix; a prefix that cannot be read admits nothing."""
    try:
        base = _read(prefix)
    except Wrong:
        return False
    if (base.scheme, base.host, base.port) != (target.scheme, target.host, target.port):
        return False
    root = base.path_and_query.partition("?")[0].rstrip("/")
    path = target.path_and_query.partition("?")[0]
    return (path == root or path.startswith(f"{root}/")) and not _hides_dots(path)


def _hides_dots(path: str) -> bool:
    """Whether a server that decodes once more, or takes `\\` for `/`, would leave the prefix."""
    while (decoded := unquote(path)) != path:
        path = decoded
    return any(segment in {".", ".."} for segment in re.split(r"[/\\]", path))
