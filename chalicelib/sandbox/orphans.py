"""Script processes that outlived the zygote which they came from."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress

from chalicelib.sandbox import processes


def _orphans(uid: int, since: int) -> Iterator[processes.Process]:
    """Those of `uid` that started at `since` or later: ours by adoption, or init's."""
    us = os.getpid()
    adopted = {process.pid for process in processes.descendants(us)}
    for process in processes.all_processes():
        near = process.pid in adopted or process.parent == 1
        young = process.uid == uid and process.started >= since
        # The dead of others are theirs to bury.
        there = process.state != "Z" or process.parent == us
        if near and young and there and processes.is_jailed(process.pid):
            yield process


def sweep(uid: int, since: int, deadline: float) -> bool:
    """Kill the orphans until there are none; False if some are left at `deadline`.

    `since` in clock ticks as in `Process.started`, `deadline` on the monotonic clock.
    """
    while orphans := list(_orphans(uid, since)):
        for orphan in orphans:
            processes.kill(orphan.pid)
            with suppress(ChildProcessError):
                os.waitpid(orphan.pid, os.WNOHANG)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
