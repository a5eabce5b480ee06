"""The signs of life of a run, in a thread beside it: they carry output there and a cancel back."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from types import TracebackType

from chalicelib.gateways.broker import BrokerRefused, BrokerUnavailable
from chalicelib.sandbox.attempt import Attempt
from chalicelib.sandbox.output import Output

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rhythm:
    """When a run beats, in seconds: once early, so that a log is soon seen, then steadily."""

    first: float = 2.0
    every: float = 10.0
    #: How long the end of a run waits for a beat that is still under way.
    farewell: float = 10.0


class Heartbeat:
    """Beats from entry to exit; sets `cancelled` when the run is to stop."""

    def __init__(
        self, attempt: Attempt, output: Output, cancelled: threading.Event, rhythm: Rhythm
    ) -> None:
        self._attempt = attempt
        self._output = output
        self._cancelled = cancelled
        self._rhythm = rhythm
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, daemon=True)
        #: Characters of output that the broker is known to have.
        self.sent = 0
        #: The broker no longer takes this attempt for ours.
        self.disowned = False

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        # An answer that comes later changes nothing: the report counts from `sent`.
        self._thread.join(self._rhythm.farewell)

    def _beat_on(self) -> None:
        wait = self._rhythm.first
        while not self._over.wait(wait) and not self.disowned:
            self._beat()
            wait = self._rhythm.every

    def _beat(self) -> None:
        text = self._output.take(self.sent)
        try:
            cancel = self._attempt.beat(self.sent, text)
        except BrokerUnavailable:
            # The lease outlasts some beats; the next one brings what this one has not.
            return
        except BrokerRefused as refusal:
            _log.warning(
                "the attempt is no longer ours",
                extra={"log_id": self._attempt.log_id, "why": str(refusal)},
            )
            self.disowned = cancel = True
        else:
            self.sent += len(text)
        if cancel:
            self._cancelled.set()
