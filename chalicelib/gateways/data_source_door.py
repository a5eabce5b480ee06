"""Opening a data source: at an address that was checked, encrypted, within a time."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from pymysql.cursors import DictCursor

from chalicelib.domain.data_source_places import check_place
from chalicelib.domain.data_sources import Dsn
from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text
from chalicelib.gateways.data_source_words import (
    DataSourceFailed,
    no_answer,
    no_login,
    unreachable,
)
from chalicelib.gateways.metered_mysql import MeteredConnection, Watch
from chalicelib.gateways.pacing import Deadline
from chalicelib.gateways.resolving import Network, resolve

_CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Door:
    """A data source and on which terms it is opened.

    `tls_ca`: PEM that is believed in place of the usual certificates. `allow`: see `check_place`.
    """

    dsn: Dsn
    tls_ca: str | None = None
    allow: Sequence[str] = ()
    network: Network = field(default_factory=Network)


@dataclass
class Opened:
    """A connection, and what ends it in time."""

    connection: MeteredConnection
    watch: Watch

    def close(self) -> None:
        self.connection.close()
        self.watch.stop()


def open_door(door: Door, seconds: float) -> Opened:
    """Connect and log in; the connection hangs up after so many seconds, used or not.

    Raises DataSourceFailed.
    """
    end = time.monotonic() + seconds
    connection = _connection(door)
    try:
        sock = _reached(door, Deadline(seconds))
    except Wrong as error:
        raise DataSourceFailed("refused", error.text) from None
    except TimeoutError:
        raise no_answer() from None
    watch = Watch(sock, max(0.0, end - time.monotonic()))
    try:
        connection.connect_by(sock)
    except Exception as error:
        sock.close()
        watch.stop()
        # Servers that do not keep to the protocol can make the driver raise anything; and its
        # words quote the address and the user.
        raise (no_answer() if watch.expired else no_login(error)) from None
    return Opened(connection, watch)


def _reached(door: Door, deadline: Deadline) -> socket.socket:
    dsn = door.dsn
    if dsn.unix_socket:
        check_place(dsn, [], door.allow)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        return _connected(sock, dsn.unix_socket, deadline)
    addresses = resolve(dsn.host, dsn.port, deadline, door.network)
    check_place(dsn, addresses, door.allow)
    for address in addresses:
        seconds = min(_CONNECT_SECONDS, deadline.left())
        try:
            sock = socket.create_connection((address, dsn.port), seconds)
        except OSError:
            continue
        sock.settimeout(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    raise unreachable()


def _connected(sock: socket.socket, path: str, deadline: Deadline) -> socket.socket:
    try:
        sock.settimeout(min(_CONNECT_SECONDS, deadline.left()))
        sock.connect(path)
    except OSError:
        sock.close()
        raise unreachable() from None
    sock.settimeout(None)
    return sock


def _connection(door: Door) -> MeteredConnection:
    dsn = door.dsn
    return MeteredConnection(
        host=dsn.host,
        user=dsn.user,
        password=dsn.password.encode(),
        database=dsn.database,
        charset="utf8mb4",
        cursorclass=DictCursor,
        autocommit=None,
        # A server that asks for a file of ours gets none.
        local_infile=False,
        ssl=None if dsn.tls == "off" else _tls(door),
        ssl_disabled=dsn.tls == "off",
        defer_connect=True,
    )


def _tls(door: Door) -> ssl.SSLContext:
    verified = door.dsn.tls == "verify"
    try:
        context = ssl.create_default_context(
            cafile=None if door.tls_ca else door.network.trusted, cadata=door.tls_ca
        )
    except (ssl.SSLError, ValueError):
        text = Text("tls_ca 不是有效的 PEM 证书", "tls_ca holds no valid certificate in PEM")
        raise DataSourceFailed("connect", text) from None
    # Authorities of databases' own making often lack what Python 3.13 has come to ask for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = verified
    context.verify_mode = ssl.CERT_REQUIRED if verified else ssl.CERT_NONE
    return context
