"""Sandboxes in a world where all breaks: each event meets a fate."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Any

from tests.services.chaos import ThreadQueue
from tests.services.sandboxes import FAILURE, SUCCESS, Sandbox

RESULTS: Sequence[Any] = (None, {"content": "好 😀"}, 0, "", [], {"a": "\x00\n'\"\\"})
#: How a sandbox treats an event.
FATES = ("works",) * 6 + ("hangs", "hangs", "dies", "ignores", "doubles", "stutters", "stutters")


@dataclass(frozen=True)
class Fate:
    """What happens to one event, decided before threads make the order a matter of chance."""

    kind: str
    outcome: dict[str, Any]
    receipt: str | None

    @classmethod
    def drawn(cls, chance: random.Random) -> Fate:
        good = {**SUCCESS, "result": chance.choice(RESULTS)}
        outcome = chance.choice([good, good, FAILURE])
        receipt = chance.choice(["sent", "sent", "failed", "later", None])
        return cls(chance.choice(FATES), outcome, receipt)


class Sandboxes:
    """Take up what is due; `started` has the nonces of each attempt that were given a run,
    `alive` the instants at which it gave a sign of life."""

    def __init__(
        self,
        sandbox: Sandbox,
        queue: ThreadQueue,
        guarded: Callable[[Callable[[], object]], None],
    ) -> None:
        """`guarded` keeps what a piece of work raises from the others."""
        self.sandbox, self.queue = sandbox, queue
        self.started: dict[int, set[str]] = defaultdict(set)
        self.alive: dict[int, list[datetime]] = defaultdict(list)
        self._guarded = guarded
        self._held: list[tuple[dict[str, Any], Fate]] = []
        self._lock = Lock()

    def play(self, fates: Sequence[Fate]) -> int:
        """Sandboxes take up what is due, and go on with what they hold; returns how many."""
        with self._lock:
            held, self._held = self._held, []
        turns = itertools.cycle(fates)
        for (claimed, fate), turn in zip(held, turns, strict=False):
            self._guarded(partial(self._go_on, claimed, fate, turn))
        events = self.queue.take()
        for event, fate in zip(events, turns, strict=False):
            happens = self._deliver if event["kind"] == "deliver" else self._run
            self._guarded(partial(happens, event, fate))
        return len(held) + len(events)

    def _run(self, event: dict[str, Any], fate: Fate) -> None:
        if fate.kind == "ignores":
            return
        claims = 2 if fate.kind == "doubles" else 1
        for claimed in [self._claim(event) for _ in range(claims)]:
            if fate.kind == "stutters":
                claimed = {**claimed, **self._claim(event, claimed["nonce"])}
            if claimed["answer"].get("run") is None or fate.kind == "dies":
                continue
            if fate.kind == "hangs":
                with self._lock:
                    self._held.append((claimed, fate))
            else:
                self._report(claimed, fate)

    def _claim(self, event: dict[str, Any], nonce: str | None = None) -> dict[str, Any]:
        claimed = self.sandbox.claim(event, nonce)
        if claimed["answer"].get("run"):
            with self._lock:
                self.started[event["log_id"]].add(claimed["nonce"])
                self.alive[event["log_id"]].append(self.sandbox.platform.now())
        return claimed

    def _go_on(self, claimed: dict[str, Any], fate: Fate, turn: Fate) -> None:
        """A run that hangs lives on, ends at last, perhaps long after it was given up, or dies."""
        if turn.kind in ("hangs", "doubles", "ignores"):
            with self._lock:
                self._held.append((claimed, fate))
            answer = {} if turn.kind == "ignores" else self.sandbox.beat(claimed)
            if answer.get("ok"):
                self.alive[claimed["log_id"]].append(self.sandbox.platform.now())
            if answer.get("cancel"):
                stopped = {**FAILURE, "status": "cancelled", "error_kind": "cancelled"}
                self._report(claimed, Fate("works", stopped, None))
        elif turn.kind != "dies":
            self._report(claimed, fate)

    def _report(self, claimed: dict[str, Any], fate: Fate) -> None:
        answer = self.sandbox.report(claimed, fate.outcome, "打印 😀\x00")
        if fate.kind == "stutters":
            answer = self.sandbox.report(claimed, fate.outcome, "打印 😀\x00")
        self._send(answer, answer.get("token"), fate)

    def _deliver(self, event: dict[str, Any], fate: Fate) -> None:
        answer = self.sandbox.ask("deliveries", ids=event["ids"], token=event["token"])
        self._send(answer, event["token"], fate)

    def _send(self, answer: dict[str, Any], token: str | None, fate: Fate) -> None:
        receipts = [
            {"id": delivery["id"], "status": fate.receipt, "retry_after_seconds": 90}
            for delivery in answer.get("deliveries", [])
            if fate.receipt
        ]
        if receipts:
            self.sandbox.ask("receipts", token=token, receipts=receipts)
