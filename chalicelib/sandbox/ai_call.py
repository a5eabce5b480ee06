"""`ai()` as the supervisor has it: the broker asks, and the run's log says what it used."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.ai import LONGEST_CALL
from chalicelib.sandbox.attempt import Attempt
from chalicelib.sandbox.broker_calls import PATIENCE, value_of
from chalicelib.sandbox.calls import Handler
from chalicelib.sandbox.output import Output

#: Seconds that the broker has beyond the provider's, to check before and to count afterwards.
_ALLOWANCE = 10.0


def ai_handler(attempt: Attempt, output: Output) -> Handler:
    """`{prompt, system, model}` to the text; no longer than the run has left."""

    def handle(args: Mapping[str, Any], seconds: float) -> str:
        limit = min(seconds, LONGEST_CALL)
        # Last, so that a script's own `seconds` does not count.
        asked = {**args, "seconds": limit}
        patience = min(seconds, PATIENCE)
        start = time.monotonic()
        answer = value_of(lambda: attempt.call_once("ai", asked, limit + _ALLOWANCE, patience))
        output.add(_line(answer, time.monotonic() - start))
        text: str = answer["text"]
        return text

    return handle


def _line(answer: Mapping[str, Any], seconds: float) -> str:
    about = "~" if answer["is_estimated"] else ""
    tokens = f"{about}{answer['prompt_tokens']} + {about}{answer['completion_tokens']} tokens"
    cut = ";达到输出长度上限,已截断 / cut at its limit of length" if answer["is_cut"] else ""
    return f"[ai] {answer['model']}: {tokens}, {seconds:.1f} s{cut}\n"
