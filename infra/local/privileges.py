"""The account that the database server runs as when root starts it, and what it may enter."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

#: Without a `mysql` account. Not `nobody`: others drop to that one, and same-uid processes may
#: read each other's files. In 60578-61183, which systemd's table of uids lists as unused
#: (https://systemd.io/UIDS-GIDS).
SPARE_UID = 61036


@dataclass(frozen=True)
class Account:
    """A user and group by number; it needs no entry in /etc/passwd."""

    uid: int
    gid: int


def server_account(data: Path) -> Account | None:
    """The account for the server on `data`: None unless we are root.

    Data that exists stays with its owner, so that a run as root and one as an ordinary user
    can follow each other.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return Account(data.stat().st_uid, data.stat().st_gid)
    try:
        entry = pwd.getpwnam("mysql")
    except KeyError:
        return Account(SPARE_UID, SPARE_UID)
    return Account(entry.pw_uid, entry.pw_gid)


def as_account(account: Account | None) -> list[str]:
    """The start of a command line that runs the rest as `account` (None: as ourselves).

    The process gets SIGTERM when the thread that started it ends. setpriv(1) asks for that
    after the change of uid, which would clear it (prctl(2), PR_SET_PDEATHSIG).
    """
    setpriv = shutil.which("setpriv", path="/usr/bin:/bin:/usr/sbin:/sbin")
    if setpriv is None:
        if account is not None:
            raise FileNotFoundError("setpriv (package util-linux) is needed to run as root")
        return []
    command = [setpriv, "--pdeathsig", "TERM"]
    if account is not None:
        command += [f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    return [*command, "--"]


def may_enter(account: Account | None, folder: Path) -> bool:
    """Whether `account` can reach `folder`, tried rather than worked out (ACLs, mounts)."""
    test = [*as_account(account), "/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
    return subprocess.run(test, cwd="/", capture_output=True, check=False).returncode == 0


def give(path: Path, account: Account | None) -> None:
    """Make `account` the owner; for None it stays as it is."""
    if account is not None:
        os.chown(path, account.uid, account.gid)
