"""Scripts that mean harm: each ends with the right outcome, and the next run is right."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from chalicelib.sandbox.output import KEPT
from tests.sandbox.conftest import Bench
from tests.sandbox.ran import Ran

pytestmark = pytest.mark.usefixtures("the_next_run_is_right")
Run = Callable[..., Ran]

SOCKET = """
import socket, struct, os
sock = socket.socket(fileno=3)
def frame(message):
    body = json.dumps(message).encode()
    sock.sendall(struct.pack(">I", len(body)) + body)
"""


WRITE = """
with open("/tmp/x", "w") as file:
    file.write("x")
"""


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("import os; os._exit(0)", "crash"),
        ("import os; os.kill(os.getpid(), 9)", "crash"),
        ("import os; os.kill(os.getpid(), 11)", "crash"),
        ("import os; os.close(3); time.sleep(60)", "crash"),
        ("import os; os.closerange(0, 64); os.abort()", "crash"),
        (SOCKET + "sock.shutdown(2)\ntime.sleep(60)", "crash"),
        (SOCKET + "sock.sendall(b'\\xff' * 100)\ntime.sleep(60)", "crash"),
        (SOCKET + "sock.sendall(struct.pack('>I', 9 << 20))\ntime.sleep(60)", "crash"),
        (SOCKET + "sock.sendall(struct.pack('>I', 4) + b'nope')\ntime.sleep(60)", "crash"),
        (
            SOCKET + "body = b'[' * 5000000\nsock.sendall(struct.pack('>I', 5000000) + body)",
            "crash",
        ),
        (SOCKET + "body = b'[' * 90000\nsock.sendall(struct.pack('>I', 90000) + body)", "crash"),
        (SOCKET + "frame({'t': 'locked', 'layers': {}})\ntime.sleep(60)", "crash"),
        (SOCKET + "frame({'t': 'done', 'ok': True, 'result': 5})\ntime.sleep(60)", "crash"),
        (SOCKET + "frame({'t': 'done', 'ok': False, 'kind': 'lost', 'error': ''})", "crash"),
        (SOCKET + "while True: frame({'t': 'call', 'name': 'http', 'id': 1})", "crash"),
        ("x = bytearray(10 ** 9)", "memory"),
        ("x = []\nwhile True: x.append(str(len(x)) * 10000)", "memory"),
        ("raise KeyboardInterrupt", "script"),
        ("class E(BaseException):\n    def __str__(self): raise self\nraise E", "script"),
        (WRITE, "script"),
    ],
)
def test_harm_ends_the_script_alone(run: Run, code: str, kind: str) -> None:
    ran = run(code)

    assert (ran.outcome.status, ran.kind) == ("failed", kind), ran
    assert ran.seconds < 3


@pytest.mark.parametrize("code", ["while True: pass", "time.sleep(60)"])
def test_a_script_is_stopped_at_its_time_limit(run: Run, code: str) -> None:
    ran = run(f"print('last words', end='')\n{code}", timeout=0.5)

    assert ran.kind == "timeout"
    assert ran.output == "last words"
    assert 500 <= ran.outcome.duration_ms < 1000


def test_a_script_that_catches_everything_is_stopped_too(run: Run) -> None:
    code = """
while True:
    try:
        while True: print("x" * 9999)
    except BaseException: pass
"""
    assert run(code, timeout=0.5).kind == "timeout"


def test_a_call_that_hangs_does_not_put_off_the_end(bench: Bench) -> None:
    hanging = threading.Event()
    bench.answer = lambda args, seconds: hanging.wait(30)

    ran = bench.run("http_get('http://slow/')", timeout=0.5)
    hanging.set()

    assert ran.kind == "timeout"
    assert ran.seconds < 1.5


def test_a_cancel_ends_a_run_within_two_seconds(bench: Bench) -> None:
    bench.answer = lambda args, seconds: bench.cancelled.set()

    ran = bench.run("print('before')\nhttp_get('http://cancel/')\ntime.sleep(60)", timeout=60)

    assert (ran.outcome.status, ran.kind, ran.output) == ("cancelled", "cancelled", "before\n")
    assert ran.seconds < 2


def test_a_hundred_megabytes_of_output_keep_their_beginning_and_end(run: Run) -> None:
    ran = run("for n in range(1600): print(n, 'x' * 65535)\nprint('the end')", timeout=30)

    assert ran.outcome.status == "success"
    assert ran.output.startswith("0 xxx")
    assert ran.output.endswith("the end\n")
    assert "个字符 / " in ran.output
    assert len(ran.output) < 2 * KEPT + 200


def test_the_first_done_frame_counts(run: Run) -> None:
    claims = "".join(f"frame({{'t': 'done', 'ok': True, 'result': '{n}'}})\n" for n in (1, 2))

    assert run(SOCKET + claims + "time.sleep(60)").result == 1


def test_a_child_that_reads_no_answers_is_stopped_in_time(bench: Bench) -> None:
    huge = {"status": 200, "reason": "", "headers": [], "body": "A" * 4_000_000, "url": ""}
    bench.answer = lambda args, seconds: huge
    ask = "for n in range(9): frame({'t': 'call', 'id': n, 'name': 'http', 'args': {}})\n"

    assert bench.run(SOCKET + ask + "time.sleep(60)", timeout=0.5).kind == "timeout"


@pytest.mark.parametrize(
    "args",
    ["'A' * 8_000_000", "[[]] * 400_000"],
)
def test_calls_that_wait_fill_no_memory_of_the_platforms(bench: Bench, args: str) -> None:
    """A script has 64 MB here, and the supervisor is not to keep the rest for it."""
    hanging = threading.Event()
    bench.answer = lambda args, seconds: hanging.wait(10)
    code = f"""
body = json.dumps({{'t': 'call', 'id': 1, 'name': 'http', 'args': {{'x': {args}}}}}).encode()
for n in range(60):
    sock.sendall(struct.pack(">I", len(body)) + body)
time.sleep(60)
"""
    ran = bench.run(SOCKET + code, timeout=4)
    hanging.set()

    assert ran.kind == "crash", ran
    assert ran.seconds < 3


def test_threads_that_are_left_end_with_the_run(run: Run) -> None:
    code = """
import threading
for _ in range(5):
    threading.Thread(target=lambda: [print("tick") or time.sleep(0.01) for _ in "x" * 999]).start()
result = threading.active_count()
"""
    assert run(code).result == 6


def test_a_script_may_not_raise_its_limits(run: Run) -> None:
    code = """
import resource
refused = []
for what in (resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_AS):
    try:
        resource.setrlimit(what, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (ValueError, OSError):
        refused.append(what)
result = len(refused)
"""
    assert run(code).result == 3
