"""Files that a run has deleted and holds on to: the disk is not rid of them until the run ends.

Their process may not be hidden from its supervisor, which has the same account (proc(5)).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress

#: A mapping may show one page of a file of any size, whose descriptor is closed: bytes that such
#: a file counts for, at least.
_MAPPED = 16 << 20


def held(pid: int, folder: str) -> tuple[int, int]:
    """Bytes and number of the files without a name that process `pid` keeps open or mapped.

    `folder`: the absolute path of where it may write. A process that is gone holds nothing.
    """
    open_ones: dict[int, int] = {}
    mapped: dict[int, int] = {}
    # Threads may have descriptors of their own, and the first may be gone.
    for task in _entries(f"/proc/{pid}/task"):
        open_ones |= _open(task.path)
        mapped = mapped or _mapped(task.path, folder)
    sizes = {**{inode: max(size, _MAPPED) for inode, size in mapped.items()}, **open_ones}
    return sum(sizes.values()), len(sizes)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(folder) as entries:
        return list(entries)
    return []


def _open(task: str) -> dict[int, int]:
    """Bytes on the disk by inode. Whose they are tells them from a library that was replaced."""
    found = {}
    for entry in _entries(f"{task}/fd"):
        with suppress(OSError):
            there = entry.stat()
            if there.st_nlink == 0 and stat.S_ISREG(there.st_mode) and there.st_uid != 0:
                found[there.st_ino] = there.st_blocks * 512
    return found


def _mapped(task: str, folder: str) -> dict[int, int]:
    """Bytes that are mapped, by inode."""
    found: dict[int, int] = {}
    with suppress(OSError):
        for line in _lines(f"{task}/maps"):
            span, _, _, _, inode, *name = line.split(maxsplit=5)
            if name and name[0].startswith(f"{folder}/") and name[0].endswith(" (deleted)"):
                start, end = (int(word, 16) for word in span.split("-"))
                found[int(inode)] = found.get(int(inode), 0) + end - start
    return found


def _lines(path: str) -> Iterator[str]:
    # Without a Path, which would keep every number of a process as an interned string for ever.
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(number, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            yield line.rstrip("\n")
