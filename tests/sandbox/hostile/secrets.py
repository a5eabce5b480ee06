"""Attempts to read what supervisor and zygote know, and to change what they do."""

from __future__ import annotations

from tests.sandbox.hostile.attempt import Attempt, attempts


def _proc(name: str, of: str = "supervisor") -> str:
    return f'data = open(f"/proc/{{{of}}}/{name}", "rb").read(64)\nprint(data)\nbreach("{name}")'


SECRETS = attempts(
    *(Attempt(f"read {name} of the supervisor", _proc(name)) for name in (
        "environ", "maps", "auxv", "smaps", "stack", "syscall", "io", "fd/0", "fd/3")),
    *(Attempt(f"read {name} of the zygote", _proc(name, "zygote")) for name in (
        "environ", "maps", "auxv", "fd/3")),
    Attempt("read its own environment's file", _proc("environ", "os.getpid()")),
    Attempt("read the environment of every process", """
for pid in os.listdir("/proc"):
    if pid.isdigit():
        each([lambda: print(open(f"/proc/{pid}/environ").read())])
"""),
    Attempt("read the supervisor's memory through /proc", """
with open(f"/proc/{supervisor}/mem", "rb", 0) as memory:
    memory.seek(get("address"))
    print(memory.read(32)); breach("mem")
"""),
    Attempt("write the zygote's memory through /proc", """
with open(f"/proc/{zygote}/mem", "r+b", 0) as memory:
    memory.seek(id(None)); memory.write(b"1"); breach("mem")
"""),
    Attempt("process_vm_readv", """
buffer = ctypes.create_string_buffer(64)
for pid, address in ((supervisor, get("address")), (zygote, id(None))):
    each([lambda: checked(libc.process_vm_readv(
        pid, piece(ctypes.addressof(buffer), 32), 1, piece(address, 32), 1, 0))])
print(buffer.raw)
"""),
    Attempt("process_vm_writev", """
buffer = ctypes.create_string_buffer(64)
for pid in (supervisor, zygote):
    each([lambda: checked(libc.process_vm_writev(
        pid, piece(ctypes.addressof(buffer), 8), 1, piece(id(None), 8), 1, 0))])
"""),
    Attempt("ptrace attach and seize", """
for pid in (supervisor, zygote):
    for request in (16, 0x4206):
        each([lambda: checked(libc.ptrace(request, pid, None, None))])
"""),
    Attempt("ptrace traceme", "checked(libc.ptrace(0, 0, None, None)); breach('traceme')", "none"),
    Attempt("take a descriptor of the supervisor by pidfd", """
handle = call("pidfd_open", supervisor, 0)
for number in range(8):
    each([lambda: print(os.read(call("pidfd_getfd", handle, number, 0), 10))])
"""),
    Attempt("walk out through the supervisor's root and cwd", """
for link in ("root/etc/passwd", "cwd/.", "exe"):
    each([lambda: open(f"/proc/{supervisor}/{link}", "rb").read(1),
          lambda: os.readlink(f"/proc/{supervisor}/{link}") + "x"])
for number in range(8):
    each([lambda: os.readlink(f"/proc/{zygote}/fd/{number}")])
"""),
    Attempt("look for secrets in what the zygote left in memory", """
import gc
import re
for one in gc.get_objects():
    for text in gc.get_referents(one):
        if isinstance(text, str) and re.search(r"planted-secret-\\d", text): breach(text)
for name, value in os.environ.items():
    if name != "TZ": breach(name)
"""),
    Attempt("scan its own stack and heap for the supervisor's environment", """
import re
for line in open("/proc/self/maps"):
    if "[stack]" in line or "[heap]" in line:
        low, high = (int(word, 16) for word in line.split()[0].split("-"))
        print(re.findall(rb"planted-secret-\\w+", ctypes.string_at(low, high - low)))
        breach("maps")
"""),
    Attempt("perf_event_open and bpf", """
buffer = ctypes.create_string_buffer(128)
each([lambda: call("perf_event_open", buffer, supervisor, -1, -1, 0),
      lambda: call("bpf", 0, buffer, 128)])
"""),
    Attempt("dump its own core", "libc.abort()"),
)  # fmt: skip
