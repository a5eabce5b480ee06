"""A socket that is none: what a library writes to it as an HTTP request leaves as one call."""

from __future__ import annotations

import errno
import io
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sandbox_runner.frames import CallFailed
from sandbox_runner.http_request import failure_of, request
from sandbox_runner.http_text import WEB_ONLY, response

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

Call = Callable[[str, Mapping[str, Any]], Any]
#: The largest request body, in bytes; the platform reads frames of 8 MiB.
MAX_BODY = 5 << 20


class HttpSocket:
    """Carries one request to `host`. There is no descriptor behind it.

    `patient`: the request leaves when the answer is first read, as urllib3 sets the time-out
    that it means for the answer just before; else as soon as it is complete, so that urllib
    sees what fails where it expects that.
    """

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    def __init__(
        self, call: Call, host: str, port: int, timeout: float | None, patient: bool = False
    ) -> None:
        self._call = call
        self._host = host
        self._port = port
        self._timeout = timeout
        self._patient = patient
        self._scheme = "http"
        self._sent = bytearray()
        self._answer: io.BytesIO | None = None

    def over_tls(self) -> HttpSocket:
        """The platform does the handshake, and verifies the certificate in any case."""
        self._scheme = "https"
        return self

    def send(self, data: ReadableBuffer) -> int:
        size = memoryview(data).nbytes
        self._sent += data
        if len(self._sent) > MAX_BODY + (1 << 16):
            words = "请求体超过 5 MB / the request body is over 5 MB"
            raise OSError(errno.EMSGSIZE, words)
        if not self._patient and self._answer is None:
            self._exchange(self._request())
        return size

    def sendall(self, data: ReadableBuffer) -> None:
        self.send(data)

    def _request(self) -> dict[str, Any] | None:
        """What was written, or None if the request is not complete yet."""
        asked = request(bytes(self._sent), self._scheme, self._host, self._port)
        return None if asked is None else {**asked, "timeout": self._timeout}

    def _exchange(self, request: dict[str, Any] | None) -> None:
        if request is None:
            return
        failure: OSError | None = None
        try:
            answer = self._call("http", request)
        except CallFailed as failed:
            failure = failure_of(failed)
        if failure is None:
            self._answer = io.BytesIO(response(request["method"], answer))
        elif self._patient or not isinstance(failure, TimeoutError | ConnectionResetError):
            raise failure
        else:
            # A real connection stands by now: such errors come when the answer is read.
            self._answer = _Broken(failure)

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        if self._answer is None:
            self._exchange(self._request())
        if self._answer is None:
            raise OSError(errno.EPROTONOSUPPORT, WEB_ONLY)
        view = memoryview(buffer).cast("B")
        return self._answer.readinto(view[: nbytes or None])

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        buffer = bytearray(bufsize)
        return bytes(buffer[: self.recv_into(buffer)])

    def makefile(self, mode: str = "r", *args: Any, **kwargs: Any) -> io.BufferedIOBase:
        """A stream of the answer, or of the request where `mode` says so."""
        if "w" in mode:
            return io.BufferedWriter(_Stream(self))
        return io.BufferedReader(_Stream(self))

    def settimeout(self, value: float | None) -> None:
        self._timeout = value

    def gettimeout(self) -> float | None:
        return self._timeout

    def setblocking(self, flag: bool) -> None:
        """There is nothing that it could not wait for."""

    def setsockopt(self, *args: Any) -> None:
        """Options are the platform's."""

    def getpeername(self) -> tuple[str, int]:
        return self._host, self._port

    def getsockname(self) -> tuple[str, int]:
        return "0.0.0.0", 0

    def fileno(self) -> int:
        """As of a closed socket: there is nothing to poll, and nothing to use again."""
        return -1

    def shutdown(self, how: int) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open; streams of the answer can still be read, as of a real socket."""

    def getpeercert(self, binary_form: bool = False) -> Any:
        """A certificate for the host that was asked, as the platform accepts no other."""
        if binary_form:
            raise ValueError("沙箱里看不到服务器证书 / the sandbox does not see certificates")
        return {"subjectAltName": (("DNS", self._host),)}

    def selected_alpn_protocol(self) -> str:
        return "http/1.1"

    def version(self) -> str:
        return "TLSv1.3"

    def __enter__(self) -> HttpSocket:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


class _Broken(io.BytesIO):
    """An answer that did not come."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def readinto(self, buffer: WriteableBuffer) -> int:
        raise self._error


class _Stream(io.RawIOBase):
    def __init__(self, sock: HttpSocket) -> None:
        self._socket = sock

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        return self._socket.recv_into(buffer)

    def write(self, data: ReadableBuffer) -> int:
        return self._socket.send(data)
