"""A value beside its peer's, both measured in the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Measurement:
    """`ratio` is value ÷ peer_value."""

    value: float
    unit: str
    peer: str
    peer_value: float
    better: Literal["higher", "lower"]

    @property
    def ratio(self) -> float:
        return self.value / self.peer_value

    def row(self) -> dict[str, Any]:
        return {**self.__dict__, "ratio": self.ratio}

    def told(self) -> str:
        return (
            f"{self.value:.3g} {self.unit}, {self.peer}: {self.peer_value:.3g} {self.unit},"
            f" ratio {self.ratio:.2f} ({self.better} is better)"
        )


def medians(ours: Callable[[], Any], peer: Callable[[], Any], times: int) -> tuple[float, float]:
    """The median seconds of each, taken in turns so that both meet the same machine."""
    pairs = [(_seconds(ours), _seconds(peer)) for _ in range(times)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
