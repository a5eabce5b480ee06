"""Attempts to reach anything by a socket of its own."""

from __future__ import annotations

from tests.sandbox.hostile.attempt import Attempt, attempts

NETWORK = attempts(
    *(Attempt(f"connect to the {name}", f"""
# The socket itself: `socket.create_connection` has its requests done by the platform.
import _socket
_socket.socket().connect(("127.0.0.1", get("{name}"))); breach("connected")
""") for name in ("runtime_api", "inbox")),
    Attempt("connect by raw system calls", """
address = struct.pack("=HHI", socket.AF_INET, socket.htons(get("inbox")), 0x0100007F) + bytes(8)
for kind in (1, 2, 1 | 0o2000000, 1 | 0o4000):
    each([lambda: checked(libc.connect(checked(libc.socket(2, kind, 0)), address, 16))])
"""),
    Attempt("sockets of every family", """
for family in (1, 2, 10, 16, 17, 38, 40, 44):
    for kind in (1, 2, 3, 5):
        each([lambda: socket.socket(family, kind).close()])
"""),
    Attempt("listen", """
each([lambda: socket.create_server(("127.0.0.1", 0)),
      lambda: checked(libc.listen(3, 1))])
"""),
    Attempt("connect to an abstract socket", """
sock = socket.socket(socket.AF_UNIX)
sock.connect("\\0" + get("abstract")); breach("abstract")
"""),
    Attempt("connect to a socket in the file system", """
sock = socket.socket(socket.AF_UNIX)
sock.connect(get("unix")); breach("unix")
"""),
    Attempt("connect the run's own socket elsewhere", """
name = struct.pack("=H", 1) + b"\\0" + get("abstract").encode()
each([lambda: checked(libc.connect(3, name, len(name))),
      lambda: checked(libc.connect(3, bytes(16), 16)) or checked(libc.connect(3, name, len(name)))])
"""),
    Attempt("name the run's own socket", """
checked(libc.bind(3, b"\\1\\0\\0stray", 8)); breach("a name that ends with the process")
""", "own"),
    Attempt("send from a pair to an abstract socket", """
name = struct.pack("=H", 1) + b"\\0" + get("abstract").encode()
for kind in (1, 2, 5):
    def send():
        one, other = socket.socketpair(socket.AF_UNIX, kind)
        checked(libc.connect(one.fileno(), name, len(name)))
    def send_to():
        one, other = socket.socketpair(socket.AF_UNIX, kind)
        checked(libc.sendto(one.fileno(), b"x", 1, 0, name, len(name)))
    each([send, send_to])
"""),
    Attempt("pass descriptors to the supervisor", """
sock = socket.socket(fileno=3)
each([lambda: socket.send_fds(sock, [b"\\0\\0\\0\\2{}"], [0, 1, 2])])
""", "ends"),
    Attempt("receive a descriptor", """
sock = socket.socket(fileno=3)
sock.setblocking(False)
data, descriptors, flags, address = socket.recv_fds(sock, 100, 4)
if descriptors: breach(descriptors)
"""),
    Attempt("ask io_uring to connect", """
call("io_uring_setup", 8, ctypes.create_string_buffer(128)); breach("io_uring")
"""),
    Attempt("bring up an interface by ioctl", """
for request in (0x8914, 0x8916, 0x89F0):
    each([lambda: checked(libc.ioctl(3, request, ctypes.create_string_buffer(128)))])
"""),
)  # fmt: skip
