"""JSON messages over the run's socket: four bytes of length, big-endian, then the text."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Mapping
from typing import Any

_LENGTH = struct.Struct(">I")
#: Bytes of the largest frame that the platform reads (chalicelib/sandbox/frames.py).
_LARGEST = 8 << 20


class CallFailed(RuntimeError):
    """平台未能完成 SDK 函数的请求;`kind` 是原因的代码,可能为空。属于 RuntimeError。

    The platform could not do what an SDK function asked it for; `kind` says why, if known. A
    RuntimeError.

    Example::

        try:
            set_var('large', 'x' * 100_000)
        except CallFailed as error:
            log(f'{error.kind}: {error}')
    """

    # A script sees it under its bare name, in tracebacks too.
    __module__ = "builtins"

    def __init__(self, words: str, kind: str | None = None) -> None:
        super().__init__(words)
        self.kind: str | None = kind


class Channel:
    """The child's end of the socket; whole frames, also from several threads at once."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sending = threading.Lock()
        self._turn = threading.Condition()
        self._is_read = False
        self._unread = bytearray()
        self._calls = 0
        self._waiting: set[int] = set()
        self._answers: dict[int, Any] = {}

    def send(self, message: Mapping[str, Any]) -> None:
        """Raises ValueError for what the platform would not read."""
        body = json.dumps(message).encode("ascii")
        if len(body) > _LARGEST:
            raise ValueError(
                f"参数过大:合计最多 8 MB(非 ASCII 字符按 6 字节计),现为 {len(body)} 字节"
                f" / the arguments are too large: {len(body)} bytes, of at most 8 MB in all"
                " (where a character that is not ASCII counts as 6)"
            )
        with self._sending:
            self._sock.sendall(_LENGTH.pack(len(body)) + body)

    def receive(self) -> Any:
        """The next frame; raises EOFError when the other side hangs up."""
        self._await(_LENGTH.size)
        (size,) = _LENGTH.unpack_from(self._unread)
        end = _LENGTH.size + size
        self._await(end)
        with memoryview(self._unread) as view:
            text = str(view[_LENGTH.size : end], "ascii")
        del self._unread[:end]
        return json.loads(text)

    def _await(self, size: int) -> None:
        # A signal handler of the script may break this off anywhere: what came is kept.
        while len(self._unread) < size:
            part = self._sock.recv(1 << 18)
            if not part:
                raise EOFError("the platform hung up")
            self._unread += part

    def call(self, name: str, args: Mapping[str, Any]) -> Any:
        """Have the platform do `name`; returns its value, raises CallFailed with its words."""
        with self._turn:
            self._calls += 1
            number = self._calls
            self._waiting.add(number)
        try:
            self.send({"t": "call", "id": number, "name": name, "args": args})
            answer = self._answer(number)
        finally:
            self._waiting.discard(number)
            self._answers.pop(number, None)
        if not answer["ok"]:
            raise CallFailed(answer["error"], answer.get("kind"))
        return answer["value"]

    def _answer(self, number: int) -> Any:
        """Read until the answer is there; of the threads that wait, one reads for all."""
        with self._turn:
            while number not in self._answers:
                if self._is_read:
                    self._turn.wait()
                else:
                    self._read_one()
            return self._answers[number]

    def _read_one(self) -> None:
        self._is_read = True
        self._turn.release()
        try:
            answer = self.receive()
        finally:
            self._turn.acquire()
            self._is_read = False
            self._turn.notify_all()
        # A call that a signal handler broke off leaves its answer behind.
        if answer["id"] in self._waiting:
            self._answers[answer["id"]] = answer
