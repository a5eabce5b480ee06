"""The answer to an operator who asks what a sandbox's machine allows."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.sandbox.home import ZygoteFailed, ask
from chalicelib.sandbox.outcome import in_both
from chalicelib.sandbox.supervisor import Supervisor

_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); from sandbox_runner.probe import main; main()"
)
_SECONDS = 30.0


def probe(supervisor: Supervisor) -> dict[str, Any]:
    """The regime found, the layers that a run requires and which of them are missing, and all
    that `python -m sandbox_runner.probe` tried as the account that scripts get.

    `error` instead where nothing runs at all.
    """
    try:
        found = json.loads(ask(supervisor.home, _PROGRAM, _SECONDS))
        told = supervisor.protection()
    except ZygoteFailed as failed:
        return {"error": in_both(failed.text)}
    holds = {**found["layers"], **told["environment"]}
    missing = {name: holds.get(name, "missing") for name in told["required"]}
    missing = {name: why for name, why in missing.items() if why != "on"}
    return {**told, "missing": missing, "probe": found}
