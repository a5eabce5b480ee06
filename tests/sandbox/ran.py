"""What came of one script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.sandbox.outcome import Outcome


@dataclass
class Ran:
    """Its outcome, its output, and how long it took from outside, in seconds."""

    outcome: Outcome
    output: str
    seconds: float

    @property
    def result(self) -> Any:
        assert self.outcome.status == "success", self.outcome
        return self.outcome.result

    @property
    def kind(self) -> str | None:
        return self.outcome.error_kind

    @property
    def error(self) -> str:
        assert self.outcome.error is not None, self.outcome
        return self.outcome.error
