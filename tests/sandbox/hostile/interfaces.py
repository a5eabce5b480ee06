"""Attempts by calls to the kernel that few programs make."""

from __future__ import annotations

from tests.sandbox.hostile.attempt import Attempt, attempts

#: glibc has `time` there; whoever jumps to it needs no system call of its own.
_VSYSCALL = 0xFFFFFFFFFF600400

INTERFACES = attempts(
    Attempt("look at other processes by calls without files", """
room, page = ctypes.create_string_buffer(64), ctypes.byref(ctypes.c_void_p(id(None)))
for pid in (supervisor, zygote):
    each([lambda: call("kcmp", pid, os.getpid(), 0, 0, 0),
          lambda: call("get_robust_list", pid, room, ctypes.byref(room, 8)),
          lambda: call("move_pages", pid, 1, page, None, room, 0),
          lambda: call("migrate_pages", pid, 0, None, None)])
"""),
    Attempt("slow others down by other calls", """
for pid in (supervisor, zygote):
    each([lambda: call("ioprio_set", 1, pid, 3 << 13),
          lambda: call("sched_setattr", pid, struct.pack("=IIQiIQQQ", 48, 5, 0, 0, 0, 0, 0, 0), 0)])
""", "ends"),
    Attempt("watch files", """
each([lambda: call("inotify_init1", 0), lambda: call("fanotify_init", 0, 0)])
"""),
    Attempt("a timer that signals another process", """
room = ctypes.create_string_buffer(8)
for pid in (supervisor, zygote):
    event = struct.pack("=Qiii", 0, 9, 4, pid) + bytes(48)
    each([lambda: call("timer_create", 1, event, room)])
"""),
    Attempt("signals with data", """
information = struct.pack("=iiiiii", 10, 0, -1, 0, os.getpid(), os.getuid()) + bytes(104)
each([lambda: call("rt_sigqueueinfo", supervisor, 10, information),
      lambda: call("rt_tgsigqueueinfo", zygote, zygote, 10, information)])
""", "ends"),
    Attempt("a flood of signals to itself", """
signal.signal(40, lambda *_: None)
signal.pthread_sigmask(signal.SIG_BLOCK, [40])
try:
    for _ in range(300_000): os.kill(os.getpid(), 40)
except OSError: pass
"""),
    Attempt("secret, huge and locked memory", """
import mmap
each([lambda: call("memfd_secret", 0),
      lambda: mmap.mmap(-1, 1 << 21, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)[0],
      lambda: call("mlock2", id(None) & ~4095, 4096, 0)])
"""),
    Attempt("execute by descriptor, and without a loader", """
words = (ctypes.c_char_p * 2)(b"x", None)
each([lambda: call("execveat", -100, b"/bin/true", words, None, 0),
      lambda: call("execveat", os.open("/bin/true", os.O_PATH), b"", words, None, 0x1000),
      lambda: os.execv("/sbin/ldconfig", ["ldconfig", "-p"])])
"""),
    Attempt("the new calls for mounts", """
each([lambda: call("open_tree", -100, b"/", 1), lambda: call("fsopen", b"tmpfs", 0),
      lambda: call("move_mount", -100, b"/tmp", -100, b"/proc", 0),
      lambda: call("mount_setattr", -100, b"/", 0, bytes(32), 32)])
"""),
    Attempt("what only the machine's keeper may do", """
each([lambda: call("acct", b"/tmp/left"), lambda: call("kexec_load", 0, 0, None, 0),
      lambda: call("init_module", b"", 0, b""), lambda: call("finit_module", 0, b"", 0),
      lambda: call("iopl", 3), lambda: call("quotactl", 0x800007 << 8, b"/", 0, bytes(64)),
      lambda: call("setns", 0, 0)])
"""),
    Attempt("the kernel's own words and a table of segments", """
# In the jail they are what any process is told, and its own.
if get("kernel"):
    each([lambda: call("syslog", 3, ctypes.create_string_buffer(4096), 4096),
          lambda: call("syslog", 10, None, 0),
          lambda: call("modify_ldt", 1, ctypes.create_string_buffer(16), 16),
          lambda: call("personality", 0x0040000)])
"""),
    Attempt("descriptors in flight, beyond the limit", """
one, other = socket.socketpair()
each([lambda: socket.send_fds(one, [b"x"], [3, one.fileno()]),
      lambda: call("sendmmsg", one.fileno(), bytes(64), 1, 0)])
"""),
    Attempt("who is at the other end, as a descriptor", """
room, size = ctypes.c_int(-1), ctypes.c_int(4)
checked(libc.getsockopt(3, 1, 77, ctypes.byref(room), ctypes.byref(size)))
breach(room.value)
"""),
    Attempt("pages moved between pipes", """
near, far = os.pipe()
each([lambda: call("vmsplice", far, piece(id(None)), 1, 8),
      lambda: call("splice", 0, None, far, None, 8, 0), lambda: call("tee", near, far, 8, 0)])
"""),
    Attempt("numbers with an upper half", """
for number, *args in ((numbers["clone"], 17, 0, 0, 0, 0), (get("socket"), 1, 1, 0)):
    def step():
        if call(number | 1 << 32, *args) == 0: os._exit(0)
    each([step])
"""),
    Attempt("time by the page of old calls", f"""
print(ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p)({_VSYSCALL})(None))
"""),
    Attempt("the first thread leaves and another goes on", """
import threading
def go_on():
    while True: print("tick"); time.sleep(0.01)
threading.Thread(target=go_on).start()
call("exit", 0)
""", timeout=0.5),
    Attempt("stop itself", "os.kill(os.getpid(), 19)", timeout=0.5),
    Attempt("join the zygote's group", """
each([lambda: os.setpgid(0, os.getpgid(zygote)), lambda: os.setpgid(zygote, 0),
      lambda: os.setpgid(zygote, os.getpid()), os.setsid, lambda: os.tcsetpgrp(0, os.getpid())])
"""),
    Attempt("keys in the keyring that stays for days", """
ring = call("keyctl", 22, -1, -3)
call("add_key", b"user", b"left-for-days", b"x", 1, ring); breach("persistent")
""", "own"),
    Attempt("find keys that another run left", """
def persistent(): return call("keyctl", 22, -1, -2)
for ring in (lambda: -3, lambda: -4, lambda: -5, persistent):
    for name in (b"left", b"left-for-days"):
        each([lambda: call("keyctl", 10, ring(), b"user", name, 0)])
"""),
    Attempt("leave flags and a lock on what it was given", """
import fcntl
fcntl.fcntl(0, fcntl.F_SETFL, os.O_APPEND | os.O_NONBLOCK)
fcntl.flock(0, fcntl.LOCK_EX)
"""),
    Attempt("find flags and a lock that another run left", """
import fcntl
if fcntl.fcntl(0, fcntl.F_GETFL) & (os.O_APPEND | os.O_NONBLOCK): breach("flags")
other = os.open("/dev/null", os.O_RDWR)
try: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError: breach("locked")
"""),
)  # fmt: skip
