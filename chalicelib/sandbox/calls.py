"""What a script asks for while it runs, done in a thread that cannot hold up the run's end."""

from __future__ import annotations

import base64
import binascii
import logging
import math
import queue
import re
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.text import Text
from chalicelib.sandbox.frames import encode
from chalicelib.sandbox.mask import Mask
from chalicelib.sandbox.outcome import in_both

if TYPE_CHECKING:
    from chalicelib.gateways.http import Request, Response

#: Carries out a request within so many seconds; raises HttpFailed.
Fetch = Callable[["Request", float], "Response"]
#: Does one call with its arguments within so many seconds; returns JSON, raises CallFailed.
Handler = Callable[[Mapping[str, Any], float], Any]

#: Any method but those that are for proxies and for looking at oneself.
_METHOD = re.compile("(?!CONNECT|TRACE)[A-Z]{1,20}")
#: Seconds that a request may take whose script named no limit, if its run has as many left.
_HTTP_SECONDS = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a handler returns that moved bytes over the network."""

    value: Any
    traffic: int


class CallFailed(Exception):
    """A call cannot be done; the script gets the words, and `kind` to tell failures apart."""

    def __init__(self, text: Text, kind: str | None = None, traffic: int = 0) -> None:
        super().__init__(in_both(text))
        self.kind = kind
        self.traffic = traffic


def _request(args: Mapping[str, Any]) -> Request:
    from chalicelib.gateways.http import Request

    try:
        headers = {str(name): str(value) for name, value in args["headers"].items()}
        body = None if args["body"] is None else base64.b64decode(args["body"], validate=True)
        url, pause = args["url"], args.get("timeout")
        good = _METHOD.fullmatch(args["method"]) and isinstance(url, str)
        if good and (pause is None or 0 < float(pause) < math.inf):
            follow = bool(args.get("follow", True))
            return Request(args["method"], url, headers, body, follow, pause)
    except (KeyError, TypeError, AttributeError, ValueError, binascii.Error):
        pass
    raise CallFailed(Text("请求的参数有误", "The arguments of the request are wrong"))


def http_handler(fetch: Fetch) -> Handler:
    """The `http` call: `{method, url, headers, body}` to `{status, reason, headers, body, url}`,
    bodies in base64.

    With `timeout` (seconds that the other side may be silent, or None) it may last as long as
    the run; without, a minute. With `follow` false a redirect is an answer.
    """

    def http(args: Mapping[str, Any], seconds: float) -> Answer:
        # Loaded at the first request, as it costs a cold start what most scripts never use.
        from chalicelib.gateways.http import HttpFailed

        try:
            limit = seconds if "timeout" in args else min(seconds, _HTTP_SECONDS)
            response = fetch(_request(args), limit)
        except HttpFailed as error:
            raise CallFailed(error.text, error.kind, error.traffic) from None
        value = {
            "status": response.status,
            "reason": response.reason,
            "headers": response.headers,
            "body": base64.b64encode(response.body).decode("ascii"),
            "url": response.url,
        }
        return Answer(value, response.traffic)

    return http


class Worker:
    """Does a run's calls, a few at once. Slow ones are left behind when the run ends."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        deadline: float,
        wake: Callable[[], None],
        mask: Mask,
    ) -> None:
        self._handlers = handlers
        self._deadline = deadline
        self._wake = wake
        self._mask = mask
        self._calls: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._threads = 0
        self._counting = threading.Lock()
        #: Bytes that the calls so far have sent and received over the network.
        self.traffic = 0

    def begin(self, call: dict[str, Any], at_once: int) -> None:
        """Start on a call, one of `at_once`; `wake` is called when its answer is there."""
        self._calls.put(call)
        if self._threads < at_once:
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()

    def answer(self) -> bytes | None:
        """The frame that answers, if there is one yet."""
        try:
            return self._answers.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        for _ in range(self._threads):
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
            value = handler(args, self._deadline - time.monotonic())
            if isinstance(value, Answer):
                self._count(value.traffic)
                value = value.value
            return {"ok": True, "value": value}
        except CallFailed as error:
            self._count(error.traffic)
            return {"ok": False, "error": str(error), "kind": error.kind}
        except Exception:
            # The script gets no trace of it: that may hold what is not the script's. And it may
            # hold what is not ours, such as an address with a secret in it.
            trace = self._mask.text(traceback.format_exc())
            name = str(call.get("name"))[:50]
            _log.error("a call of a script failed\n%s", trace, extra={"call": name})
            text = Text("平台内部错误,请联系管理员", "The platform failed; tell its administrator")
            return {"ok": False, "error": in_both(text)}

    def _count(self, traffic: int) -> None:
        with self._counting:
            self.traffic += traffic
