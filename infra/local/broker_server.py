"""The broker on one machine: answers the sandbox's requests on a unix socket."""

from __future__ import annotations

import json
import logging
import socketserver
import struct
import traceback
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Thread
from typing import Any

#: A request is at most so large: a report's output and result, and room.
MOST_BYTES = 8 * 1024 * 1024
#: A peer that sends nothing, or takes nothing, for so long is given up.
_PATIENCE_SECONDS = 15.0
#: How long a stop waits for requests that are being answered.
_FAREWELL_SECONDS = 10.0
_LENGTH = struct.Struct(">I")

Answer = Callable[[dict[str, Any]], dict[str, Any]]

log = logging.getLogger(__name__)


class BrokerServer:
    """One request and one answer per connection, a thread for each.

    A frame is its length in 4 bytes, big-endian, and so many bytes of JSON.
    """

    def __init__(
        self, path: Path, answer: Answer, farewell_seconds: float = _FAREWELL_SECONDS
    ) -> None:
        """The folder of `path` is made if missing: others may pass through it, but not list it."""
        self._path = path
        self._farewell_seconds = farewell_seconds
        self._answer = answer

    def start(self) -> None:
        """Listen; raises OSError if the path cannot be used, as when it is too long (unix(7))."""
        folder = self._path.parent
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o711)
        # A host that was killed leaves its socket behind.
        self._path.unlink(missing_ok=True)
        self._server = _Server(str(self._path), _Connection)
        self._server.answer = self._answer
        # Each environment may have a uid of its own; what it may ask, its token says.
        self._path.chmod(0o666)
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.1,), name="broker", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests; return when those that came have their answers, or soon after.

        One that waits for a model may last for minutes, and its script is dead by now.
        """
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if not self._server.wait_for_answers(self._farewell_seconds):
            log.info("the broker stopped before all requests were answered")
        self._path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    request_queue_size = 128
    daemon_threads = True
    answer: Answer

    def __init__(self, path: str, handler: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__(path, handler)
        self._change = Condition()
        self._under_way = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        self._count(1)
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._count(-1)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._count(-1)

    def _count(self, step: int) -> None:
        with self._change:
            self._under_way += step
            self._change.notify_all()

    def wait_for_answers(self, seconds: float) -> bool:
        """Whether every request that came is answered within `seconds`."""
        with self._change:
            return self._change.wait_for(lambda: not self._under_way, seconds)

    def handle_error(self, request: object, client_address: object) -> None:
        # A peer that went away; nothing of what it sent belongs in a log.
        log.info("connection to the broker lost")


class _Connection(socketserver.StreamRequestHandler):
    timeout = _PATIENCE_SECONDS
    server: _Server

    def handle(self) -> None:
        head = self.rfile.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return
        (length,) = _LENGTH.unpack(head)
        if length > MOST_BYTES:
            self._send(_error("refused", f"a request is at most {MOST_BYTES} bytes, not {length}"))
            return
        body = self.rfile.read(length)
        if len(body) == length:
            self._send(self._answer(body))

    def _answer(self, body: bytes) -> bytes:
        try:
            request = json.loads(body)
        except ValueError:
            return _error("refused", "the request is no JSON")
        if not isinstance(request, dict):
            return _error("refused", "the request is no JSON object")
        try:
            answer = self.server.answer(request)
            return json.dumps(answer, allow_nan=False).encode()
        except Exception as error:
            # Neither the request nor the error's text, which may repeat it, but the way there.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("broker failed: %s\n%s", type(error).__name__, where)
            return _error("unavailable", "the broker met an error; it is in the platform's log")

    def _send(self, body: bytes) -> None:
        self.wfile.write(_LENGTH.pack(len(body)) + body)


def _error(code: str, message: str) -> bytes:
    return json.dumps({"ok": False, "error": {"code": code, "message": message}}).encode()
