"""Where a data folder's database lives, and that one server at a time has it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import select
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.local.privileges import Account, give, may_enter, server_account

#: sockaddr_un holds 108 bytes with the closing zero (unix(7)), `/server.sock` among them.
LONGEST_RUNTIME = 90


class FolderTaken(Exception):
    """Another run holds the data folder."""


@dataclass(frozen=True)
class Place:
    """The files of one database. `folder` belongs to the server's account, all else to us."""

    folder: Path
    account: Account | None
    password: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def runtime(self) -> Path:
        """A folder for the socket and temporary tables, made if need be.

        Never shared: a starting MariaDB removes what looks like temporary tables from its
        `tmpdir`, other servers' too. Beside the data, or a short one where that path is too
        long for a socket, or holds the colon that separates several `tmpdir`s.
        """
        near = self.folder / "run"
        fits = len(os.fsencode(near)) <= LONGEST_RUNTIME and ":" not in str(near)
        folder = near if fits else self._short_folder
        folder.mkdir(mode=0o700, exist_ok=True)
        owner = folder.lstat().st_uid
        if folder.is_symlink() or owner not in (os.geteuid(), self.account and self.account.uid):
            raise PermissionError(f"{folder} was made by somebody else: remove it")
        give(folder, self.account)
        folder.chmod(0o700)
        return folder

    @property
    def _short_folder(self) -> Path:
        return Path("/tmp") / _name(self.folder)

    def tidy(self) -> None:
        """Remove what is outside `folder`, once the server has ended."""
        with contextlib.suppress(OSError):
            self._short_folder.rmdir()


class Lock:
    """Held by the process that the server belongs to, so that it goes when that one is killed."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._fd)
            raise FolderTaken(f"{path} is locked") from error

    def release(self) -> None:
        os.close(self._fd)


def find_place(folder: Path) -> Place:
    """The place for `folder`'s database: inside it if the server's account can get there.

    Otherwise (below /root, say) under /var/lib, which is noted in the folder and said once,
    and holds from then on, even if the folder becomes reachable: rows do not move.
    """
    folder.mkdir(parents=True, exist_ok=True)
    password, note, near = (folder / f"database{end}" for end in (".password", ".location", ""))
    if note.exists():
        far = Path(note.read_text(encoding="utf-8").strip())
        return _made(Place(far, server_account(far / "data"), password))
    place = _made(Place(near, server_account(near / "data"), password))
    if place.data.exists() or may_enter(place.account, near):
        return place
    near.rmdir()
    far = Path("/var/lib") / _name(folder.resolve())
    unfinished = note.with_suffix(".new")
    unfinished.write_text(f"{far}\n", encoding="utf-8")
    unfinished.replace(note)
    print(f"the database's account cannot enter {folder}: it lives in {far}", file=sys.stderr)
    return _made(Place(far, server_account(far / "data"), password))


def _made(place: Place) -> Place:
    place.folder.mkdir(mode=0o700, exist_ok=True)
    give(place.folder, place.account)
    if place.account and place.data.exists() and place.data.stat().st_uid == 0:
        # Brought back from a copy, by root.
        for path in (place.data, *place.data.rglob("*")):
            give(path, place.account)
    return place


def _name(folder: Path) -> str:
    return "zhundian-" + hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]


def stop_servers_on(data: Path, seconds: float) -> None:
    """End servers that a killed run left behind on `data`; call it with the lock held."""
    wanted = os.fsencode(f"--datadir={data}")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in arguments:
            _end(int(process.name), seconds)


def _end(pid: int, seconds: float) -> None:
    """Politely, then not; by a pidfd, which never means another process of the same number."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 10.0)):
            signal.pidfd_send_signal(fd, number)
            if select.select([fd], [], [], patience)[0]:
                return
    except ProcessLookupError:
        return
    finally:
        os.close(fd)
