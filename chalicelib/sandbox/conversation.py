"""One run's talk with its child, up to the first thing that ends it."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.sandbox.calls import Handler, Worker
from chalicelib.sandbox.frames import BadFrame, FrameReader, encode
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.zygote import Zygote

#: Seconds between two looks at whether the run was cancelled.
_CANCEL_POLL = 0.1
#: Seconds that a child which hung up has to tell how it ended.
_LAST_WORDS = 0.5
_CHUNK = 1 << 18
#: Calls that may wait at once, and that one run may make.
_MAX_WAITING, _MAX_CALLS = 64, 10_000


@dataclass(frozen=True)
class Ending:
    """What ended a run; `details` is the child's last frame or the zygote's notice."""

    how: Literal["done", "exited", "timeout", "cancelled", "broken", "unlocked"]
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Terms:
    """What a run is held to; `deadline` on the monotonic clock."""

    job: Mapping[str, Any]
    deadline: float
    cancelled: threading.Event
    required: frozenset[str]
    handlers: Mapping[str, Handler]


class Conversation:
    """An event loop that never waits for anyone, so that the deadline is kept."""

    def __init__(self, near: socket.socket, zygote: Zygote, terms: Terms, output: Output) -> None:
        self._near = near
        self._zygote = zygote
        self._terms = terms
        self._output = output
        self._frames = FrameReader()
        self._outbox = bytearray()
        self._waiting: deque[dict[str, Any]] = deque()
        self._calls = 0
        self._busy = False
        self._locked = False
        self._alarm, self._bell = socket.socketpair()
        self._worker = Worker(terms.handlers, terms.deadline, lambda: self._ring())
        self._selector = selectors.DefaultSelector()

    def hold(self) -> Ending:
        """Serve the child until its run ends."""
        for sock in (self._near, self._alarm, self._bell):
            sock.setblocking(False)
        readers: tuple[tuple[socket.socket, Callable[[], Ending | None]], ...] = (
            (self._near, self._read),
            (self._zygote.control, self._take_notice),
            (self._alarm, self._take_answer),
        )
        try:
            for sock, reader in readers:
                self._selector.register(sock, selectors.EVENT_READ, reader)
            return self._loop()
        except BadFrame as error:
            return Ending("broken", {"why": str(error)})
        finally:
            self._worker.close()
            self._selector.close()
            self._alarm.close()
            self._bell.close()

    def _loop(self) -> Ending:
        while True:
            left = self._terms.deadline - time.monotonic()
            if left <= 0:
                return Ending("timeout", {})
            if self._terms.cancelled.is_set():
                return Ending("cancelled", {})
            for key, events in self._selector.select(min(left, _CANCEL_POLL)):
                if events & selectors.EVENT_WRITE:
                    self._write()
                if events & selectors.EVENT_READ and (ending := key.data()):
                    return ending  # type: ignore[no-any-return]

    def _read(self) -> Ending | None:
        try:
            data = self._near.recv(_CHUNK)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            return self._hung_up()
        for frame in self._frames.feed(data):
            if ending := self._hear(frame):
                return ending
        return None

    def _hear(self, frame: dict[str, Any]) -> Ending | None:
        match frame:
            case {"t": "out", "text": str(text)} if self._locked:
                self._output.add(text)
            case {"t": "call"} if self._locked:
                self._queue(frame)
            case {"t": "done"} if self._locked:
                return Ending("done", frame)
            case {"t": "locked", "layers": dict(layers)} if not self._locked:
                return self._hand_over(layers)
            case _:
                raise BadFrame("no such message")
        return None

    def _hand_over(self, layers: dict[str, Any]) -> Ending | None:
        """Give the job to a child that has locked itself down well enough."""
        self._locked = True
        missing = {name: layers.get(name) for name in self._terms.required}
        missing = {name: said for name, said in missing.items() if said != "on"}
        if missing:
            return Ending("unlocked", missing)
        self._send(encode(self._terms.job))
        return None

    def _queue(self, call: dict[str, Any]) -> None:
        self._calls += 1
        if len(self._waiting) >= _MAX_WAITING or self._calls > _MAX_CALLS:
            raise BadFrame("too many calls")
        self._waiting.append(call)
        self._begin_call()

    def _begin_call(self) -> None:
        # One at a time, and the next when the answer is out: a child that does not read
        # cannot pile up answers here.
        if self._waiting and not self._busy:
            self._busy = True
            self._worker.begin(self._waiting.popleft())

    def _ring(self) -> None:
        self._bell.send(b"!")

    def _take_answer(self) -> None:
        self._alarm.recv(64)
        if answer := self._worker.answer():
            self._send(answer)

    def _send(self, data: bytes) -> None:
        self._outbox += data
        self._write()

    def _write(self) -> None:
        try:
            while self._outbox:
                del self._outbox[: self._near.send(self._outbox[:_CHUNK])]
        except BlockingIOError:
            pass
        except OSError:
            # It hung up; reading says so too, after what it said before.
            self._outbox.clear()
        both = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outbox else 0)
        self._selector.modify(self._near, both, self._read)
        if not self._outbox and self._locked:
            self._end_call()

    def _end_call(self) -> None:
        self._busy = False
        self._begin_call()

    def _hung_up(self) -> Ending:
        return Ending("exited", self._zygote.hear(_LAST_WORDS) or {})

    def _take_notice(self) -> Ending:
        notice = self._zygote.hear(0)
        # What the child said before it went still counts, if no stray keeps talking.
        self._near.setblocking(False)
        for _ in range(256):
            data = b""
            with suppress(OSError):
                data = self._near.recv(_CHUNK)
            if not data:
                break
            for frame in self._frames.feed(data):
                if ending := self._hear(frame):
                    return ending
        return Ending("exited", notice or {})
