"""The builder on one machine: a process of its own for each bundle, which knows no secret.

As a program it is that process: the event in JSON on standard input, the answer on standard output.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from chalicelib.builder.bundling import Builder
from chalicelib.config import pip_environment
from chalicelib.gateways import builder as gateway
from chalicelib.gateways.builder import Built
from infra.local import bundle_folder

PROJECT = Path(__file__).parents[2]
#: Bundles that are made at once; who waits longer than `_QUEUE_SECONDS` may ask again.
_AT_ONCE, _QUEUE_SECONDS = 2, 60.0
#: pip's time for one, and what is left to do after it.
_SECONDS, _MORE_SECONDS = 100.0, 60.0

log = logging.getLogger(__name__)


class ChildBuilder:
    """Makes bundles in child processes and keeps them in `folder`.

    `environ`: of the host's own; only what pip is told of the package index is handed on.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._pip = pip_environment(environ)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def build(self, requirements: Sequence[str], *, is_pure: bool) -> Built:
        event = {"requirements": list(requirements), "pure": is_pure}
        if not self._turns.acquire(timeout=_QUEUE_SECONDS):
            raise gateway.away()
        try:
            return gateway.read(self._ask(event))
        finally:
            self._turns.release()

    def _ask(self, event: Mapping[str, object]) -> object:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "infra.local.building", str(self._folder)],
                input=json.dumps(event).encode("ascii"),
                env={**self._pip, "PYTHONPATH": str(PROJECT)},
                cwd=PROJECT,
                capture_output=True,
                timeout=_SECONDS + _MORE_SECONDS,
                check=False,
            )
            if done.stderr:
                log.warning("the builder said: %s", done.stderr[-2000:].decode("utf-8", "replace"))
            return json.loads(done.stdout)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            log.exception("the builder failed")
            raise gateway.away() from None


class _Store:
    """The folder, for the process that only puts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, archive: Path) -> None:
        bundle_folder.keep(self._folder, key, archive)

    def url(self, key: str) -> str:
        raise NotImplementedError("the builder gives out no addresses")


def main() -> None:
    event = json.load(sys.stdin)
    pip = pip_environment(os.environ)
    builder = Builder(_Store(Path(sys.argv[1])), pip, _SECONDS)
    json.dump(builder.answer(event), sys.stdout)


if __name__ == "__main__":
    main()
