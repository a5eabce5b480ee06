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


def medians(
    ours: Callable[[], Any], peer: Callable[[], Any], times: int, row: int = 1
) -> tuple[float, float]:
    """The median seconds of each, taken in turns so that both meet the same machine.

    `row`: how many of one kind follow each other, where a warm start is what is measured.
    """
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(times // row):
        for work, seconds in zip((ours, peer), found, strict=True):
            seconds += [_seconds(work) for _ in range(row)]
    return statistics.median(found[0]), statistics.median(found[1])


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
