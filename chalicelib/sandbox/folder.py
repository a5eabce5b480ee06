"""Folders that scripts leave things in: how much is there, and how to be rid of it.

What a script made is met with lstat alone, one folder after the other and never by a path that
it chose: names may be links, trees may be deeper than any path or recursion.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Clutter(RuntimeError):
    """A folder cannot be emptied."""


@contextmanager
def _opened(name: str, within: int | None = None) -> Iterator[int]:
    number = os.open(name, _FLAGS, dir_fd=within)
    try:
        yield number
    finally:
        os.close(number)


def _names(folder: int) -> list[str]:
    # A path would be the script's choice.
    return os.listdir(folder)


def _empty_one(top: int, name: str, fresh: Iterator[int]) -> None:
    """Delete the files of one folder of `top`, and move its folders up to `top`."""
    # A folder may deny even its owner what is in it.
    os.chmod(name, 0o700, dir_fd=top)
    with _opened(name, top) as folder:
        for entry in _names(folder):
            if stat.S_ISDIR(os.lstat(entry, dir_fd=folder).st_mode):
                os.chmod(entry, 0o700, dir_fd=folder)
                os.rename(entry, f".gone-{next(fresh)}", src_dir_fd=folder, dst_dir_fd=top)
            else:
                os.unlink(entry, dir_fd=folder)
    os.rmdir(name, dir_fd=top)


def remove(top: int, name: str) -> None:
    """Remove what is called `name` in the folder open at `top`, be it a file or a tree.

    Nobody may be changing it any more. Raises OSError.
    """
    if not stat.S_ISDIR(os.lstat(name, dir_fd=top).st_mode):
        os.unlink(name, dir_fd=top)
        return
    start = time.monotonic_ns()
    fresh = iter(range(start, start + (1 << 40)))
    _empty_one(top, name, fresh)
    while moved := [one for one in _names(top) if one.startswith(".gone-")]:
        for one in moved:
            _empty_one(top, one, fresh)


def _lstat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What is in a folder now; a script may be deleting it meanwhile."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def are_over(paths: list[str], most_bytes: int, most_files: int) -> bool:
    """Whether more lies below these paths, or what cannot be seen; looks no further than needed.

    A script may be changing it meanwhile.
    """
    size = count = 0
    waiting = list(paths)
    try:
        while waiting:
            for entry in _entries(waiting.pop()):
                there = _lstat(entry)
                if there is None:
                    continue
                size, count = size + there.st_blocks * 512, count + 1
                if stat.S_ISDIR(there.st_mode):
                    waiting.append(entry.path)
                if size > most_bytes or count > most_files:
                    return True
    except OSError:
        # A path that is too long, or a folder that hides what is in it.
        return True
    return False


class WorkFolder:
    """The one place where a script may write, for the account `uid` alone; emptied after a run."""

    def __init__(self, uid: int) -> None:
        self.path = tempfile.mkdtemp(prefix="zhundian-work-")
        if uid != os.getuid():
            os.chown(self.path, uid, uid)
        self._identity = self._now()

    def _now(self) -> tuple[int, ...]:
        there = Path(self.path).lstat()
        return there.st_dev, there.st_ino, there.st_mode, there.st_uid, there.st_gid

    def is_over(self, most_bytes: int, most_files: int) -> bool:
        """Whether more is in it, or what cannot be seen."""
        return are_over([self.path], most_bytes, most_files)

    def empty(self) -> None:
        """Raises Clutter if the folder is no longer what it was, or something stays in it."""
        try:
            if self._now() != self._identity:
                raise Clutter("the work folder is another one")
            with _opened(self.path) as top:
                for name in _names(top):
                    # What was moved up may be gone by now.
                    with suppress(FileNotFoundError):
                        remove(top, name)
        except OSError as error:
            raise Clutter(f"the work folder is not empty: {error}") from None

    def close(self) -> None:
        """Remove it; best effort, the environment's own folder goes later."""
        with suppress(Clutter, OSError):
            self.empty()
            Path(self.path).rmdir()
