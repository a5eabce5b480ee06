"""Nothing that a script starts outlives its run, and nothing at all its supervisor."""

from __future__ import annotations

import os
import select
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from chalicelib.sandbox.home import Home, environment_for
from tests.sandbox.conftest import UID, Bench


@pytest.mark.parametrize(
    "code",
    [
        "import os\nwhile True: os.fork()",
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        "import os\nwhile True:\n    try:\n        if os.fork() == 0: os.setsid()\n"
        "    except OSError: pass",
        "import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)",
    ],
)
@pytest.mark.usefixtures("the_next_run_is_right")
def test_what_a_script_forks_dies_with_it(bench: Bench, code: str) -> None:
    ran = bench.run(code, timeout=0.4)

    assert ran.seconds < 3
    assert bench.survivors() == []


DAEMON = """
import os
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(write, b'!')
        time.sleep(1000)
    os._exit(0)
os.read(read, 1)
"""


@pytest.mark.parametrize(
    "ending",
    [
        "result = 1",
        "os._exit(0)",
        "os.kill(os.getppid(), 9); time.sleep(60)",
        "os.kill(os.getppid(), 19); result = 1",
    ],
)
@pytest.mark.usefixtures("the_next_run_is_right")
def test_a_daemon_dies_with_the_run_even_if_the_zygote_is_shot(bench: Bench, ending: str) -> None:
    ran = bench.run(DAEMON + ending)

    assert ran.seconds < 3
    assert bench.survivors() == []


#: A supervisor whose script says who it is and then waits for ever.
PROGRAM = """
import sys, threading
from chalicelib.sandbox.outcome import Script
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.supervisor import Supervisor
from chalicelib.sandbox.home import Home
def tell(args, seconds):
    print(args["url"], flush=True)
    threading.Event().wait()
supervisor = Supervisor(Home(sys.executable, sys.argv[1]), {"http": tell})
code = "import os; http_get(f'{os.getpid()}/{os.getppid()}')"
supervisor.execute(Script(code, {}, 60, "UTC"), Output(), threading.Event())
"""


def test_zygote_and_script_die_with_the_supervisor(home: Home, readable_folder: Path) -> None:
    with ExitStack() as stack:
        supervisor = stack.enter_context(
            subprocess.Popen(
                [home.python, "-B", "-c", PROGRAM, home.layer],
                env={**environment_for(home.python), "PYTHONPATH": str(readable_folder)},
                stdout=subprocess.PIPE,
                user=UID,
                group=UID,
                extra_groups=[] if UID else None,
            )
        )
        assert supervisor.stdout is not None
        pids = [int(word) for word in supervisor.stdout.readline().split(b"/")]
        handles = [os.pidfd_open(pid) for pid in pids]
        for handle in handles:
            stack.callback(os.close, handle)

        supervisor.kill()

        for handle in handles:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            assert poll.poll(5000)
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
