"""Attempts to make processes, to signal others, and to gain rights."""

from __future__ import annotations

from tests.sandbox.hostile.attempt import Attempt, attempts

PROCESSES = attempts(
    Attempt("fork", "pid = os.fork()\nif pid == 0: os._exit(0)\nbreach('fork')"),
    Attempt("vfork and clone", """
each([lambda: checked(libc.vfork()) or os._exit(0),
      lambda: call("clone", 17, 0, 0, 0, 0) or os._exit(0),
      lambda: call("clone", 0x10000011, 0, 0, 0, 0) or os._exit(0)])
"""),
    Attempt("clone3", """
arguments = struct.pack("=QQQQQQQQ", 0, 0, 0, 0, 17, 0, 0, 0)
if call("clone3", arguments, 64) == 0: os._exit(0)
breach("clone3")
"""),
    Attempt("subprocess", "import subprocess\nsubprocess.run(['/bin/true'])\nbreach('ran')"),
    Attempt("posix_spawn", "os.posix_spawn('/bin/true', ['true'], {})\nbreach('spawned')"),
    Attempt("exec another program", """
os.execv("/bin/sh", ["sh", "-c", "echo BREA""CH; touch /tmp/exec; sleep 100"])
"""),
    Attempt("exec the interpreter", """
import glob
for program in (sys.executable, sys._base_executable, "/usr/bin/python3"):
    each([lambda: os.execv(program, [program, "-c", "import time; time.sleep(100)"])])
"""),
    Attempt("multiprocessing", """
import multiprocessing
process = multiprocessing.get_context("fork").Process(target=print)
process.start(); breach("started")
"""),
    Attempt("a daemon", """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: time.sleep(100)
breach("daemon")
"""),
    Attempt("a bomb of threads", """
import threading
try:
    for _ in range(2000): threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
    breach("2000 threads")
except RuntimeError: result = threading.active_count()
"""),
    Attempt("kill the supervisor", "os.kill(supervisor, 9); breach('killed')", "ends"),
    Attempt("stop the supervisor", "os.kill(supervisor, 19); breach('stopped')", "ends", 1),
    Attempt("kill the zygote", "os.kill(zygote, 9); breach('killed')", "ends"),
    Attempt("stop the zygote", "os.kill(zygote, 19); breach('stopped')", "ends", 1),
    Attempt("kill everyone", "os.kill(-1, 9); breach('killed')", "ends"),
    Attempt("interrupt the supervisor", "os.kill(supervisor, 2); breach('interrupted')", "ends"),
    Attempt("kill by group, thread and queue", """
each([lambda: os.killpg(os.getpgid(zygote), 9),
      lambda: call("tgkill", supervisor, supervisor, 9),
      lambda: call("tkill", supervisor, 9),
      lambda: checked(libc.sigqueue(supervisor, 9, None)),
      lambda: signal.pidfd_send_signal(call("pidfd_open", zygote, 0), 9)])
""", "ends"),
    Attempt("have a descriptor signal the supervisor", """
import fcntl
fcntl.fcntl(3, fcntl.F_SETOWN, supervisor)
fcntl.fcntl(3, 10, signal.SIGUSR1)
fcntl.fcntl(3, fcntl.F_SETFL, fcntl.fcntl(3, fcntl.F_GETFL) | 0o20000)
http_get("http://example.com/"); breach("owner set")
""", "ends"),
    Attempt("lower the limits of supervisor and zygote", """
import resource
each([lambda: resource.prlimit(supervisor, resource.RLIMIT_NOFILE, (3, 3)),
      lambda: resource.prlimit(zygote, resource.RLIMIT_CPU, (1, 1))])
""", "ends"),
    Attempt("slow supervisor and zygote down", """
each([lambda: os.setpriority(os.PRIO_PROCESS, supervisor, 19),
      lambda: os.sched_setscheduler(zygote, os.SCHED_IDLE, os.sched_param(0))])
""", "ends"),
    Attempt("tie the supervisor to one core", """
if os.cpu_count() > 1:
    os.sched_setaffinity(supervisor, {0}); breach("tied")
""", "ends"),
    Attempt("become someone else", """
each([lambda: os.setuid(0), lambda: os.seteuid(0), lambda: os.setresuid(0, 0, 0),
      lambda: os.setgid(0), lambda: os.setgroups([0]), lambda: os.setuid(os.getuid() + 1),
      lambda: call("setfsuid", 0) and None or 1 / 0])
"""),
    Attempt("new namespaces", """
for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000):
    each([lambda: checked(libc.unshare(flag))])
"""),
    Attempt("chroot, mount, pivot_root and their like", """
each([lambda: os.chroot("."), lambda: checked(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)),
      lambda: call("pivot_root", b".", b"."), lambda: checked(libc.umount2(b"/proc", 2)),
      lambda: checked(libc.sethostname(b"x", 1)), lambda: checked(libc.reboot(0)),
      lambda: time.clock_settime(0, 0), lambda: checked(libc.swapoff(b"/x"))])
"""),
    Attempt("raise its own limits", """
import resource
for what in ("NPROC", "NOFILE", "FSIZE", "CPU", "CORE", "MSGQUEUE", "MEMLOCK"):
    kind = getattr(resource, "RLIMIT_" + what, 12)
    hard = resource.getrlimit(kind)[1]
    each([lambda: resource.setrlimit(kind, (hard + 1, hard + 1))])
"""),
    Attempt("take up capabilities", """
header = struct.pack("=Ii", 0x20080522, 0)
each([lambda: checked(libc.capset(header, struct.pack("=IIIIII", *[0xFFFFFFFF] * 6))),
      lambda: checked(libc.prctl(47, 2, 0, 0, 0)), lambda: checked(libc.personality(0x0040000))])
""", "own"),
)  # fmt: skip
