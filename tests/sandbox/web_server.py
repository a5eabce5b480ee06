"""A real HTTP server that plays webhooks and robots and remembers what it got."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Got:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class WebServer:
    """Answers each path as `pages` says: a status and a body, or JSON with status 200."""

    def __init__(self) -> None:
        self.pages: dict[str, Callable[[Got], tuple[int, bytes]]] = {}
        self.got: list[Got] = []
        owner = self

        class Page(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, answer = owner._answer(
                    Got(self.command, self.path, dict(self.headers), body)
                )
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                """A test's output stays its own."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, got: Got) -> tuple[int, bytes]:
        self.got.append(got)
        page = self.pages.get(got.path.partition("?")[0])
        return page(got) if page else (200, b'{"errcode": 0, "errmsg": "ok"}')

    def sent_to(self, path: str) -> list[Got]:
        return [got for got in self.got if got.path.partition("?")[0] == path]

    def __enter__(self) -> WebServer:
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
