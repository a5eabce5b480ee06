"""An empty script in a warm sandbox, beside a bare interpreter that is started for it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from pathlib import Path

from bench.measure import Measurement, medians
from chalicelib.sandbox.home import Home
from chalicelib.sandbox.outcome import Script
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.supervisor import Supervisor
from infra.local.runtime_folder import prepare

PROJECT = Path(__file__).parents[1]
UID = 61000
TIMES = 100


def empty_script() -> Measurement:
    """Child made, locked down, run, result back; medians of 100, in milliseconds."""
    uid = UID if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as data:
        runtime = prepare(Path(data), PROJECT, uid)
        supervisor = Supervisor(Home(str(runtime.python), str(runtime.layer), uid), {})
        script = Script("result = 1", {}, 10, "UTC", 1, None, "bench")
        bare = [str(runtime.python), "-I", "-c", "pass"]
        try:
            _run(supervisor, script)
            ours, peer = medians(
                lambda: _run(supervisor, script), lambda: subprocess.run(bare, check=True), TIMES
            )
        finally:
            supervisor.close()
    return Measurement(ours * 1000, "ms", "python3 -I -c pass", peer * 1000, "lower")


def _run(supervisor: Supervisor, script: Script) -> None:
    outcome = supervisor.execute(script, Output(), threading.Event())
    if outcome.status != "success":
        raise RuntimeError(f"the empty script did not run: {outcome.error}")
