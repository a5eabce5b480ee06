"""An environment of the sandbox function, with a broker and a web of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.sandbox.function import Sandbox, handle
from chalicelib.sandbox.heartbeat import Rhythm
from tests.sandbox.fake_broker import FakeBroker
from tests.sandbox.web_server import WebServer

EVENT = {"kind": "run", "log_id": 3, "token": "run-token"}
FAST = Rhythm(first=0.05, every=0.05)


@dataclass
class World:
    """A warm environment with a broker and a web of its own."""

    here: Sandbox
    broker: FakeBroker
    web: WebServer

    def run(self, script: str = "", event: dict[str, Any] = EVENT, **fields: Any) -> None:
        """Handle an event whose claim is answered with such a run."""
        order = {
            "log_id": 3,
            "trace_id": "trace-1",
            "task_id": 7,
            "tenant_id": "acme",
            "task_name": "日报",
            "execution_type": "script",
            "script_content": script,
            "webhook_url": None,
            "input_params": {"n": 1},
            "timezone": "Asia/Shanghai",
            "timeout_seconds": 20,
            "retry_count": 0,
            "scheduled_for": "2026-11-23T00:00:00Z",
            "is_test": False,
        }
        answer = {"ok": True, "run": {**order, **fields}, "reason": None}
        self.broker.rules.setdefault("claim", lambda _: answer)
        self.broker.rules.setdefault(
            "report", lambda _: {"ok": True, "deliveries": [], "token": None}
        )
        handle(event, self.here)

    @property
    def report(self) -> dict[str, Any]:
        (report,) = self.broker.asked("report")
        return report

    @property
    def outcome(self) -> dict[str, Any]:
        outcome: dict[str, Any] = self.report["outcome"]
        return outcome

    @property
    def receipts(self) -> list[dict[str, Any]]:
        (request,) = self.broker.asked("receipts")
        receipts: list[dict[str, Any]] = request["receipts"]
        return receipts

    def delivery(self, number: int, kind: str, **fields: Any) -> dict[str, Any]:
        robot = (
            "robot/send?access_token=" if kind == "dingtalk_bot" else "cgi-bin/webhook/send?key="
        )
        channel = {
            "id": number,
            "channel_name": "群",
            "channel_type": kind,
            "webhook_url": f"{self.web.url}/{robot}channel-token-{number}",
            "sign_secret": "SECsign" if kind == "dingtalk_bot" else None,
        }
        base = {"id": number, "result": {"content": "你好"}, "title": "日报", "uuid": "ab" * 16}
        return {**base, "channel": channel, **fields}
