"""Ending `make run` by signals, however many come."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

_WAITS = """
import os
from infra.local.stopping import Stopping
stopping = Stopping()
print("waits", flush=True)
stopping.wait()
print("stopped", flush=True)
os._exit(0)  # not by way of the end of Python, which takes signals as everybody does
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_burst_of_signals_ends_the_wait_as_one_does(number: signal.Signals) -> None:
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", _WAITS], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"waits\n"
            for _ in range(1000):
                process.send_signal(number)
            try:
                said, _ = process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert (said, process.returncode) == (b"stopped\n", 0)
