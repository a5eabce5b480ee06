"""What a script finds around it is made before its process is, and still nobody else's."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from chalicelib.sandbox.home import Home, environment_for
from tests.sandbox.conftest import ROOT, Bench, Ran

Run = Callable[..., Ran]

FOUND = """
import linecache, os, signal, sys

def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True

result = {
    "params": get_params(),
    "identity": [task_id, tenant_id, trace_id],
    "left": sorted(globals().keys() & {"mine", "names", "job"}),
    "main": sys.modules["__main__"].__dict__ is globals(),
    "lines": linecache.getline("script.py", 2),
    "files": sorted(linecache.cache),
    "argv": sys.argv,
    "open": [number for number in range(64) if is_open(number)],
    "child_handler": signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL,
    "wakeup": signal.set_wakeup_fd(-1),
}
"""
WITH_THREADS = """
import logging, threading

said = []
class Kept(logging.Handler):
    def emit(self, record):
        said.append(record.getMessage())

logging.getLogger().addHandler(Kept())
threads = [threading.Thread(target=logging.warning, args=(f"from {n}",)) for n in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
result = {
    "said": sorted(said),
    "alive": threading.active_count(),
    "main": threading.main_thread() is threading.current_thread(),
    "ident": threading.main_thread().ident == threading.get_ident(),
}
"""


def test_a_run_finds_nothing_of_the_run_before_it(run: Run) -> None:
    run("mine = 1", params={"key": "other"}, task_id=5, tenant_id="acme", trace_id="before")

    assert run(FOUND, task_id=6).result == {
        "params": {},
        "identity": [6, None, ""],
        "left": [],
        "main": True,
        "lines": "import linecache, os, signal, sys\n",
        "files": ["script.py"],
        "argv": ["script.py"],
        "open": [0, 1, 2, 3],
        "child_handler": True,
        "wakeup": -1,
    }


def test_threads_and_logging_need_no_mending_after_the_fork(run: Run) -> None:
    assert run(WITH_THREADS).result == {
        "said": ["from 0", "from 1", "from 2"],
        "alive": 1,
        "main": True,
        "ident": True,
    }


def test_a_zygote_holds_what_is_big_only_once_a_script_has_named_it(home: Home) -> None:
    look = "import sys\nresult = sorted({'inspect', 'decimal', 'shutil'} & sys.modules.keys())"
    bench = Bench(home)
    try:
        assert bench.run(look).result == []
        bench.run("from dataclasses import dataclass\nimport decimal")
        assert bench.run(look).result == ["decimal", "inspect"]
    finally:
        bench.supervisor.close()


def test_what_is_printed_before_a_job_goes_nowhere(home: Home) -> None:
    program = """
import os, socket, sys
sys.path.insert(0, sys.argv[1])
from sandbox_runner.frames import Channel
from sandbox_runner.stage import Stage
platform, ours = socket.socketpair()
platform.setblocking(False)
stage = Stage(Channel(ours))
stage.set()
print("too early", flush=True)
try:
    os._exit(len(platform.recv(99)))
except BlockingIOError:
    pass
stage.enter({"script": "", "params": {}, "task_id": 1, "tenant_id": None, "trace_id": ""})
print("in time")
os._exit(0 if b"in time" in platform.recv(99) else 100)
"""
    done = subprocess.run(
        [home.python, "-I", "-B", "-c", program, str(ROOT / "sandbox_layer/python")],
        env=environment_for(home.python),
        check=False,
    )
    assert done.returncode == 0
