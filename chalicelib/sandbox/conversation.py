"""One run's talk with its child, up to the first thing that ends it."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from chalicelib.sandbox.calls import Worker
from chalicelib.sandbox.frames import BadFrame, FrameReader, encode
from chalicelib.sandbox.output import Output
from chalicelib.sandbox.quotas import cpu_seconds
from chalicelib.sandbox.terms import Ending, Terms
from chalicelib.sandbox.zygote import Zygote

#: Seconds between two looks at whether the run is to be cut off.
_POLL = 0.1
#: Seconds that a child which hung up has to tell how it ended.
_LAST_WORDS = 0.5
_CHUNK = 1 << 18
#: Calls that may wait, and that are done at once: that many answers may pile up here.
_MAX_WAITING, _AT_ONCE = 64, 4
#: Bytes of memory that one call may take, and all that wait: a script has its own limit.
_HEAVIEST, _MOST_WEIGHT = 32 << 20, 64 << 20


class Conversation:
    """An event loop that never waits for anyone, so that the deadline is kept."""

    def __init__(self, near: socket.socket, zygote: Zygote, terms: Terms, output: Output) -> None:
        self._near = near
        self._zygote = zygote
        self._terms = terms
        self._output = output
        self._frames = FrameReader()
        self._outbox = bytearray()
        self._waiting: deque[tuple[dict[str, Any], int]] = deque()
        self._calls = self._weight = 0
        #: Begun and not yet read by the child; and of these, the ones that are in the outbox.
        self._open = self._answered = 0
        self._locked = False
        self._alarm, self._bell = socket.socketpair()
        self._worker = Worker(terms.handlers, terms.deadline, lambda: self._ring(), output.mask)
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
            if ending := self._cut_off():
                return ending
            left = max(0.0, self._terms.deadline - time.monotonic())
            for key, events in self._selector.select(min(left, _POLL)):
                if events & selectors.EVENT_WRITE:
                    self._write()
                if events & selectors.EVENT_READ and (ended := key.data()):
                    return ended  # type: ignore[no-any-return]

    def _cut_off(self) -> Ending | None:
        """What ends the run from here, if anything does yet."""
        terms = self._terms
        if time.monotonic() >= terms.deadline:
            return Ending("timeout", {})
        if terms.cancelled.is_set():
            return Ending("cancelled", {})
        if terms.is_over_quota():
            return Ending("disk", {})
        return Ending("cpu", {}) if self._is_spent() else None

    def _is_spent(self) -> bool:
        return cpu_seconds(self._terms.pid) >= self._terms.quotas.cpu_seconds

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
                return self._queue(frame)
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

    def _queue(self, call: dict[str, Any]) -> Ending | None:
        self._calls += 1
        if self._calls > self._terms.quotas.calls:
            return Ending("calls", {})
        weight = self._frames.weight
        self._weight += weight
        if len(self._waiting) >= _MAX_WAITING or weight > _HEAVIEST or self._weight > _MOST_WEIGHT:
            raise BadFrame("too many calls at once, or too large ones")
        self._waiting.append((call, weight))
        self._begin_calls()
        return None

    def _begin_calls(self) -> None:
        # The next when an answer is out: a child that does not read cannot pile them up here.
        while self._waiting and self._open < _AT_ONCE:
            self._open += 1
            call, weight = self._waiting.popleft()
            self._weight -= weight
            self._worker.begin(call, self._open)

    def _ring(self) -> None:
        self._bell.send(b"!")

    def _take_answer(self) -> Ending | None:
        self._alarm.recv(64)
        if self._worker.traffic > self._terms.quotas.http_bytes:
            return Ending("http_bytes", {})
        while answer := self._worker.answer():
            self._answered += 1
            self._send(answer)
        return None

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
        if not self._outbox:
            self._open -= self._answered
            self._answered = 0
            self._begin_calls()

    def _hung_up(self) -> Ending:
        return self._exited(self._zygote.hear(_LAST_WORDS))

    def _exited(self, notice: dict[str, Any] | None) -> Ending:
        # The kernel's limit may have been quicker than a look from here.
        return Ending("cpu", {}) if self._is_spent() else Ending("exited", notice or {})

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
        return self._exited(notice)
