"""Attempts with odd files, odd names and odd messages."""

from __future__ import annotations

from tests.sandbox.hostile.attempt import Attempt, attempts

ODDITIES = attempts(
    Attempt("odd things in the work folder", """
open("file", "w").close()
each([lambda: os.mkfifo("fifo"), lambda: os.symlink("/etc", "link"),
      lambda: os.link("file", "hard"), lambda: os.mknod("node"),
      lambda: os.chmod("file", 0o6755), lambda: os.utime("file", (0, 0)),
      lambda: os.setxattr("file", "user.left", b"x"), lambda: os.chown("file", 0, 0),
      lambda: checked(libc.bind(socket.socketpair()[0].fileno(), b"\\1\\0name\\0", 7))])
"""),
    Attempt("remove and rename its own work folder", """
here = os.getcwd()
each([lambda: os.rmdir(here), lambda: os.rename(here, here + "x"),
      lambda: os.mkdir("x") or os.rename("x", here + "-beside"),
      lambda: os.rename("/tmp", "y") , lambda: os.rmdir("..")])
"""),
    Attempt("names that trick whoever cleans up", """
start = time.monotonic_ns()
names = [".gone-0", "-rf", "..x", "a\\nb", "\\udcff\\udcfe", "n" * 255, " (deleted)", "x (deleted)"]
for name in [*names, *(f".gone-{start + n}" for n in range(200))]:
    os.makedirs(name + "/.gone-1/.gone-2" if len(name) < 200 else name)
"""),
    Attempt("a folder that nobody may look into", """
os.makedirs("a/b"); os.mkdir("a/b/closed", 0)
os.umask(0o777); os.mkdir("b"); open("c", "w").close()
"""),
    Attempt("a file without end, with nothing in it", """
for size in (1 << 30, 1 << 40, (1 << 63) - 1):
    each([lambda: os.ftruncate(os.open(f"big{size}", os.O_CREAT | os.O_RDWR), size)])
with open("sparse", "wb") as file:
    file.seek(1 << 40)
    file.write(b"x"); file.flush(); breach("sparse")
"""),
    Attempt("locks without end", """
import fcntl
with open("file", "wb") as file:
    for number in range(0, 1 << 40, 2): fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
""", timeout=0.5),
    Attempt("folders where everybody may make some", """
for folder in ("/run/lock", "/var/lock", "/dev/mqueue", "/run/shm", "/var/crash", "/run/screen"):
    each([lambda: os.mkdir(f"{folder}/left-here")])
""", "own"),
    Attempt("folders without end", """
os.mkdir("/tmp/left-many"); os.chdir("/tmp/left-many")
for number in range(10 ** 7): os.mkdir(str(number))
""", "own", 2),
    Attempt("folders without end, one in the other", """
os.mkdir("/dev/shm/left-deep"); os.chdir("/dev/shm/left-deep")
while True: os.mkdir("d"); os.chdir("d")
""", "own", 2),
    Attempt("marks on a file of the account", """
os.setxattr(get("own"), "user.left", b"x"); breach("marked")
""", "ends"),
    Attempt("calls with arguments that are none", """
good = {"method": "GET", "url": "http://x/", "headers": {}, "body": None}
for wrong in ({"method": "GET\\r\\nX: 1"}, {"method": None}, {"url": ["http://x/"]}, {"url": None},
              {"headers": [["a", "b"]]}, {"headers": {"a\\r\\nb": "c"}},
              {"body": "====", "timeout": -1},
              {"timeout": "NaN"}, {"timeout": {}}, {"body": {"a": 1}}, {"method": "CONNECT"}):
    frame({"t": "call", "id": {"a": [None]}, "name": "http", "args": {**good, **wrong}})
frame({"t": "call", "id": "x" * 100_000, "name": ["http"] * 9, "args": good})
frame({"t": "call", "name": "http", "args": [good]})
time.sleep(0.1)
"""),
    Attempt("an error that is long and steers a terminal", """
frame({"t": "done", "ok": False, "kind": "memory", "error": "\\x1b[2J\\0\\r\\n\\ud800" * 400_000})
"""),
    Attempt("a result that takes long to read", """
frame({"t": "done", "ok": True, "result": "[" + "[]," * 330_000 + "0]"})
"""),
    Attempt("a result of a number that no database has", """
frame({"t": "done", "ok": True, "result": "9" * 4000})
time.sleep(9)
"""),
    Attempt("a result that acts when it is read", """
class Text(str):
    def __iter__(self): os._exit(9)
class Many(dict):
    def items(self): return [("a", 1)] * 10 ** 9
    def __reduce__(self): return breach, ("unpickled",)
result = {"content": Text("x"), "more": Many(a=[Text("y")])}
"""),
    Attempt("words of the platform's own", """
print("…… 此处省略 9 个字符 / 9 characters left out here ……")
sys.stderr.write('{"level": "ERROR", "message": "the broker refused", "token": "x"}\\n')
log("\\u202e\\u2066\\u2028\\u2029\\ufeff\\U000e0041")
"""),
)  # fmt: skip
