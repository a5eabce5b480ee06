"""One environment for very many runs: nothing grows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.conftest import UID, Bench, needs_accounts
from tests.sandbox.hostile.environment import Environment

#: Enough to see a leak of one page or descriptor per ten runs; `RUNS=10000` for the whole budget.
RUNS = int(os.environ.get("RUNS", "2000"))
#: What the first runs fill: caches of modules, zones, malloc's own.
WARM_UP = 200
GROWTH_KB = 600


@pytest.fixture
def environment(python: str, readable_folder: Path, tmp_path: Path) -> Iterator[Environment]:
    uid = os.getuid() if UID is None else UID + 3000
    made = Environment(python, readable_folder, uid, Path("/tmp"))
    made.start()
    yield made
    made.stop()


def _kilobytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0])


def _descriptors(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except PermissionError:
        # It is closed to its own account; the size of its table is not.
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.partition("FDSize:")[2].split()[0])


@pytest.mark.slow
@pytest.mark.timeout(600)
@needs_accounts
def test_memory_descriptors_and_processes_stay_as_they_were(environment: Environment) -> None:
    code = "print('x' * 1000)\nopen('report', 'w').write('x')\nresult = [task_id, get_param('n')]"

    def run(times: int) -> list[tuple[int, int]]:
        for number in range(times):
            answer = environment.run(code, params={"n": number})
            assert answer is not None
            assert answer["result"] == [None, number], answer
        return [(_kilobytes(pid), _descriptors(pid)) for pid in environment.family()]

    before = run(WARM_UP)
    processes = environment.family()
    after = run(RUNS)

    assert environment.family() == processes
    assert environment.strays() == []
    for (memory, descriptors), (memory_then, descriptors_then) in zip(after, before, strict=True):
        assert memory - memory_then < GROWTH_KB
        assert descriptors == descriptors_then


@pytest.mark.skipif(os.getuid() != 0, reason="a child's memory is closed to its own account")
def test_one_more_child_costs_little_memory_of_its_own(bench: Bench) -> None:
    found: list[int] = []

    def measure(*_: object) -> None:
        (child,) = bench.survivors()
        rollup = Path(f"/proc/{child.pid}/smaps_rollup").read_text()
        private = [line.split()[1] for line in rollup.splitlines() if line.startswith("Private_")]
        found.append(sum(map(int, private)))

    bench.answer = measure
    bench.run("http_get('http://example.com/')")

    assert found[0] <= 4096
