"""Makes `requests`, urllib, http.client and asyncio work without sockets: requests become calls.

Where a library opens a connection it gets an `HttpSocket`; all else of it stays as it is.
"""

from __future__ import annotations

import errno
import socket
from typing import Any, NoReturn

from sandbox_runner import loops
from sandbox_runner.http_socket import Call, HttpSocket
from sandbox_runner.imports import on_import

_NO_SOCKETS = (
    "沙箱里不能直接使用网络套接字或解析域名;请用 requests、urllib 或 http_get"
    " / Scripts have no sockets and no name resolution; use requests, urllib or http_get"
)
_NO_CERTIFICATES = (
    "沙箱不支持客户端证书;请去掉 cert / The sandbox has no client certificates; leave cert out"
)
_DEFAULT: Any = object()


class _Run:
    """Where requests go: the one run of this process, once it has begun."""

    call: Call | None = None


_run = _Run()


def prepare() -> None:
    """To be called in the zygote, before scripts or packages import anything."""
    socket.create_connection = _create_connection  # type: ignore[assignment]
    socket.socket.__init__ = _only_given  # type: ignore[method-assign]
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        setattr(socket, name, _unresolved)
    on_import("http.client", _change_http)
    on_import("ssl", _change_tls)
    on_import("asyncio", loops.change)


def _change_http(http_client: Any) -> None:
    # By this, copies of urllib3 are met wherever they come from, also from a bundle.
    http_client.HTTPConnection.__init_subclass__ = classmethod(_adopt)


def _adopt(cls: type) -> None:
    if "_new_conn" in vars(cls):
        cls._new_conn = _new_conn  # type: ignore[attr-defined]


def _new_conn(connection: Any) -> HttpSocket:
    """Stands in for the one method in which all versions of urllib3 open a connection."""
    return _socket(connection.host, connection.port, connection.timeout, patient=True)


def enter(call: Call | None) -> None:
    """Have everything of this process that opens connections use `call`, and nothing else.

    With None there is no run any more.
    """
    _run.call = call


def _change_tls(ssl: Any) -> None:
    context = ssl.SSLContext
    context.wrap_socket = _wrapped
    context.load_cert_chain = _no_certificate
    # Reading the world's authorities takes 20 ms, and the platform has its own.
    for name in ("load_verify_locations", "load_default_certs", "set_default_verify_paths"):
        setattr(context, name, _nothing)


def _create_connection(
    address: tuple[str, int], timeout: Any = _DEFAULT, source_address: Any = None, **rest: Any
) -> HttpSocket:
    seconds = socket.getdefaulttimeout() if timeout is _DEFAULT else timeout
    return _socket(*address, seconds)


def _socket(host: str, port: int, timeout: Any, patient: bool = False) -> HttpSocket:
    if _run.call is None:
        raise PermissionError(errno.EPERM, _NO_SOCKETS)
    # http.client and urllib3 say by an object of theirs that nobody named a time-out.
    seconds = timeout if isinstance(timeout, int | float) else socket.getdefaulttimeout()
    return HttpSocket(_run.call, host, port, seconds, patient)


_given = socket.socket.__init__


def _only_given(
    self: socket.socket, family: int = -1, type: int = -1, proto: int = -1, fileno: Any = None
) -> None:
    """asyncio makes sockets from descriptors that it has; there is no other way to get one."""
    # Before a run, a child finds out by itself whether it could still have one.
    if fileno is None and _run.call is not None:
        raise PermissionError(errno.EPERM, _NO_SOCKETS)
    _given(self, family, type, proto, fileno)


def _unresolved(*args: Any, **kwargs: Any) -> NoReturn:
    raise socket.gaierror(socket.EAI_FAIL, _NO_SOCKETS)


def _wrapped(context: Any, sock: Any, *args: Any, **kwargs: Any) -> Any:
    if not isinstance(sock, HttpSocket):
        raise PermissionError(errno.EPERM, _NO_SOCKETS)
    return sock.over_tls()


def _nothing(context: Any, *args: Any, **kwargs: Any) -> None:
    """There is no handshake here that would need it."""


def _no_certificate(context: Any, *args: Any, **kwargs: Any) -> NoReturn:
    raise OSError(errno.EPERM, _NO_CERTIFICATES)
