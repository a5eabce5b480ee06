"""Which layers of protection a script needs before it is run, and which of them hold here."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

from chalicelib.sandbox import processes

#: What no deployment can do without.
_ALWAYS = frozenset({"not_root", "session", "descriptors", "limits"})
_BOTH = _ALWAYS | {
    *("no_sockets", "no_files", "no_processes"),
    *("zygote_unreadable", "supervisor_unreadable"),
}
#: What each regime needs, if the deployment names nothing else. In the jail a script can rename
#: and remove files of its account, so that has to be nobody else's.
REQUIRED: dict[str, frozenset[str]] = {
    "kernel": _BOTH | {"visible", "no_new_privileges", "landlock", "seccomp"},
    "fd-jail": _BOTH | {"jail", "own_account"},
}
#: Those that hold for the environment; a child tells of the others.
OF_ENVIRONMENT = frozenset({"zygote_unreadable", "supervisor_unreadable", "own_account"})


def required_in(regime: str, named: Collection[str]) -> frozenset[str]:
    """The layers that a run needs; `named` by the deployment, else the regime's own."""
    return frozenset(named) | _ALWAYS if named else REQUIRED[regime]


def is_supervisor_unreadable(uid: int) -> bool:
    """Whether scripts, whose account is `uid`, are kept out of this process's memory."""
    if uid not in (os.getuid(), os.geteuid()):
        return True
    try:
        os.close(os.open("/proc/self/environ", os.O_RDONLY))
    except PermissionError:
        return True
    return False


def has_account_alone(uid: int) -> bool:
    """Whether every process of `uid` is this one, one that it came from, or came from it."""
    everyone = {process.pid: process for process in processes.all_processes()}
    ours = {process.pid for process in processes.descendants(os.getpid())}
    pid = os.getpid()
    while pid in everyone and pid not in ours:
        ours.add(pid)
        pid = everyone[pid].parent
    # The dead, whom init may never bury, do nothing any more.
    alive = [one for one in everyone.values() if one.uid == uid and one.state != "Z"]
    return all(one.pid in ours for one in alive)


def of_environment(uid: int, said: Mapping[str, Any]) -> dict[str, str]:
    """For each layer around the children of `uid` whether it is on; `said` by their zygote."""
    holds = {
        "zygote_unreadable": bool(said["allowed"]["unreadable"]),
        "supervisor_unreadable": is_supervisor_unreadable(uid),
        "own_account": has_account_alone(uid),
    }
    why = {
        "zygote_unreadable": "the zygote's memory is open to its account",
        "supervisor_unreadable": "this process's memory is open to its account",
        "own_account": f"uid {uid} has other processes too",
    }
    return {name: "on" if on else why[name] for name, on in holds.items()}
