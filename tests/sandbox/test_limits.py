"""What one run may use up: each limit has its own kind of error, and words that help."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from chalicelib.domain.text import Text
from chalicelib.sandbox.calls import Answer, CallFailed
from chalicelib.sandbox.home import Home
from chalicelib.sandbox.quotas import Quotas
from chalicelib.sandbox.supervisor import Supervisor
from chalicelib.sandbox.zygote import Limits
from tests.sandbox.conftest import Bench

SMALL = Quotas(wall_seconds=20, cpu_seconds=0.5, calls=20, http_bytes=100_000)


@pytest.fixture(scope="module")
def strict_bench(home: Home) -> Iterator[Bench]:
    bench = Bench(home)
    handlers = {"http": lambda args, seconds: bench.answer(args, seconds)}
    bench.supervisor = Supervisor(home, handlers, Limits(memory_mb=64), quotas=SMALL)
    yield bench
    bench.supervisor.close()


@pytest.fixture
def strict(strict_bench: Bench) -> Iterator[Bench]:
    """Runs under `SMALL`; afterwards it still runs scripts, and nothing of the others lives."""
    strict_bench.answer = lambda args, seconds: _page(1000)
    strict_bench.cancelled.clear()
    yield strict_bench
    strict_bench.cancelled.clear()
    assert strict_bench.run("result = 1").result == 1
    assert strict_bench.survivors() == []


def _page(size: int) -> Answer:
    body = base64.b64encode(bytes(size)).decode()
    value = {"status": 200, "reason": "OK", "headers": [], "body": body, "url": "http://x/"}
    return Answer(value, size)


BUSY = "while True: pass"
DEAF = """
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    try:
        while True: pass
    except BaseException: pass
"""
TWO_THREADS = """
import threading
def work():
    while True: hashlib.sha256(bytes(1 << 20))
for _ in range(2):
    threading.Thread(target=work).start()
time.sleep(60)
"""


@pytest.mark.parametrize("code", [BUSY, DEAF, TWO_THREADS])
def test_cpu_time_has_a_limit_that_no_script_can_ignore(strict: Bench, code: str) -> None:
    ran = strict.run(f"print('begun')\n{code}", timeout=10)

    assert (ran.outcome.status, ran.kind, ran.output) == ("failed", "cpu", "begun\n")
    assert "0.5 秒 CPU 时间" in ran.error
    assert "0.5 s of CPU time" in ran.error
    assert ran.seconds < 2


def test_waiting_costs_no_cpu_time(strict: Bench) -> None:
    assert strict.run("time.sleep(0.8)\nresult = 1", timeout=10).result == 1


def test_cpu_time_of_a_short_script_is_its_time_limit() -> None:
    quotas = Quotas()

    assert quotas.for_script(30).cpu_seconds == 30
    assert quotas.for_script(840).cpu_seconds == 600
    assert quotas.for_script(3000).wall_seconds == 840


def test_a_script_may_not_claim_a_limit_that_it_did_not_reach(strict: Bench) -> None:
    ran = strict.run("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)")

    assert ran.kind == "crash"


def test_calls_are_counted(strict: Bench) -> None:
    strict.answer = lambda args, seconds: _page(1)
    loop = "for n in range(1000):\n    try: http_get('http://x/')\n    except BaseException: pass"

    ran = strict.run(loop)

    assert ran.kind == "calls"
    assert "超过 20 次" in ran.error
    assert "20 calls" in ran.error


def test_as_many_calls_as_are_allowed_are_done(strict: Bench) -> None:
    strict.answer = lambda args, seconds: _page(1)

    assert strict.run("for n in range(20): http_get('http://x/')\nresult = n").result == 19


def test_what_http_moves_is_counted(strict: Bench) -> None:
    strict.answer = lambda args, seconds: _page(30_000)

    ran = strict.run("for n in range(9):\n    http_get('http://x/')\n    print(n)")

    assert (ran.kind, ran.output) == ("http_bytes", "0\n1\n2\n")
    assert "0.1 MB" in ran.error
    assert "HTTP 收发数据" in ran.error


def test_answers_that_fail_halfway_are_counted_too(strict: Bench) -> None:
    def fail(args: Mapping[str, Any], seconds: float) -> Any:
        raise CallFailed(Text("太大", "too large"), "too_large", traffic=60_000)

    strict.answer = fail
    code = "for n in range(9):\n    try: http_get('http://x/')\n    except HttpError: print(n)"

    ran = strict.run(code)

    assert (ran.kind, ran.output) == ("http_bytes", "0\n")


def test_the_next_run_counts_from_nothing(strict: Bench) -> None:
    strict.answer = lambda args, seconds: _page(90_000)

    for _ in range(3):
        assert strict.run("result = len(http_get('http://x/').content)").result == 90_000


def test_the_wall_clock_has_a_limit_of_its_own(home: Home) -> None:
    bench = Bench(home)
    bench.supervisor = Supervisor(home, {}, quotas=Quotas(wall_seconds=0.5))

    ran = bench.run("time.sleep(60)", timeout=30)
    bench.supervisor.close()

    assert ran.kind == "timeout"
    assert "0.5 秒" in ran.error


@pytest.mark.parametrize("code", ["time.sleep(60)", DEAF, "http_get('http://hangs/')"])
def test_a_cancel_kills_within_two_seconds(bench: Bench, code: str) -> None:
    over = threading.Event()

    def answer(args: Mapping[str, Any], seconds: float) -> Any:
        if "hangs" in args["url"]:
            over.wait(10)
        else:
            bench.cancelled.set()
        return _page(1)

    bench.answer = answer
    threads = "import threading\nthreading.Thread(target=http_get, args=['http://cancel/']).start()"
    ran = bench.run(f"{threads}\n{code}", timeout=30)
    over.set()

    assert ran.outcome.status == "cancelled"
    assert ran.seconds < 2
