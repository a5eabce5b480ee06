"""What one run may write, in bytes and files, wherever it can: looked at now and then."""

from __future__ import annotations

import time

from chalicelib.sandbox.folder import WorkFolder
from chalicelib.sandbox.leftovers import Belongings
from chalicelib.sandbox.nameless import held

#: Seconds between two looks: one costs more than a busy loop has.
_POLL = 0.05


class Disk:
    """Held to `most_bytes` and `most_files`: the run of process `pid`.

    `folder`: where it may write, if it may; else `belongings`, what its account had before it,
    if that is known.
    """

    def __init__(
        self,
        folder: WorkFolder | None,
        belongings: Belongings | None,
        most_bytes: int,
        most_files: int,
        pid: int,
    ) -> None:
        self._folder = folder
        self._belongings = belongings
        self._limits = (most_bytes, most_files)
        self._pid = pid
        self._next = time.monotonic() + _POLL

    def is_over(self) -> bool:
        """Whether there is more in the folder; for a run that has ended."""
        return self._folder is not None and self._folder.is_over(*self._limits)

    def is_over_now_and_then(self) -> bool:
        """Whether the run has more, also files that it deleted and keeps open.

        No, if it was asked lately.
        """
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _POLL
        if self._folder is not None:
            return self._is_over_with_what_is_deleted(self._folder)
        # No file can be written there, but folders can be made.
        before = self._belongings
        return before is not None and before.have_grown_by(self._limits[1])

    def _is_over_with_what_is_deleted(self, folder: WorkFolder) -> bool:
        size, count = held(self._pid, folder.path)
        left = (self._limits[0] - size, self._limits[1] - count)
        return min(left) < 0 or folder.is_over(*left)
