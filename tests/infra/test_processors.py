"""Whether processors are idle, as the kernel tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.processors import Processors


class Machine:
    """A /proc/stat and a clock that are set by hand."""

    def __init__(self, folder: Path) -> None:
        self.stat = folder / "stat"
        self.now = 100.0
        self.idle = 1000.0
        self._write()

    def spend(self, seconds: float, idle: float) -> None:
        self.now += seconds
        self.idle += idle
        self._write()

    def _write(self) -> None:
        ticks = int(self.idle * 100)
        self.stat.write_text(f"cpu  10 20 30 {ticks} 0 0 0 0 0 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n")


@pytest.mark.parametrize(
    ("seconds", "idle", "spare"),
    [
        (0.5, 0.5, True),
        (0.5, 0.2, False),
        (0.1, 0.2, False),
        (60, 120, False),
    ],
    ids=["one idle", "nearly none idle", "too soon to say", "too long ago"],
)
def test_processors_are_spare_when_half_a_one_was_idle(
    tmp_path: Path, seconds: float, idle: float, spare: bool
) -> None:
    machine = Machine(tmp_path)
    processors = Processors(machine.stat, lambda: machine.now)

    machine.spend(seconds, idle)

    assert processors.spare() is spare


def test_this_machines_own_statistics_can_be_read() -> None:
    assert Processors().spare() is False
