"""Warm sandboxes in the full kernel regime, beside bare interpreters that are started."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.measure import Measurement, medians
from chalicelib.sandbox import processes
from chalicelib.sandbox.calls import Handler
from chalicelib.sandbox.home import Home
from chalicelib.sandbox.outcome import Script
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.supervisor import Supervisor
from infra.local.runtime_folder import prepare

PROJECT = Path(__file__).parents[1]
UID = 61000
TIMES = 200
WORKERS = 2
ROUNDS, SECONDS = 5, 1.0
EMPTY = "result = 1"


def empty_script() -> Measurement:
    """Child made, locked down, run, result back; medians of 200, in rows of 10, in ms."""
    with _home() as home, _warm(home) as supervisor:
        ours, peer = medians(lambda: _run(supervisor, EMPTY), lambda: _bare(home), TIMES, row=10)
    return Measurement(ours * 1000, "ms", "python3 -I -c pass", peer * 1000, "lower")


def processor_time() -> Measurement:
    """What supervisor, zygote and child use together for an empty script; means of 500, in ms.

    It says little about how long a run takes, but the same on a busy machine as on an idle one.
    """
    with _home() as home, _warm(home) as supervisor:
        (zygote,) = (one for one in processes.descendants(os.getpid()) if one.parent == os.getpid())
        ours = _seconds_used(lambda: _run(supervisor, EMPTY), 500, zygote.pid)
        peer = _seconds_used(lambda: _bare(home), 100)
    return Measurement(ours * 1000, "ms of CPU", "python3 -I -c pass", peer * 1000, "lower")


def throughput() -> Measurement:
    """Empty scripts per second by two environments at once; medians of rounds, taken in turns."""
    ours, peer = [], []
    with _home() as home, ProcessPoolExecutor(WORKERS) as pool, ThreadPoolExecutor(WORKERS) as two:
        for _ in range(ROUNDS):
            ours.append(sum(pool.map(_scripts_per_second, [home] * WORKERS)))
            peer.append(sum(two.map(_per_second, [lambda: _bare(home)] * WORKERS)))
    value, peer_value = statistics.median(ours), statistics.median(peer)
    return Measurement(value, "runs/s", "python3 -I -c pass, two at once", peer_value, "higher")


def child_memory() -> Measurement:
    """Memory that one child has for itself, in MB; root alone may look."""
    found: list[float] = []

    def look(args: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        (zygote,) = (one for one in processes.descendants(os.getpid()) if one.parent == os.getpid())
        (child,) = (one for one in processes.descendants(zygote.pid))
        found.append(_private_megabytes(child.pid))
        return {"status": 200, "reason": "", "headers": [], "body": "", "url": ""}

    with _home() as home:
        with _warm(home, {"http": look}) as supervisor:
            _run(supervisor, "http_get('http://example.com/')")
        waiting = [home.python, "-I", "-c", "print(flush=True); input()"]
        with subprocess.Popen(waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bare:
            assert bare.stdout is not None
            bare.stdout.readline()
            peer = _private_megabytes(bare.pid)
            bare.communicate(b"\n")
    return Measurement(found[0], "MB", "python3 -I", peer, "lower")


def _seconds_used(work: Callable[[], object], times: int, other: int | None = None) -> float:
    """CPU seconds of one `work`: this process's, its children's, and those of `other` and its."""
    before = _used(other)
    for _ in range(times):
        work()
    return (_used(other) - before) / times


def _used(other: int | None) -> float:
    ours = os.times()
    total = ours.user + ours.system + ours.children_user + ours.children_system
    if other is not None:
        # Of proc(5): utime, stime, and those of children that were waited for.
        fields = processes.text_of(f"/proc/{other}/stat").rpartition(")")[2].split()
        total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def _private_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


@contextmanager
def _home() -> Iterator[Home]:
    uid = UID if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as data:
        runtime = prepare(Path(data), PROJECT, uid)
        yield Home(str(runtime.python), str(runtime.layer), uid)


@contextmanager
def _warm(home: Home, handlers: Mapping[str, Handler] | None = None) -> Iterator[Supervisor]:
    supervisor = Supervisor(home, handlers or {})
    try:
        regime = supervisor.protection()["regime"]
        if regime != "kernel":
            raise RuntimeError(f"this machine allows the regime {regime} only")
        _run(supervisor, EMPTY)
        yield supervisor
    finally:
        supervisor.close()


def _run(supervisor: Supervisor, content: str) -> None:
    script = Script(content, {}, 10, "UTC", 1, None, "bench")
    outcome = supervisor.execute(script, Output(), threading.Event())
    if outcome.status != "success":
        raise RuntimeError(f"the script did not run: {outcome.error}")


def _bare(home: Home) -> None:
    subprocess.run([home.python, "-I", "-c", "pass"], check=True)


def _per_second(work: Callable[[], object]) -> float:
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        work()
        count += 1
    return count / (time.perf_counter() - start)


def _scripts_per_second(home: Home) -> float:
    with _warm(home) as supervisor:
        return _per_second(lambda: _run(supervisor, EMPTY))
