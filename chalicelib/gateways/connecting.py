"""Connections to checked addresses only: resolve once, check them all, connect to one of them."""

from __future__ import annotations

import ssl
from functools import cache
from typing import Literal

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from chalicelib.domain.egress import Target, is_global
from chalicelib.domain.text import Text
from chalicelib.gateways.pacing import Deadline, PacedSocket
from chalicelib.gateways.resolving import Network, resolve

__all__ = ["HttpFailed", "Network", "connected"]

Kind = Literal["refused", "dns", "connect", "timeout", "tls", "too_large", "redirects", "protocol"]

_CONNECT_SECONDS = 5.0


class HttpFailed(Exception):
    """There is no answer. `sent` says whether the other side may have acted on the request.

    `traffic`: bytes that were sent and received all the same.
    """

    traffic = 0

    def __init__(self, kind: Kind, text: Text, sent: bool = False) -> None:
        super().__init__(str(text))
        self.kind = kind
        self.text = text
        self.sent = sent


def connected(
    target: Target, deadline: Deadline, network: Network
) -> HTTPConnection | HTTPSConnection:
    """A connection to an address that was checked; raises `HttpFailed`, `TimeoutError`."""
    for address in _addresses(target, deadline, network):
        seconds = min(_CONNECT_SECONDS, deadline.left())
        connection = _connection(target, address, seconds, network)
        try:
            connection.connect()
        except ssl.SSLError as error:
            connection.close()
            text = Text(
                f"{target.origin} 的 TLS 证书或握手有问题({error.reason}),请检查证书",
                f"The TLS handshake with {target.origin} failed ({error.reason}); "
                "check its certificate",
            )
            raise HttpFailed("tls", text) from None
        except (HTTPError, OSError):
            connection.close()
            continue
        assert connection.sock is not None
        connection.sock = PacedSocket(connection.sock, deadline)
        return connection
    deadline.left()
    text = Text(f"无法连接 {target.origin},请检查地址和端口", f"Cannot connect to {target.origin}")
    raise HttpFailed("connect", text)


def _connection(
    target: Target, address: str, seconds: float, network: Network
) -> HTTPConnection | HTTPSConnection:
    if target.scheme == "http":
        return HTTPConnection(address, target.port, timeout=seconds)
    return HTTPSConnection(
        address,
        target.port,
        timeout=seconds,
        server_hostname=target.host,
        ssl_context=_tls(network.trusted),
    )


@cache
def _tls(trusted: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=trusted)


def _addresses(target: Target, deadline: Deadline, network: Network) -> list[str]:
    """The addresses of a target, all of them checked."""
    found = resolve(target.host, target.port, deadline, network)
    if not found:
        text = Text(f"域名 {target.host} 无法解析,请检查拼写", f"{target.host} has no address")
        raise HttpFailed("dns", text)
    if not target.allowed and not all(is_global(address) for address in found):
        text = Text(
            f"域名 {target.host} 指向内网或本机地址,不允许访问;请使用公网地址",
            f"{target.host} is not on the public internet; use a public address",
        )
        raise HttpFailed("refused", text)
    return found
