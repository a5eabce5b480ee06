"""What a script leaves where its whole account may write: files by name, System V objects.

For the jail alone, in which nothing can be opened but names can still be made and changed; and
only where the account belongs to this sandbox, as anything of its that is new is then the run's.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chalicelib.sandbox.folder import are_over, remove

#: Where folders lie in which everybody may leave things.
_PARENTS = ("/", "/var", "/run", "/dev")
#: Kinds of objects, the column of the owner's uid in /proc/sysvipc, and what removes one.
_OBJECTS = {"shm": 7, "msg": 7, "sem": 4}
_IPC_RMID = 0

#: Inode, mode, size and time of change of a file, names of extended attributes.
Facts = tuple[int, int, int, int, tuple[str, ...]]


@cache
def _folders() -> tuple[str, ...]:
    """Those that everybody may write to: /tmp, /var/tmp, /dev/shm, and on some machines others."""
    found = []
    for parent in _PARENTS:
        with suppress(OSError), os.scandir(parent) as entries:
            for entry in entries:
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode) and mode & stat.S_IWOTH:
                    found.append(entry.path)
    return tuple(found)


def _marks(path: str) -> tuple[str, ...]:
    with suppress(OSError):
        return tuple(os.listxattr(path, follow_symlinks=False))
    return ()


def _facts(entry: os.DirEntry[str], uid: int) -> Facts | None:
    """None for what is not the account's."""
    there = entry.stat(follow_symlinks=False)
    if there.st_uid != uid:
        return None
    is_folder = stat.S_ISDIR(there.st_mode)
    size, time = (0, 0) if is_folder else (there.st_size, there.st_mtime_ns)
    return there.st_ino, there.st_mode, size, time, _marks(entry.path)


def _own(folder: str, uid: int) -> dict[str, Facts]:
    found: dict[str, Facts] = {}
    with suppress(FileNotFoundError, PermissionError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if facts := _facts(entry, uid):
                    found[entry.name] = facts
    return found


def _objects(uid: int) -> Iterator[tuple[str, int]]:
    for kind, owner in _OBJECTS.items():
        with suppress(OSError):
            for line in Path("/proc/sysvipc", kind).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if int(fields[owner]) == uid:
                    yield kind, int(fields[1])


def _remove_object(kind: str, number: int) -> None:
    libc = ctypes.CDLL(None)
    last = (0, _IPC_RMID) if kind == "sem" else (_IPC_RMID, None)
    getattr(libc, f"{kind}ctl")(number, *last)


@dataclass(frozen=True)
class Belongings:
    """What the account `uid` had before a run."""

    uid: int
    folders: dict[str, dict[str, Facts]]
    objects: frozenset[tuple[str, int]]

    @classmethod
    def of(cls, uid: int) -> Belongings:
        folders: dict[str, dict[str, Facts]] = {}
        waiting = list(_folders())
        while waiting:
            folder = waiting.pop()
            folders[folder] = _own(folder, uid)
            waiting += [
                f"{folder}/{name}"
                for name, (_, mode, *_) in folders[folder].items()
                if stat.S_ISDIR(mode)
            ]
        return cls(uid, folders, frozenset(_objects(uid)))

    def have_grown_by(self, most_files: int) -> bool:
        """Whether more files and folders than these are new; a script may be making them."""
        new = [
            f"{folder}/{name}"
            for folder, before in self.folders.items()
            for name in _own(folder, self.uid).keys() - before.keys()
        ]
        return len(new) > most_files or are_over(new, sys.maxsize, most_files - len(new))

    def restore(self) -> bool:
        """Remove what is new; False if something stays, is gone or was changed."""
        for kind, number in set(_objects(self.uid)) - self.objects:
            _remove_object(kind, number)
        with suppress(OSError):
            for folder, before in self.folders.items():
                self._remove_new(folder, before)
        return Belongings.of(self.uid) == self

    def _remove_new(self, folder: str, before: dict[str, Facts]) -> None:
        new = _own(folder, self.uid).keys() - before.keys()
        if not new:
            return
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            for name in new:
                remove(top, name)
        finally:
            os.close(top)
