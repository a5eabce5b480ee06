"""Numbers of system calls: <asm/unistd_64.h> for x86_64, <asm-generic/unistd.h> for aarch64."""

from __future__ import annotations

from collections.abc import Mapping

#: Name, number on x86_64, number on aarch64; a dash where there is no such call.
_TABLE = """
read 0 63, write 1 64, open 2 -, close 3 57, stat 4 -, fstat 5 80, lstat 6 -, poll 7 -,
lseek 8 62, mmap 9 222, mprotect 10 226, munmap 11 215, brk 12 214, rt_sigaction 13 134,
rt_sigprocmask 14 135, rt_sigreturn 15 139, ioctl 16 29, pread64 17 67, pwrite64 18 68,
readv 19 65, writev 20 66, access 21 -, pipe 22 -, select 23 -, sched_yield 24 124,
mremap 25 216, msync 26 227, mincore 27 232, madvise 28 233, shmget 29 194, shmctl 31 195,
dup 32 23, dup2 33 -, pause 34 -, nanosleep 35 101, getitimer 36 102, alarm 37 -,
setitimer 38 103, getpid 39 172, sendfile 40 71, sendto 44 206, recvfrom 45 207, recvmsg 47 212,
shutdown 48 210, getsockname 51 204, getpeername 52 205, socketpair 53 199, getsockopt 55 209,
clone 56 220, exit 60 93, wait4 61 260, kill 62 129, uname 63 160, semget 64 190, semctl 66 191,
msgget 68 186, msgctl 71 187, fcntl 72 25, flock 73 32, fsync 74 82, fdatasync 75 83,
ftruncate 77 46, getdents 78 -, getcwd 79 17, chdir 80 49, fchdir 81 50, rename 82 -, mkdir 83 -,
rmdir 84 -, creat 85 -, unlink 87 -, readlink 89 -, umask 95 166, gettimeofday 96 169,
getrlimit 97 163, getrusage 98 165, sysinfo 99 179, times 100 153, ptrace 101 117,
getuid 102 174, getgid 104 176, geteuid 107 175, getegid 108 177, getppid 110 173, getpgrp 111 -,
getgroups 115 158, getresuid 118 148, getresgid 120 150, getpgid 121 155, getsid 124 156,
rt_sigpending 127 136, rt_sigtimedwait 128 137, rt_sigsuspend 130 133, sigaltstack 131 132,
statfs 137 43, fstatfs 138 44, getpriority 140 141, sched_getparam 143 121,
sched_getscheduler 145 120, sched_get_priority_max 146 125, sched_get_priority_min 147 126,
sched_rr_get_interval 148 127, pivot_root 155 41, prctl 157 167, chroot 161 51, mount 165 40,
gettid 186 178, time 201 -, futex 202 98, sched_getaffinity 204 123, epoll_create 213 -,
getdents64 217 61, set_tid_address 218 96, restart_syscall 219 128, fadvise64 221 223,
clock_gettime 228 113, clock_getres 229 114, clock_nanosleep 230 115, exit_group 231 94,
epoll_wait 232 -, epoll_ctl 233 21, tgkill 234 131, waitid 247 95, add_key 248 217,
keyctl 250 219, openat 257 56, mkdirat 258 34, newfstatat 262 79, unlinkat 263 35,
renameat 264 38, readlinkat 267 78, faccessat 269 48, pselect6 270 72, ppoll 271 73,
unshare 272 97, set_robust_list 273 99, sync_file_range 277 84, epoll_pwait 281 22,
fallocate 285 47, eventfd2 290 19, epoll_create1 291 20, dup3 292 24, pipe2 293 59,
preadv 295 69, pwritev 296 70, perf_event_open 298 241, prlimit64 302 261, setns 308 268,
getcpu 309 168, process_vm_readv 310 270, process_vm_writev 311 271, renameat2 316 276,
seccomp 317 277, getrandom 318 278, memfd_create 319 279, bpf 321 280, userfaultfd 323 282,
membarrier 324 283, copy_file_range 326 285, preadv2 327 286, pwritev2 328 287, statx 332 291,
rseq 334 293, io_uring_setup 425 425, pidfd_open 434 434, clone3 435 435, close_range 436 436,
openat2 437 437, pidfd_getfd 438 438, faccessat2 439 439, epoll_pwait2 441 441,
landlock_create_ruleset 444 444, landlock_add_rule 445 445, landlock_restrict_self 446 446
"""


def _column(index: int) -> dict[str, int]:
    rows = (row.split() for row in _TABLE.split(","))
    return {row[0]: int(row[index]) for row in rows if row[index] != "-"}


NUMBERS: Mapping[str, Mapping[str, int]] = {"x86_64": _column(1), "aarch64": _column(2)}
