"""The SDK functions that the platform does: asked of the broker, for this run alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.text import Text
from chalicelib.gateways.broker import BrokerRefused, BrokerUnavailable
from chalicelib.sandbox.attempt import Attempt
from chalicelib.sandbox.calls import CallFailed, Handler

#: The names that `chalicelib.services.script_calls` answers to.
NAMES = ("get_var", "set_var", "del_var")
#: Seconds for which a call is repeated while the broker is away.
_PATIENCE = 20.0


def broker_calls(attempt: Attempt) -> dict[str, Handler]:
    """A handler for each name, under the attempt's token, which the script never sees."""
    return {name: broker_call(attempt, name) for name in NAMES}


def broker_call(attempt: Attempt, name: str) -> Handler:
    """The handler that asks the platform to do `name`."""

    def handle(args: Mapping[str, Any], seconds: float) -> Any:
        try:
            answer = attempt.call(name, args, min(seconds, _PATIENCE))
        except BrokerRefused:
            raise CallFailed(
                Text("平台拒绝了该请求:本次执行已结束", "The platform refused: this run is over"),
                "refused",
            ) from None
        except BrokerUnavailable:
            raise CallFailed(
                Text("平台暂时不可用,请稍后重试", "The platform is away for now; try again later"),
                "unavailable",
            ) from None
        if failure := answer.get("failed"):
            raise CallFailed(Text(failure["zh"], failure["en"]), failure["kind"])
        return answer["value"]

    return handle
