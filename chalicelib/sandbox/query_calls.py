"""`db_query`: asked of the broker, with the time that the run has left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.text import Text
from chalicelib.sandbox.attempt import Attempt
from chalicelib.sandbox.broker_calls import broker_call
from chalicelib.sandbox.calls import CallFailed, Handler

#: Seconds of the run that are kept for the words of a query which took too long.
_LAST_WORDS = 1.0


def query_calls(attempt: Attempt) -> dict[str, Handler]:
    """The handler, under the attempt's token."""
    ask = broker_call(attempt, "db_query")

    def db_query(args: Mapping[str, Any], seconds: float) -> Any:
        # A query of a run that is over would burden the database for nobody.
        left = seconds - _LAST_WORDS
        if left <= 0:
            text = Text("执行时间所剩无几,未发起查询", "the run has no time left for a query")
            raise CallFailed(text, "timeout")
        known = {"sql": args.get("sql"), "params": args.get("params"), "seconds": float(left)}
        return ask(known, seconds)

    return {"db_query": db_query}
