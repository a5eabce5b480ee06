"""The function that runs in environments, and how one of its processes is started."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from json import dumps
from pathlib import Path

from infra.local.runtime_folder import Runtime

_KEEPER = Path(__file__).with_name("keeper.py")


@dataclass(frozen=True)
class Function:
    """What runs in the environments; nothing of the host's own environment reaches them."""

    handler: str
    runtime: Runtime
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    name: str = "sandbox"
    memory_mb: int = 512
    timeout_seconds: float = 900
    region: str = "local"
    #: The first of the uids that environments get; None: that of the host.
    first_uid: int | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:000000000000:function:{self.name}"


def keep(function: Function, address: str, uid: int | None) -> subprocess.Popen[bytes]:
    """Start the keeper of one environment, and tell it what to start."""
    scratch = tempfile.mkdtemp(prefix="zhundian-environment-")
    if uid is not None:
        os.chown(scratch, uid, uid)
    runtime = function.runtime
    specification = {
        "argv": [str(runtime.python), "-m", "awslambdaric", function.handler],
        "environment": _environment(function, address, scratch),
        "folder": str(runtime.task_root),
        "scratch": scratch,
        "uid": uid,
    }
    output = os.open(function.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        keeper = subprocess.Popen(
            [runtime.python, "-I", "-S", _KEEPER],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            bufsize=0,
            cwd="/",
            env=runtime.environment,
            # A Ctrl-C at the terminal is the host's alone.
            start_new_session=True,
        )
    finally:
        os.close(output)
    assert keeper.stdin
    keeper.stdin.write(dumps(specification).encode() + b"\n")
    return keeper


def _environment(function: Function, address: str, scratch: str) -> dict[str, str]:
    """The variables of Lambda: "Defined runtime environment variables" in its guide."""
    runtime = function.runtime
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "TMPDIR": scratch,
        "PYTHONPATH": str(runtime.task_root),
        **runtime.environment,
        **function.environment,
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_REGION": function.region,
        "LAMBDA_TASK_ROOT": str(runtime.task_root),
        "_HANDLER": function.handler,
    }
