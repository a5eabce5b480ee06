"""A sandbox as the broker sees it: claims, reports and receipts, without a script."""

from __future__ import annotations

import itertools
from typing import Any

from chalicelib.services.broker import answer
from chalicelib.services.platform import Platform
from tests.fakes import FakeQueue

SUCCESS = {
    "status": "success",
    "error_kind": None,
    "error": None,
    "result": None,
    "duration_ms": 5,
}
FAILURE = {
    "status": "failed",
    "error_kind": "script",
    "error": "ValueError: no",
    "result": None,
    "duration_ms": 5,
}


class Sandbox:
    """Plays the events that are due against the real broker."""

    _nonces = itertools.count()

    def __init__(self, platform: Platform, queue: FakeQueue) -> None:
        self.platform = platform
        self.queue = queue

    def ask(self, op: str, **request: Any) -> dict[str, Any]:
        return answer(self.platform, {"op": op, **request})

    def claim(self, event: dict[str, Any], nonce: str | None = None) -> dict[str, Any]:
        held = {"log_id": event["log_id"], "token": event["token"]}
        held["nonce"] = nonce or f"nonce-{next(self._nonces)}"
        return {**held, "answer": self.ask("claim", **held)}

    def beat(self, claimed: dict[str, Any]) -> dict[str, Any]:
        held = {key: claimed[key] for key in ("log_id", "token", "nonce")}
        return self.ask("heartbeat", **held, offset=0, output="")

    def report(
        self, claimed: dict[str, Any], outcome: dict[str, Any], output: str = ""
    ) -> dict[str, Any]:
        held = {key: claimed[key] for key in ("log_id", "token", "nonce")}
        return self.ask("report", **held, outcome=outcome, offset=0, output=output)

    def run_due(self, outcome: dict[str, Any] = SUCCESS) -> list[dict[str, Any]]:
        """Carry out every run whose message is due; returns the orders that were claimed."""
        orders = []
        for event in self.queue.take():
            claimed = self.claim(event)
            if run := claimed["answer"].get("run"):
                orders.append(run)
                assert self.report(claimed, outcome)["ok"]
        return orders
