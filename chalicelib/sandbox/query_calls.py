"""`db_query`: asked of the broker, one at a time, with the time that the run has left."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.text import Text
from chalicelib.sandbox.attempt import Attempt
from chalicelib.sandbox.broker_calls import broker_call
from chalicelib.sandbox.calls import CallFailed, Handler

#: Seconds of the run that are kept for the words of a query which took too long.
_LAST_WORDS = 1.0


def query_calls(attempt: Attempt) -> dict[str, Handler]:
    """The handler, under the attempt's token.

    Queries of a script's threads take turns: each holds a broker and a connection to the data
    source for as long as it lasts, and both are for everybody.
    """
    ask = broker_call(attempt, "db_query")
    turn = threading.Lock()

    def db_query(args: Mapping[str, Any], seconds: float) -> Any:
        # A query of a run that is over would burden the database for nobody.
        end = time.monotonic() + seconds - _LAST_WORDS
        if not turn.acquire(timeout=max(0.0, seconds - _LAST_WORDS)):
            raise _no_time()
        try:
            left = end - time.monotonic()
            if left <= 0:
                raise _no_time()
            known = {"sql": args.get("sql"), "params": args.get("params"), "seconds": left}
            return ask(known, left + _LAST_WORDS)
        finally:
            turn.release()

    return {"db_query": db_query}


def _no_time() -> CallFailed:
    text = Text("执行时间所剩无几,未发起查询", "the run has no time left for a query")
    return CallFailed(text, "timeout")
