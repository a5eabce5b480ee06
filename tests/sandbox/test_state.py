"""What a look at a process tells: what lasts, and not what is gone in a moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from chalicelib.sandbox.state import State


def test_a_signal_on_its_way_is_no_change_and_one_that_is_stuck_is() -> None:
    """A stopped process takes no signal: one that it does not block is on its way."""
    block = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])"
    program = f"{block}; print(1, flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        before = State.of(process.pid)
        os.kill(process.pid, signal.SIGUSR1)
        passing = State.of(process.pid)
        os.kill(process.pid, signal.SIGUSR2)
        stuck = State.of(process.pid)
        process.kill()

    assert before == passing
    assert before != stuck
