"""The filter of system calls: its numbers, and what it decides, without a kernel."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from sandbox_runner import bpf
from sandbox_runner.seccomp import script_filter
from sandbox_runner.syscalls import NUMBERS

#: Debian's linux-libc-dev; the second is what aarch64 includes.
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
EPERM, ENOSYS = bpf.refuse(1), bpf.refuse(38)


def _numbers_in(header: Path) -> dict[str, int]:
    """What the header defines; some names have two forms, of 32 and of 64 bits."""
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text("ascii"))
    numbers = {name: int(number) for name, number in found}
    return {**numbers, "newfstatat": numbers.get("newfstatat", numbers.get("fstatat", -1))}


@pytest.mark.parametrize("arch", HEADERS)
def test_the_numbers_are_those_of_the_kernels_headers(arch: str) -> None:
    if not HEADERS[arch].exists():
        pytest.skip(f"{HEADERS[arch]} is not installed (linux-libc-dev)")
    numbers = _numbers_in(HEADERS[arch])

    assert {name: numbers.get(name) for name in NUMBERS[arch]} == NUMBERS[arch]


def test_what_aarch64_lacks_is_what_it_never_had() -> None:
    """<asm-generic/unistd.h> leaves out the calls that took paths without a folder, and such."""
    assert NUMBERS["x86_64"].keys() - NUMBERS["aarch64"].keys() == {
        *("open", "stat", "lstat", "poll", "access", "pipe", "select", "dup2", "pause", "alarm"),
        *("getdents", "rename", "mkdir", "rmdir", "creat", "unlink", "readlink", "getpgrp"),
        *("time", "epoll_create", "epoll_wait"),
    }


def decide(code: bytes, arch: str, number: int, *args: int) -> int:
    """What the kernel's machine says of one call: <linux/filter.h>, as far as it is used."""
    padded = [*args, *[0] * (6 - len(args))]
    data = struct.pack("=IIQ6Q", number, bpf.KINDS[arch], 0, *padded)
    program = list(struct.iter_unpack("=HBBI", code))
    place = accumulator = 0
    while True:
        what, yes, no, value = program[place]
        place += 1
        match what:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x54:
                accumulator &= value
            case 0x05:
                place += value
            case 0x15:
                place += yes if accumulator == value else no
            case 0x35:
                place += yes if accumulator >= value else no
            case 0x06:
                return int(value)


@pytest.fixture(params=HEADERS)
def arch(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def numbers(arch: str) -> Mapping[str, int]:
    return NUMBERS[arch]


@pytest.fixture
def code(arch: str) -> bytes:
    return bpf.for_process(script_filter(arch, may_write=True), 777)


THREAD = 0x3D0F00  # what glibc's pthread_create asks clone for
CASES = [
    ("read", (3, 0, 1), bpf.ALLOW),
    ("openat", (0,), bpf.ALLOW),
    ("futex", (), bpf.ALLOW),
    ("prctl", (15,), EPERM),
    ("ptrace", (16, 1), EPERM),
    ("seccomp", (1,), EPERM),
    ("io_uring_setup", (), EPERM),
    ("clone3", (), ENOSYS),
    ("clone", (THREAD,), bpf.ALLOW),
    ("clone", (THREAD & ~0x400,), EPERM),
    ("clone", (17,), EPERM),
    ("clone", (THREAD | 0x10000000,), EPERM),
    ("clone", (THREAD | 1 << 40,), EPERM),
    ("close_range", (3, 9, 0), bpf.ALLOW),
    ("close_range", (3, 9, 2), EPERM),
    ("kill", (777, 9), bpf.ALLOW),
    ("kill", (1, 9), EPERM),
    ("kill", (0xFFFFFFFF, 9), EPERM),
    ("tgkill", (777, 778, 9), bpf.ALLOW),
    ("tgkill", (778, 778, 9), EPERM),
    ("fcntl", (3, 4, 0x800), bpf.ALLOW),
    ("fcntl", (3, 8, 1), EPERM),
    ("fcntl", (3, 10, 1), EPERM),
    ("fcntl", (3, 8 | 1 << 32, 1), EPERM),
    ("ioctl", (0, 0x5421), bpf.ALLOW),
    ("ioctl", (0, 0x5412), EPERM),
    ("sendto", (3, 0, 1, 0, 0, 0), bpf.ALLOW),
    ("sendto", (3, 0, 1, 0, 1 << 32, 16), EPERM),
    ("getsockopt", (3, 1, 4), bpf.ALLOW),
    ("getsockopt", (3, 1, 77), EPERM),
    ("getsockopt", (3, 6, 4), EPERM),
    ("socketpair", (1, 1 | 0o2000000, 0), bpf.ALLOW),
    ("socketpair", (1, 2, 0), EPERM),
    ("socketpair", (2, 1, 0), EPERM),
    ("prlimit64", (0, 7, 0, 1), bpf.ALLOW),
    ("prlimit64", (0, 7, 1, 0), EPERM),
    ("prlimit64", (0, 9, 1, 0), bpf.ALLOW),
    ("prlimit64", (5, 9, 1, 0), EPERM),
    ("mkdirat", (), bpf.ALLOW),
]


@pytest.mark.parametrize(("name", "args", "verdict"), CASES)
def test_what_the_filter_decides(
    code: bytes,
    arch: str,
    numbers: Mapping[str, int],
    name: str,
    args: tuple[int, ...],
    verdict: int,
) -> None:
    assert decide(code, arch, numbers[name], *args) == verdict


def test_every_number_that_is_not_named_is_refused(
    code: bytes, arch: str, numbers: Mapping[str, int]
) -> None:
    unknown = set(range(1024)) - set(numbers.values())

    assert {decide(code, arch, number) for number in unknown} == {EPERM}


def test_calls_of_another_kind_kill(code: bytes) -> None:
    other = {"x86_64": "aarch64", "aarch64": "x86_64"}
    for arch, wrong in other.items():
        mine = script_filter(arch, may_write=True)
        assert decide(mine, wrong, 0) == bpf.KILL
        assert decide(mine, arch, 0x40000000 | 39) == bpf.KILL


def test_without_landlock_nothing_is_changed(arch: str, numbers: Mapping[str, int]) -> None:
    code = script_filter(arch, may_write=False)

    assert decide(code, arch, numbers["unlinkat"]) == EPERM
    assert decide(code, arch, numbers["read"]) == bpf.ALLOW


def test_a_tree_that_needs_long_jumps_still_finds_every_number() -> None:
    rules: dict[int, bpf.Verdict] = {
        n: ((bpf.Check(0, n), bpf.Check(1, 1)),) for n in range(0, 600, 2)
    }
    code = bpf.assemble("x86_64", rules, bpf.refuse())

    assert all(decide(code, "x86_64", n, n, 1) == bpf.ALLOW for n in rules)
    assert all(decide(code, "x86_64", n, n, 2) == EPERM for n in rules)
    assert decide(code, "x86_64", 301, 301, 1) == EPERM
