"""Attempts to read and change files, and to leave things behind."""

from __future__ import annotations

from tests.sandbox.hostile.attempt import Attempt, attempts

FILES = attempts(
    Attempt("read files of the machine", """
names = ["/etc/passwd", "/etc/hosts", "/proc/version", "/proc/self/status", "/proc/net/tcp",
         "/etc/machine-id", "/dev/mem", "/dev/kmsg", "/dev/vda", "/var/task", "/root/.bashrc",
         get("own"), get("public")]
for name in names:
    each([lambda: print(open(name, "rb").read(50))])
"""),
    Attempt("list folders", """
for name in ("/tmp", "/proc", "/etc", "/dev", "/", get("folder")):
    each([lambda: os.listdir(name)])
"""),
    Attempt("write files everywhere", """
outside = ["/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/", get("folder"), "..", "/proc/self"]
for name in outside:
    each([lambda: open(f"{name}/left", "w").write("x")])
"""),
    Attempt("make nodes in folders for all", """
for folder in ("/tmp", "/var/tmp", "/dev/shm"):
    each([lambda: os.mkdir(f"{folder}/left-folder"), lambda: os.mkfifo(f"{folder}/left-fifo"),
          lambda: os.symlink("/etc", f"{folder}/left-link"),
          lambda: os.mknod(f"{folder}/left-node"),
          lambda: os.link(get("own"), f"{folder}/left-hard")])
""", "own"),
    Attempt("a tree deeper than any path", """
os.chdir("/tmp")
for _ in range(1500):
    os.mkdir("d" * 100); os.chdir("d" * 100)
breach("deep")
""", "own"),
    Attempt("folders that deny their owner", """
os.mkdir("/tmp/denied"); os.mkdir("/tmp/denied/inner"); os.mkdir("/tmp/denied/inner/x", 0)
os.chmod("/tmp/denied/inner", 0); os.chmod("/tmp/denied", 0); breach("denied")
""", "own"),
    Attempt("change a file of the account", """
each([lambda: os.truncate(get("own"), 0), lambda: os.chmod(get("own"), 0o777),
      lambda: os.utime(get("own"), (0, 0)), lambda: open(get("own"), "a")])
""", "ends"),
    Attempt("rename a file of the account", """
os.rename(get("own"), get("own") + "x"); breach("renamed")
""", "ends"),
    Attempt("remove a file of the account", "os.unlink(get('own')); breach('removed')", "ends"),
    Attempt("exchange two files of the account", """
os.symlink("/etc/passwd", get("own") + ".new"); os.rename(get("own") + ".new", get("own"))
breach("exchanged")
""", "ends"),
    Attempt("change the layer", """
import sandbox_runner.child
name = sandbox_runner.child.__file__
folder = os.path.dirname(name)
each([lambda: open(name, "a"), lambda: os.unlink(name), lambda: os.rename(folder, folder + "x"),
      lambda: os.chmod(name, 0o666), lambda: os.mkdir(folder + "/email")])
"""),
    Attempt("links out of the work folder", """
each([lambda: os.symlink("/etc/passwd", "here") or open("here").read(),
      lambda: os.link("/etc/passwd", "there") or open("there").read(),
      lambda: os.rename(get("own"), "mine"),
      lambda: open("/proc/self/cwd/../left", "w"), lambda: open("/proc/self/root/tmp/left", "w")])
"""),
    Attempt("reopen what is only a path", """
each([lambda: print(open(f"/proc/self/fd/{os.open(get('own'), os.O_PATH)}").read()),
      lambda: print(os.read(os.open("", 0o20000000, dir_fd=os.open(get("own"), os.O_PATH)), 9)),
      lambda: call("open_by_handle_at", -100, bytes(128), 0),
      lambda: os.open(".", os.O_RDWR | os.O_TMPFILE) and 1 / 0])
"""),
    Attempt("new limits and filters of its own", """
each([lambda: checked(libc.prctl(4, 1, 0, 0, 0)), lambda: call("seccomp", 1, 0, bytes(16)),
      lambda: call("landlock_create_ruleset", None, 0, 1)])
"""),
    Attempt("System V memory, semaphores and queues", """
each([lambda: checked(libc.shmget(0x5EC, 4096, 0o1666)),
      lambda: checked(libc.semget(0x5EC, 1, 0o1666)),
      lambda: checked(libc.msgget(0x5EC, 0o1666))])
""", "own"),
    Attempt("POSIX memory and queues", """
each([lambda: checked(libc.shm_open(b"/left", 0o102, 0o666)),
      lambda: checked(libc.mq_open(b"/left", 0o102, 0o666, None)),
      lambda: call("memfd_create", b"left", 0), lambda: call("userfaultfd", 1)])
"""),
    Attempt("keys that outlive it", """
for ring in (-3, -4, -5):
    each([lambda: call("add_key", b"user", b"left", b"x", 1, ring)])
""", "own"),
    Attempt("fill the disk with one file", """
with open("big", "wb") as file:
    while True: file.write(bytes(1 << 20))
"""),
    Attempt("fill the disk with many files", """
for number in range(100):
    with open(f"big{number}", "wb") as file: file.write(bytes(8 << 20))
"""),
    Attempt("fill the disk with small files", """
for number in range(100_000): open(str(number), "w").close()
"""),
    Attempt("fill the disk with what it deletes", """
kept = []
for _ in range(40):
    kept.append(open("big", "wb")); kept[-1].write(bytes(8 << 20)); os.unlink("big")
time.sleep(1); breach("320 MB")
"""),
    Attempt("fill the disk with what has no name", """
import mmap
kept = []
for _ in range(40):
    number = os.open(".", os.O_TMPFILE | os.O_RDWR)
    os.write(number, bytes(8 << 20)); kept.append(mmap.mmap(number, 4096)); os.close(number)
time.sleep(1); breach("320 MB")
"""),
    Attempt("hide what it writes", """
for number in range(99):
    os.mkdir("d" * 200); os.chdir("d" * 200)
os.mkdir("x", 0o300); os.chdir("x")
open("big", "wb").write(bytes(8 << 20)); time.sleep(60)
"""),
    Attempt("leave a work folder that is hard to empty", """
for _ in range(3000):
    os.mkdir("d"); os.chdir("d")
os.mkdir("x", 0)
"""),
)  # fmt: skip
