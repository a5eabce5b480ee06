"""The Lambda Runtime API (2018-06-01) of one environment, as AWS's runtime client speaks it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from infra.local.loopback import user_of

#: An answer is at most 6 MB: "Lambda quotas" in the AWS Lambda developer guide.
MOST_ANSWER_BYTES = 6 * 1024 * 1024
_MOST_HEAD_BYTES = 64 * 1024
_PREFIX = "/2018-06-01/runtime/"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event on its way: its JSON, whose it is, when it came (seconds of the event loop)."""

    request_id: str
    tenant: str
    payload: bytes
    since: float


class Speaker(Protocol):
    """What an endpoint tells about the process that speaks to it."""

    def asks_next(self) -> None: ...
    def answers(self, request_id: str, failed: bool) -> bool:
        """Whether this answer was waited for."""
        ...

    def init_failed(self, error_type: str) -> None: ...


class RuntimeEndpoint:
    """A listener on 127.0.0.1 for one environment; lives in the event loop's thread."""

    def __init__(self, speaker: Speaker, uid: int) -> None:
        """Only connections of `uid` are answered: the events hold tokens, ports are for all."""
        self.speaker = speaker
        self._uid = uid
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self._connections: set[_Connection] = set()
        self._joining: set[asyncio.Task[object]] = set()
        self._polling: _Connection | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._accept)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def hand(self, invocation: Invocation, headers: Mapping[str, str]) -> None:
        """Answer the `next` that waits."""
        connection, self._polling = self._polling, None
        if connection:
            # Without a Content-Type awslambdaric 4.2.2 dies of a null pointer.
            connection.reply(
                HTTPStatus.OK,
                invocation.payload,
                {"Content-Type": "application/json", **headers},
            )

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for connection in list(self._connections):
            connection.abort()

    def _accept(self) -> None:
        accepted, remote = self._socket.accept()
        if user_of(accepted.getsockname(), remote) != self._uid:
            accepted.close()
            log.warning("stranger at a Runtime API turned away")
            return
        accepted.setblocking(False)
        joining = self._loop.create_task(
            self._loop.connect_accepted_socket(lambda: _Connection(self), accepted)
        )
        self._joining.add(joining)
        joining.add_done_callback(self._joining.discard)

    def joined(self, connection: _Connection) -> None:
        self._connections.add(connection)

    def left(self, connection: _Connection) -> None:
        self._connections.discard(connection)
        if self._polling is connection:
            self._polling = None

    def request(self, connection: _Connection, head: _Head) -> None:
        """Carry out one request; `connection` is replied to, now or when an event is there."""
        match head.method, head.path.removeprefix(_PREFIX).split("/"):
            case "GET", ["invocation", "next"]:
                self._polling = connection
                self.speaker.asks_next()
            case "POST", ["invocation", request_id, ("response" | "error") as kind]:
                known = self.speaker.answers(request_id, failed=kind == "error")
                connection.reply(HTTPStatus.ACCEPTED if known else HTTPStatus.BAD_REQUEST)
            case "POST", ["init", "error"]:
                error_type = head.headers.get("lambda-runtime-function-error-type", "unknown")
                self.speaker.init_failed(error_type[:100])
                connection.reply(HTTPStatus.ACCEPTED)
            case _:
                connection.reply(HTTPStatus.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class _Head:
    method: str
    path: str
    headers: dict[str, str]
    length: int


def _parse(head: bytes) -> _Head:
    """Read a request's head; raises ValueError if it is none."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise ValueError("a chunked request")
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= MOST_ANSWER_BYTES:
        raise ValueError("a body larger than Lambda takes")
    return _Head(method, path, headers, length)


class _Connection(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection; bodies are counted and thrown away, as Lambda does."""

    def __init__(self, endpoint: RuntimeEndpoint) -> None:
        self._endpoint = endpoint
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._head: _Head | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._endpoint.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._endpoint.left(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while self._read_head() and self._read_body():
                head, self._head = self._head, None
                assert head
                self._endpoint.request(self, head)
        except ValueError:
            self.reply(HTTPStatus.BAD_REQUEST)
            self.abort()

    def reply(
        self, status: HTTPStatus, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if self._transport:
            self._transport.write("\r\n".join([*lines, "", ""]).encode() + body)

    def abort(self) -> None:
        if self._transport:
            self._transport.abort()

    def _read_head(self) -> bool:
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > _MOST_HEAD_BYTES:
                    raise ValueError("an endless head")
                return False
            self._head = _parse(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
        return True

    def _read_body(self) -> bool:
        assert self._head
        if len(self._buffer) < self._head.length:
            return False
        del self._buffer[: self._head.length]
        return True
