"""What a script can reach when the supervisor has its uid, as it has on Lambda."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from chalicelib.sandbox.home import Home, environment_for
from tests.sandbox.conftest import UID

#: Tries everything that one process can do to another of its uid, on zygote and supervisor.
SPY = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
zygote, supervisor = os.getppid(), get_param("pid")
class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
def read_file(pid, name):
    # A pipe would block for ever: being let in is what counts.
    os.close(os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_NONBLOCK))
def attach(pid):
    if libc.ptrace(16, pid, None, None) != 0:
        raise OSError("refused")
def peek(pid):
    buffer = ctypes.create_string_buffer(8)
    ours = Piece(ctypes.addressof(buffer), 8)
    theirs = Piece(get_param("address") or id(buffer), 8)
    if libc.process_vm_readv(pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0) < 0:
        raise OSError("refused")
reached = []
# The parent of a victim is the test itself, which must not be stopped.
for pid in (zygote,) if get_param("victim") else (zygote, supervisor):
    for name in ("environ", "mem", "maps", "auxv", "fd/0"):
        try:
            read_file(pid, name)
            reached.append(name)
        except OSError:
            pass
    for way in (attach, peek):
        try:
            way(pid)
            reached.append(way.__name__)
        except OSError:
            pass
"""
#: What the script itself was given.
SELF = """
import sys
inherited = dict(os.environ)
inherited.pop("TZ")
descriptors = []
for number in range(64):
    try:
        os.fstat(number)
        descriptors.append(number)
    except OSError:
        pass
result = {"reached": reached, "environ": inherited, "descriptors": descriptors, "argv": sys.argv,
          "uid": os.getuid() == get_param("uid")}
"""
#: A supervisor as the sandbox function has it, with secrets in its environment and memory.
PROGRAM = """
import ctypes, json, os, sys, threading
from chalicelib.sandbox.outcome import Script
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.supervisor import Supervisor
from chalicelib.sandbox.home import Home
secret = ctypes.create_string_buffer(os.environ["SECRET"].encode())
home = Home(sys.executable, sys.argv[1])
supervisor = Supervisor(home, {})
params = {"pid": os.getpid(), "uid": os.getuid(), "address": ctypes.addressof(secret)}
script = Script(sys.stdin.read(), params, 5, "UTC")
outcome = supervisor.execute(script, Output(), threading.Event())
supervisor.close()
print(json.dumps(outcome.as_dict()))
"""


def test_a_script_reaches_no_secret_of_the_supervisor(home: Home, readable_folder: Path) -> None:
    done = subprocess.run(
        [home.python, "-B", "-c", PROGRAM, home.layer],
        input=SPY + SELF,
        env={
            **environment_for(home.python),
            "SECRET": "channel-secret",
            "PYTHONPATH": str(readable_folder),
        },
        user=UID,
        group=UID,
        extra_groups=[] if UID else None,
        capture_output=True,
        text=True,
        check=True,
    )

    outcome = json.loads(done.stdout)
    assert outcome["result"] == {
        "reached": [],
        "environ": {},
        "descriptors": [0, 1, 2, 3],
        "argv": ["script.py"],
        "uid": True,
    }, outcome


def test_the_spy_does_reach_a_process_that_is_not_protected(home: Home) -> None:
    """Without this the test above could pass because its spy is blind."""
    account: dict[str, Any] = {"user": UID, "group": UID, "extra_groups": [] if UID else None}
    waiting = [home.python, "-c", "print('up', flush=True); input()"]
    with subprocess.Popen(
        waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **account
    ) as victim:
        assert victim.stdout is not None
        victim.stdout.readline()
        params = f"get_param = {{'pid': {victim.pid}}}.get\n"
        spy = [home.python, "-c", f"{params}{SPY}\nprint(reached)"]
        reached = subprocess.run(spy, **account, capture_output=True, text=True, check=True)
        # The spy has stopped it.
        victim.kill()

    assert "environ" in reached.stdout
    assert "maps" in reached.stdout
