"""Filters for seccomp(2), assembled by hand: <linux/bpf_common.h> and <linux/seccomp.h>.

A filter is a search tree over the call's number with a verdict at each leaf, so that even the
kernel's dry run of every number, at installation, costs little.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping
from typing import NamedTuple

# Instructions: load a word, `and`, return, jumps.
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_JUMP, _IF_EQUAL, _IF_AT_LEAST = 0x05, 0x15, 0x35
# struct seccomp_data: the number, the machine's kind, then six arguments of eight bytes.
_NUMBER, _KIND, _ARGUMENTS = 0, 4, 16
_LOW_WORD = 0xFFFFFFFF
_LONGEST_JUMP = 255

ALLOW = 0x7FFF0000
KILL = 0x80000000
#: AUDIT_ARCH_* of <linux/audit.h>, and the first number that is none of this kind's own.
KINDS: Mapping[str, int] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_FOREIGN: Mapping[str, int] = {"x86_64": 0x40000000, "aarch64": 0x40000000}
#: Stands for the number of the process that the filter is for; above every real one.
OWN_PID = 0x7FFFFFF1

Instruction = tuple[int, int, int, int]
Code = list[Instruction]


def refuse(code: int = errno.EPERM) -> int:
    """The verdict that lets a call fail with this errno."""
    return 0x00050000 | code


class Check(NamedTuple):
    """Argument `argument`, of which the bits of `mask` count, is `value`.

    Pointers and longs are `wide`: their upper half has to be nought. The kernel itself looks
    at the lower half of anything else.
    """

    argument: int
    value: int
    mask: int = _LOW_WORD
    wide: bool = False


#: One of these must hold: each is a group of checks that hold together.
Alternatives = tuple[tuple[Check, ...], ...]
Verdict = int | Alternatives


def _checked(check: Check) -> list[tuple[Instruction, bool]]:
    """What tests one argument; True marks the jumps that leave for the next alternative."""
    place = _ARGUMENTS + 8 * check.argument
    code = [((_LOAD, 0, 0, place), False)]
    if check.mask != _LOW_WORD:
        code.append(((_AND, 0, 0, check.mask), False))
    code.append(((_IF_EQUAL, 0, 0, check.value), True))
    if check.wide:
        code += [((_LOAD, 0, 0, place + 4), False), ((_IF_EQUAL, 0, 0, 0), True)]
    return code


def _alternative(checks: tuple[Check, ...]) -> Code:
    marked = [one for check in checks for one in _checked(check)]
    end = len(marked)
    code = [
        (what, yes, end - at if leaves else no, value)
        for at, ((what, yes, no, value), leaves) in enumerate(marked)
    ]
    return [*code, (_RETURN, 0, 0, ALLOW)]


def _leaf(verdict: Verdict) -> Code:
    if isinstance(verdict, int):
        return [(_RETURN, 0, 0, verdict)]
    code = [one for checks in verdict for one in _alternative(checks)]
    return [*code, (_RETURN, 0, 0, refuse())]


def _tree(spans: list[tuple[int, Verdict]]) -> Code:
    """Decide between spans of numbers; each begins at its number and ends before the next."""
    if len(spans) == 1:
        return _leaf(spans[0][1])
    middle = len(spans) // 2
    below, above = _tree(spans[:middle]), _tree(spans[middle:])
    pivot = spans[middle][0]
    if len(below) <= _LONGEST_JUMP:
        return [(_IF_AT_LEAST, len(below), 0, pivot), *below, *above]
    return [(_IF_AT_LEAST, 0, 1, pivot), (_JUMP, 0, 0, len(below)), *below, *above]


def _spans(
    rules: Mapping[int, Verdict], default: Verdict, foreign: int
) -> list[tuple[int, Verdict]]:
    edges: dict[int, Verdict] = {0: default}
    for number in sorted(rules):
        edges[number] = rules[number]
        edges[number + 1] = default
    edges[foreign] = KILL
    spans: list[tuple[int, Verdict]] = []
    for number, verdict in sorted(edges.items(), key=lambda edge: edge[0]):
        if not spans or spans[-1][1] != verdict:
            spans.append((number, verdict))
    return spans


def assemble(arch: str, rules: Mapping[int, Verdict], default: Verdict) -> bytes:
    """A filter with a verdict for each number; other kinds of calls (int 0x80, x32) kill."""
    tree = _tree(_spans(rules, default, _FOREIGN[arch]))
    code = [
        (_LOAD, 0, 0, _KIND),
        (_IF_EQUAL, 1, 0, KINDS[arch]),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER),
        *tree,
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def for_process(code: bytes, pid: int) -> bytes:
    """The filter with the number of a process put where OWN_PID stands."""
    return code.replace(struct.pack("=I", OWN_PID), struct.pack("=I", pid))
