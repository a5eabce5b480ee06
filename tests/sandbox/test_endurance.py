"""One environment for very many runs: nothing grows."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from tests.sandbox import regimes
from tests.sandbox.conftest import UID, Bench, needs_accounts
from tests.sandbox.hostile.environment import Environment

#: Enough to see a leak of one page or descriptor per ten runs; `make test-endurance` has 10,000.
RUNS = int(os.environ.get("RUNS", "1000"))
#: What the first runs fill: caches of modules, zones, malloc's own.
WARM_UP = 200
#: The growth of memory is looked at in so many stretches. Python takes memory in pieces of 1 MB
#: (an arena of `obmalloc`), now and then for good; a leak shows in every stretch.
STRETCHES = 10
GROWTH_KB = 600
_log = logging.getLogger(__name__)
#: Where files can be written, one is.
CODES = {
    "kernel": "open('report', 'w').write('x')\n",
    "fd-jail": "",
}


@pytest.fixture(params=CODES)
def environment(
    request: pytest.FixtureRequest, python: str, readable_folder: Path
) -> Iterator[Environment]:
    uid = os.getuid() if UID is None else UID + 3000
    with regimes.environment(request.param, python, readable_folder, uid) as made:
        yield made


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


def _typical_growth(samples: list[int]) -> int:
    """What all stretches together would have added, had each added as much as the middle one."""
    return int(median(after - before for before, after in pairwise(samples))) * (len(samples) - 1)


@pytest.mark.slow
@pytest.mark.timeout(900)
@needs_accounts
def test_memory_descriptors_and_processes_stay_as_they_were(environment: Environment) -> None:
    regime = environment.told["regime"]
    code = f"{CODES[regime]}print('x' * 1000)\nresult = [task_id, get_param('n')]"

    def run(times: int) -> list[tuple[int, int]]:
        for number in range(times):
            answer = environment.run(code, params={"n": number})
            assert answer is not None
            assert answer["result"] == [None, number], answer
        return [(_kilobytes(pid), _descriptors(pid)) for pid in environment.family()]

    found = [run(WARM_UP)]
    processes = environment.family()
    found += [run(RUNS // STRETCHES) for _ in range(STRETCHES)]
    for name, samples in zip(("supervisor", "zygote"), zip(*found, strict=True), strict=True):
        memory, descriptors = zip(*samples, strict=True)
        _log.info("%s, %d runs, %s: kB %s, fds %s", regime, RUNS, name, memory, descriptors)
        assert _typical_growth(list(memory)) < GROWTH_KB
        assert memory[-1] - memory[0] < 8 * GROWTH_KB
        assert len(set(descriptors)) == 1

    assert environment.family() == processes
    assert environment.strays() == []


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
