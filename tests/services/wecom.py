"""WeCom's interface for applications on a real port, and a platform that may speak to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from chalicelib.config import Settings
from chalicelib.gateways import messengers
from chalicelib.gateways.clock import Clock
from chalicelib.gateways.robots import Receipt, Robot
from chalicelib.sandbox.deliveries import deliver_all
from chalicelib.services.platform import Platform
from infra.local.inbox import Inbox
from tests.fakes import FakeClock, FakeQueue
from tests.loopback import serving
from tests.services.sandboxes import Sandbox

CORPID, SECRET = "ww0123456789abcdef", "app-secret-0123456789"


class Wecom:
    """The inbox behind a door that counts, and that may answer in its place."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.asked: list[str] = []
        self.says: dict[str, Any] = {}
        self.forget_tokens()

    def forget_tokens(self) -> None:
        """As when a secret is reset: tokens that were given out are worth nothing."""
        self._inbox = Inbox(self._clock, None)
        self.look = Client(self._inbox)
        self.look.put(f"/robots/{CORPID}", json={"secret": SECRET})

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(request.path)
        if request.path in self.says:
            return _json(self.says[request.path])(environ, start_response)
        return self._inbox(environ, start_response)

    def tokens(self) -> int:
        return self.asked.count("/cgi-bin/gettoken")

    def messages(self) -> list[dict[str, Any]]:
        items = self.look.get(f"/messages?robot={CORPID}").get_json()["items"]
        return [item["payload"] for item in items if item["errcode"] == 0]


def _json(value: Any) -> Response:
    if isinstance(value, int):
        return Response("gone wrong", status=value)
    return Response(json.dumps(value), mimetype="application/json")


@dataclass
class Corp:
    """A platform, WeCom, and a sandbox that posts what it is told to."""

    platform: Platform
    queue: FakeQueue
    clock: FakeClock
    sandbox: Sandbox
    wecom: Wecom
    base: str

    def app(self, **fields: Any) -> dict[str, Any]:
        """The fields of an application."""
        plain = {"app_name": "报表", "corpid": CORPID, "agentid": 1000002, "touser": "@all"}
        return {**plain, "secret": SECRET, "api_base": self.base, **fields}

    def post(self, deliveries: list[dict[str, Any]], token: str) -> None:
        """Send deliveries as a sandbox does, and tell the broker what came of it."""
        if deliveries:
            receipts = deliver_all(deliveries, self._send, self.clock)
            assert self.sandbox.ask("receipts", token=token, receipts=receipts)["ok"]

    def _send(self, robot: Robot, payload: Any, uuid: str, clock: Clock) -> Receipt:
        allow = self.platform.settings.egress_allow
        return messengers.send(robot, payload, uuid=uuid, now=clock.now(), allow=allow)

    def deliver(self) -> None:
        """Take up what a tick, or a test, put into the queue."""
        for body in self.queue.take():
            answer = self.sandbox.ask("deliveries", ids=body["ids"], token=body["token"])
            self.post(answer["deliveries"], body["token"])


@contextmanager
def corp_on(platform: Platform, queue: FakeQueue, clock: FakeClock) -> Iterator[Corp]:
    wecom = Wecom(clock)
    mounted = DispatcherMiddleware(Response(status=404), {"/wecom": wecom})
    with serving(mounted) as origin:
        platform = replace(platform, settings=Settings(egress_allow=(f"{origin}/wecom/",)))
        sandbox = Sandbox(platform, queue)
        yield Corp(platform, queue, clock, sandbox, wecom, f"{origin}/wecom")
