"""Starts a program as reports say that Lambda does: prctl, seccomp and their like are refused.

A program of its own: `lambda_filter.py LAYER UID PROGRAM [ARGUMENT]…`
"""

from __future__ import annotations

import os
import sys

#: reference: catboost#1606, openai/codex#4725, Sandlock's README, aws/containers-roadmap#2102.
REFUSED = (
    "prctl seccomp ptrace unshare chroot mount pivot_root setns"
    " landlock_create_ruleset landlock_add_rule landlock_restrict_self"
)


def main(layer: str, uid: int, command: list[str]) -> None:
    sys.path.insert(0, layer)
    from sandbox_runner import bpf, kernel
    from sandbox_runner.syscalls import NUMBERS

    numbers = NUMBERS[kernel.ARCH]
    rules: dict[int, bpf.Verdict] = {numbers[name]: bpf.refuse() for name in REFUSED.split()}
    kernel.renounce_privileges()
    kernel.filter_calls(bpf.assemble(kernel.ARCH, rules, bpf.ALLOW))
    if os.getuid() == 0:
        # Before the program starts: who may read everything would be told that it is readable.
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
