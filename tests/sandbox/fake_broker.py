"""A broker on a real unix socket that answers as it is told and remembers what it was asked."""

from __future__ import annotations

import json
import socketserver
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

Answer = dict[str, Any]
#: None: hang up without an answer.
Rule = Callable[[dict[str, Any]], Answer | None]


def refused(code: str = "refused") -> Answer:
    return {"ok": False, "error": {"code": code, "message": "as the test says"}}


class FakeBroker:
    """Serves between entry and exit. `rules` by op; without one the answer is a bare ok."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.rules: dict[str, Rule] = {}
        self.requests: list[dict[str, Any]] = []
        self._news = threading.Condition()
        owner = self

        class Connection(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                (size,) = struct.unpack(">I", self.rfile.read(4))
                answer = owner._answer(json.loads(self.rfile.read(size)))
                if answer is not None:
                    body = json.dumps(answer).encode()
                    # Who asks may have lost patience.
                    with suppress(BrokenPipeError):
                        self.wfile.write(struct.pack(">I", len(body)) + body)

        self._server = socketserver.ThreadingUnixStreamServer(self.path, Connection)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def _answer(self, request: dict[str, Any]) -> Answer | None:
        with self._news:
            self.requests.append(request)
            self._news.notify_all()
        rule = self.rules.get(request["op"])
        return rule(request) if rule else {"ok": True}

    def asked(self, op: str) -> list[dict[str, Any]]:
        with self._news:
            return [request for request in self.requests if request["op"] == op]

    def wait_for(self, op: str, seconds: float = 5) -> bool:
        """Whether `op` has been asked, or is within `seconds`."""
        with self._news:
            asked = lambda: any(one["op"] == op for one in self.requests)  # noqa: E731
            return self._news.wait_for(asked, seconds)

    def __enter__(self) -> FakeBroker:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
