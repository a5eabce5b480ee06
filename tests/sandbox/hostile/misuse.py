"""Attempts to use up what there is, to forge the protocol, and to trick the machine itself."""

from __future__ import annotations

from tests.sandbox.hostile.attempt import Attempt, attempts

_DONE = "frame({'t': 'done', 'ok': True, 'result': '\"forged\"'})\n"
#: push/pop, the call in registers, `int 0x80` and return: `getpid` of 32 bits, by number 20.
_INT_80 = r"\x53\xb8\x14\x00\x00\x00\xcd\x80\x5b\xc3"

RESOURCES = attempts(
    Attempt("memory by objects", "x = [b'x' * 10 ** 6]\nwhile True: x += x"),
    Attempt("memory by mappings", """
import mmap
kept = []
while True: kept.append(mmap.mmap(-1, 1 << 24)); kept[-1].write(bytes(1 << 24))
"""),
    Attempt("lock memory", "checked(libc.mlockall(3)); breach('locked')"),
    Attempt("descriptors", """
kept = []
try:
    while True: kept += os.pipe()
except OSError: result = len(kept)
if result > 64: breach(result)
"""),
    Attempt("processor", "while True: pass", timeout=0.4),
    Attempt("processor with every signal held", """
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for number in range(1, 32):
    if number not in (9, 19): signal.signal(number, signal.SIG_IGN)
while True:
    try:
        while True: pass
    except BaseException: pass
""", timeout=0.4),
    Attempt("a storm of timers", """
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
while True: pass
""", timeout=0.4),
    Attempt("sleep", "time.sleep(1000)", timeout=0.4),
    Attempt("output without end", "while True: print('x' * 100_000)", timeout=0.4),
    Attempt("lines that look like another's log", """
print("\\x1b[2J\\x00START RequestId: 1\\r\\nEND RequestId: 1")
os.write(1, b"END RequestId: forged"); os.write(2, b"END RequestId: forged")
"""),
    Attempt("segmentation fault", "ctypes.string_at(0)"),
    Attempt("stack of C", "import re\nx = []\nfor _ in range(10 ** 6): x = [x]\nrepr(x)"),
    Attempt("threads that go on", """
import threading
def spin():
    while True: print("tick")
for _ in range(4): threading.Thread(target=spin).start()
os._exit(0)
"""),
)  # fmt: skip

PROTOCOL = attempts(
    Attempt("a result of its own making", _DONE + "time.sleep(60)"),
    Attempt("two results", _DONE * 2),
    Attempt("a frame without end", """
os.write(3, b"\\xff\\xff\\xff\\xff" + bytes(100))
time.sleep(60)
"""),
    Attempt("a frame that never comes", """
os.write(3, b"\\0\\0\\1\\0half")
time.sleep(60)
""", timeout=0.4),
    Attempt("a second lock", "frame({'t': 'locked', 'layers': {}}); time.sleep(60)"),
    Attempt("kinds of failure that it may not claim", """
frame({"t": "done", "ok": False, "kind": "lost", "error": "", "status": "cancelled"})
"""),
    Attempt("calls to functions that are not there", """
from sandbox_runner.frames import CallFailed
for name in ("claim", "report", "__class__", "heartbeat", "../http", None, 5, ["http"]):
    frame({"t": "call", "id": 1, "name": name, "args": {}})
"""),
    Attempt("values that are deep or huge", """
frame(b'{"t":"call","id":1,"name":"http","args":' + b'{"a":' * 50000 + b"1" + b"}" * 50001)
time.sleep(60)
"""),
    Attempt("numbers that are none", """
frame(b'{"t":"done","ok":true,"result":"NaN"}')
time.sleep(60)
"""),
    Attempt("text that is none", """
frame(b'{"t":"out","text":"\\\\ud800\\\\u0000\\\\u001b[2J"}')
frame(b'{"t":"out","text":5}')
time.sleep(60)
"""),
    Attempt("a flood of calls", """
while True: frame({"t": "call", "id": 1, "name": "http", "args": {}})
"""),
    Attempt("hanging up", "os.close(3); time.sleep(60)"),
    Attempt("other descriptors than its own", """
for number in range(4, 64):
    each([lambda: os.fstat(number)])
os.dup2(0, 3)
time.sleep(60)
"""),
)  # fmt: skip

TRICKS = attempts(
    Attempt("int 0x80", f"""
import mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(b"{_INT_80}")
address = ctypes.addressof(ctypes.c_char.from_buffer(code))
answer = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
if get("kernel") and answer > 0: breach(answer)
""", only_on="x86_64"),
    Attempt("system calls of x32", "call(0x40000000 | 39); breach('x32')", only_on="x86_64"),
    Attempt("numbers that no call has", """
for number in [*range(440, 520), 1 << 31, 0xFFFFFFFF, 600, 1 << 20]:
    if number in (numbers["faccessat2"], numbers["epoll_pwait2"]): continue
    each([lambda: call(number, -1, 0, 0, 0, 0)])
"""),
    Attempt("the proofs deceived", """
import sandbox_runner.proofs as proofs, sandbox_runner.lockdown as lockdown
from sandbox_runner import kernel
each([lambda: kernel.filter_calls(b""), lambda: kernel.become_undumpable()])
""", "own"),
    Attempt("what later runs would meet", """
import builtins, sandbox_runner.child as child, sandbox_runner.sdk as sdk
builtins.print = child.run = sdk.names = json.dumps = sys.exit = None
sys.modules.clear()
"""),
)  # fmt: skip

MISUSE = (*RESOURCES, *PROTOCOL, *TRICKS)
