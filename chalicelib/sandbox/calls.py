"""What a script asks for while it runs, done in a thread that cannot hold up the run's end."""

from __future__ import annotations

import base64
import binascii
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chalicelib.domain.text import Text
from chalicelib.sandbox.frames import encode
from chalicelib.sandbox.outcome import in_both

if TYPE_CHECKING:
    from chalicelib.gateways.http import Request, Response

#: Carries out a request within so many seconds; raises HttpFailed.
Fetch = Callable[["Request", float], "Response"]
#: Does one call with its arguments within so many seconds; returns JSON, raises CallFailed.
Handler = Callable[[Mapping[str, Any], float], Any]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = logging.getLogger(__name__)


class CallFailed(Exception):
    """A call cannot be done; the script gets the words."""

    def __init__(self, text: Text) -> None:
        super().__init__(in_both(text))


def _request(args: Mapping[str, Any]) -> Request:
    from chalicelib.gateways.http import Request

    try:
        headers = {str(name): str(value) for name, value in args["headers"].items()}
        body = None if args["body"] is None else base64.b64decode(args["body"], validate=True)
        if args["method"] in _METHODS and isinstance(args["url"], str):
            return Request(args["method"], args["url"], headers, body)
    except (KeyError, TypeError, AttributeError, ValueError, binascii.Error):
        pass
    raise CallFailed(Text("请求的参数有误", "The arguments of the request are wrong"))


def http_handler(fetch: Fetch) -> Handler:
    """The `http` call: `{method, url, headers, body}` to `{status, reason, headers, body, url}`,
    bodies in base64."""

    def http(args: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        # Loaded at the first request, as it costs a cold start what most scripts never use.
        from chalicelib.gateways.http import HttpFailed

        try:
            response = fetch(_request(args), seconds)
        except HttpFailed as error:
            raise CallFailed(error.text) from None
        return {
            "status": response.status,
            "reason": response.reason,
            "headers": response.headers,
            "body": base64.b64encode(response.body).decode("ascii"),
            "url": response.url,
        }

    return http


class Worker:
    """Does a run's calls one after the other. A slow one is left behind when the run ends."""

    def __init__(
        self, handlers: Mapping[str, Handler], deadline: float, wake: Callable[[], None]
    ) -> None:
        self._handlers = handlers
        self._deadline = deadline
        self._wake = wake
        self._calls: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def begin(self, call: dict[str, Any]) -> None:
        """Start on a call; `wake` is called when its answer is there."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        self._calls.put(call)

    def answer(self) -> bytes | None:
        """The frame that answers, if there is one yet."""
        try:
            return self._answers.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            self._answers.put(encode({"t": "answer", "id": call.get("id"), **self._do(call)}))
            # Nobody waits for it any more once the run has ended.
            with suppress(OSError):
                self._wake()

    def _do(self, call: Mapping[str, Any]) -> dict[str, Any]:
        handler = self._handlers.get(str(call.get("name")))
        args = call.get("args")
        try:
            if handler is None or not isinstance(args, dict):
                raise CallFailed(Text("没有这个函数", "There is no such function"))
            return {"ok": True, "value": handler(args, self._deadline - time.monotonic())}
        except CallFailed as error:
            return {"ok": False, "error": str(error)}
        except Exception:
            # The script gets no trace of it: that may hold what is not the script's.
            _log.exception("a call of a script failed", extra={"call": str(call.get("name"))[:50]})
            text = Text("平台内部错误,请联系管理员", "The platform failed; tell its administrator")
            return {"ok": False, "error": in_both(text)}
