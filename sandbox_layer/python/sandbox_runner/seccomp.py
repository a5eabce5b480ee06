"""Which system calls a script may make, and with which arguments; all others fail with EPERM.

Whatever makes a process, a connection, a descriptor out of nothing or a trace of itself outside
its work folder is left out, so that libraries meet an error rather than a dead process.
"""

from __future__ import annotations

import errno

from sandbox_runner.bpf import ALLOW, OWN_PID, Alternatives, Check, Verdict, assemble, refuse
from sandbox_runner.syscalls import NUMBERS

_MEMORY = "brk mmap mprotect munmap mremap madvise msync mincore membarrier"
_TIME = (
    "gettimeofday time times clock_gettime clock_getres clock_nanosleep nanosleep getitimer"
    " setitimer alarm"
)
_ITSELF = (
    "getpid gettid getppid getpgrp getpgid getsid getuid geteuid getgid getegid getgroups"
    " getresuid getresgid getrlimit getrusage getpriority getcpu getcwd umask uname sysinfo"
    " sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max"
    " sched_get_priority_min sched_rr_get_interval getrandom exit exit_group wait4 waitid pause"
)
_SIGNALS = (
    "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend"
    " sigaltstack restart_syscall"
)
_THREADS = "futex set_robust_list set_tid_address rseq"
_DESCRIPTORS = (
    "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close"
    " dup dup2 dup3 pipe pipe2 eventfd2 poll ppoll select pselect6 epoll_create"
    " epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 sendfile copy_file_range"
)
#: On the socket that it has, and on pairs of its own.
_SOCKETS = "recvfrom recvmsg shutdown getsockname getpeername"
#: To look; what may be opened is Landlock's to say.
_LOOKING = (
    "open openat stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2"
    " readlink readlinkat getdents getdents64 chdir fchdir fadvise64"
)
#: To change; where is Landlock's to say.
_CHANGING = (
    "creat mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 ftruncate"
    " fsync fdatasync sync_file_range flock"
)

# <linux/sched.h>: what makes a thread, which has the same descriptors (memory, folder, files,
# signals), and what a thread may not have.
_CLONE_THREAD = 0x00000100 | 0x00000200 | 0x00000400 | 0x00000800 | 0x00010000
_CLONE_NEW = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x60000000
_AF_UNIX, _SOCK_STREAM, _SOCK_TYPE = 1, 1, 0xF
# <asm-generic/fcntl.h> and <linux/fcntl.h>: duplicates, flags, locks. Nothing that sends signals.
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
# <asm-generic/ioctls.h>: TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
_RLIMIT_AS = 9
# <asm-generic/socket.h>: type, error, sizes of buffers, whether it listens, protocol, family.
# Others tell who is at the other end, or give a descriptor of that process.
_SOL_SOCKET, _SOCKET_FACTS = 1, (3, 4, 7, 8, 30, 38, 39)


def _one_of(index: int, values: tuple[int, ...]) -> Alternatives:
    return tuple((Check(index, value),) for value in values)


#: Its own memory limit may be moved, below the hard one: a MemoryError wants to be told.
_WITH_ARGUMENTS: dict[str, Verdict] = {
    "clone": ((Check(0, _CLONE_THREAD, _CLONE_THREAD | _CLONE_NEW, wide=True),),),
    # glibc falls back to clone, whose flags a filter can read.
    "clone3": refuse(errno.ENOSYS),
    "openat2": refuse(errno.ENOSYS),
    # With or without CLOEXEC, but no descriptors of a thread's own.
    "close_range": _one_of(2, (0, 4)),
    "kill": ((Check(0, OWN_PID),),),
    "tgkill": ((Check(0, OWN_PID),),),
    "fcntl": _one_of(1, _FCNTL),
    "ioctl": _one_of(1, _IOCTL),
    "sendto": ((Check(4, 0, wide=True),),),
    "getsockopt": tuple((Check(1, _SOL_SOCKET), Check(2, fact)) for fact in _SOCKET_FACTS),
    "socketpair": ((Check(0, _AF_UNIX), Check(1, _SOCK_STREAM, _SOCK_TYPE)),),
    "prlimit64": (
        (Check(0, 0), Check(2, 0, wide=True)),
        (Check(0, 0), Check(1, _RLIMIT_AS)),
    ),
}


def script_filter(arch: str, may_write: bool) -> bytes:
    """The filter for a script's process on such a machine; OWN_PID stands where its own goes.

    `may_write`: whether Landlock holds it to its work folder; without it no file is changed.
    """
    groups = [_MEMORY, _TIME, _ITSELF, _SIGNALS, _THREADS, _DESCRIPTORS, _SOCKETS, _LOOKING]
    names = " ".join([*groups, *([_CHANGING] if may_write else [])]).split()
    verdicts: dict[str, Verdict] = {**dict.fromkeys(names, ALLOW), **_WITH_ARGUMENTS}
    # Some calls have no number on younger kinds of machine, which know their successors alone.
    numbers = NUMBERS[arch]
    rules = {numbers[name]: verdict for name, verdict in verdicts.items() if name in numbers}
    return assemble(arch, rules, refuse())
