"""Where failed invocations go, as the on-failure destination of asynchronous ones does."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.local.runtime_api import Invocation

#: Told of each event that was not carried out to its end, and why: `age` and `init` never reached
#: the function; `crash`, `timeout` and `error` did; `stopped` may have.
OnDropped = Callable[[dict[str, Any], str], None]

log = logging.getLogger(__name__)


class Destination:
    """Tells a function, in a thread of its own, of one event after another."""

    def __init__(self, on_dropped: OnDropped | None) -> None:
        self._on_dropped = on_dropped
        self._thread = ThreadPoolExecutor(1, "sandbox-host-destination")

    def tell(self, invocation: Invocation, reason: str) -> None:
        """Return at once; the function is called when its turn comes."""
        log.warning(
            "invocation failed", extra={"request_id": invocation.request_id, "reason": reason}
        )
        self._thread.submit(self._call, json.loads(invocation.payload), reason)

    def close(self) -> None:
        """Return when the function has been told of everything."""
        self._thread.shutdown()

    def _call(self, event: dict[str, Any], reason: str) -> None:
        if self._on_dropped is None:
            return
        try:
            self._on_dropped(event, reason)
        except Exception:
            log.exception("nobody could be told of a failed invocation")
