"""What a script leaves where its whole account may write: files by name, System V objects.

For the jail alone, in which nothing can be opened but names can still be made and changed; and
only where the account belongs to this sandbox, as anything of its that is new is then the run's.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chalicelib.sandbox.folder import remove

_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")
#: Kinds of objects, the column of the owner's uid in /proc/sysvipc, and what removes one.
_OBJECTS = {"shm": 7, "msg": 7, "sem": 4}
_IPC_RMID = 0

#: Inode, mode, and the size of a file.
Facts = tuple[int, int, int]


def _facts(entry: os.DirEntry[str], uid: int) -> Facts | None:
    """None for what is not the account's."""
    there = entry.stat(follow_symlinks=False)
    size = 0 if stat.S_ISDIR(there.st_mode) else there.st_size
    return (there.st_ino, there.st_mode, size) if there.st_uid == uid else None


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
        waiting = list(_FOLDERS)
        while waiting:
            folder = waiting.pop()
            folders[folder] = _own(folder, uid)
            waiting += [
                f"{folder}/{name}"
                for name, (_, mode, _) in folders[folder].items()
                if stat.S_ISDIR(mode)
            ]
        return cls(uid, folders, frozenset(_objects(uid)))

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
