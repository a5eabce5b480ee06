"""What a sandbox says to the broker about one attempt, and how patiently."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.gateways.broker import Broker, BrokerUnavailable
from chalicelib.gateways.clock import Clock

#: The longest pause between two asks, in seconds.
_LONGEST_PAUSE = 8.0


def ask_patiently(
    broker: Broker, request: dict[str, Any], clock: Clock, patience_seconds: float
) -> dict[str, Any]:
    """Ask until there is an answer, with growing jittered pauses.

    Raises BrokerUnavailable once `patience_seconds` are over, BrokerRefused at once.
    """
    return repeat_patiently(partial(broker.ask, request), clock, patience_seconds)


def repeat_patiently(
    ask: Callable[[], dict[str, Any]],
    clock: Clock,
    patience_seconds: float,
    may_repeat: Callable[[BrokerUnavailable], bool] = lambda error: True,
) -> dict[str, Any]:
    """The same for any way to ask, while `may_repeat` says so."""
    end = clock.now() + timedelta(seconds=patience_seconds)
    pause = 0.2
    while True:
        try:
            return ask()
        except BrokerUnavailable as error:
            if clock.now() >= end or not may_repeat(error):
                raise
        # Jitter only spreads load; nobody gains by guessing it.
        wake = clock.now() + timedelta(seconds=random.uniform(pause / 2, pause))
        clock.sleep_until(min(wake, end))
        pause = min(pause * 2, _LONGEST_PAUSE)


@dataclass(frozen=True)
class Attempt:
    """One attempt in this environment; the nonce lets its lost answers be asked for again."""

    broker: Broker
    clock: Clock
    log_id: int
    token: str = field(repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    def _request(self, op: str, **fields: Any) -> dict[str, Any]:
        known = {"log_id": self.log_id, "token": self.token, "nonce": self.nonce}
        return {"op": op, **known, **fields}

    def claim(self, patience_seconds: float) -> dict[str, Any]:
        return ask_patiently(self.broker, self._request("claim"), self.clock, patience_seconds)

    def beat(self, offset: int, output: str) -> bool:
        """Show that it lives, with new output; True if the run is to be cancelled. Asks once."""
        answer = self.broker.ask(self._request("heartbeat", offset=offset, output=output))
        return bool(answer.get("cancel"))

    def call(self, name: str, args: Mapping[str, Any], patience_seconds: float) -> dict[str, Any]:
        """Have the platform do what the script asks for: `{"value"}` or `{"failed"}`."""
        request = self._request("call", name=name, args=args)
        return ask_patiently(self.broker, request, self.clock, patience_seconds)

    def call_once(
        self, name: str, args: Mapping[str, Any], seconds: float, patience_seconds: float
    ) -> dict[str, Any]:
        """As `call`, for what lasts up to `seconds` and is not to be done twice.

        It is repeated only while the broker cannot have heard of it.
        """
        request = self._request("call", name=name, args=args)
        ask = partial(self.broker.ask_once, request, seconds)
        return repeat_patiently(ask, self.clock, patience_seconds, lambda error: not error.heard)

    def report(
        self, outcome: dict[str, Any], offset: int, output: str, patience_seconds: float
    ) -> dict[str, Any]:
        request = self._request("report", outcome=outcome, offset=offset, output=output)
        return ask_patiently(self.broker, request, self.clock, patience_seconds)
