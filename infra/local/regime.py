"""Which packages scripts may bring on this machine: what its sandbox's regime can load."""

from __future__ import annotations

import logging

from chalicelib.sandbox.home import Home, ZygoteFailed, ask

_PROGRAM = """
import sys, tempfile
sys.path.insert(0, sys.argv[1])
from sandbox_runner import means
with tempfile.TemporaryDirectory() as folder:
    print(means.find(folder).regime)
"""
_SECONDS = 20.0

log = logging.getLogger(__name__)


def loadable_packages(home: Home) -> str:
    """`any`, or `pure` in the fd-jail; `pure` too where it cannot be found out."""
    try:
        regime = ask(home, _PROGRAM, _SECONDS).decode("ascii", "replace").strip()
    except ZygoteFailed:
        log.exception("the sandbox's regime is not known")
        return "pure"
    return "any" if regime == "kernel" else "pure"
