"""`get_secret`: asked of the broker, and hidden from then on in what the run leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.sandbox.attempt import Attempt
from chalicelib.sandbox.broker_calls import broker_call
from chalicelib.sandbox.calls import Handler
from chalicelib.sandbox.mask import Mask


def secret_calls(attempt: Attempt, mask: Mask) -> dict[str, Handler]:
    """The handler, under the attempt's token."""
    ask = broker_call(attempt, "get_secret")

    def get_secret(args: Mapping[str, Any], seconds: float) -> Any:
        value = ask(args, seconds)
        # Before the script has it, so that it can say nothing that is not masked.
        mask.learn(value)
        return value

    return {"get_secret": get_secret}
