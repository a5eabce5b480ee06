"""Things that break: a queue with moods, and connections that die between two statements."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import pymysql

from chalicelib.gateways.queue import Message
from chalicelib.repositories.database import Database, Row, Transaction, connect
from tests.fakes import FakeClock

#: How a client learns that its connection is gone: CR_SERVER_GONE_ERROR, CR_SERVER_LOST,
#: ER_CONNECTION_KILLED of MariaDB, and PyMySQL's own word when it is asked again.
_GONE = {2006, 2013, 1927, 0}


class QueueBroke(Exception):
    """The queue's client died while it was sending."""


def is_death(error: BaseException) -> bool:
    """Whether this is what dying queues and connections look like, and not, say, a deadlock."""
    if isinstance(error, QueueBroke):
        return True
    return isinstance(error, pymysql.err.Error) and error.args[0] in _GONE


class ThreadQueue:
    """A queue for many threads. `mood` is one of `MOODS`; `take` hands out what is due, once."""

    MOODS = ("well", "well", "well", "refuses", "picky", "loses", "doubles", "slow", "breaks")

    def __init__(self, clock: FakeClock, seed: int = 0) -> None:
        self._clock = clock
        self._chance = random.Random(seed)
        self._lock = Lock()
        self._waiting: list[tuple[datetime, dict[str, Any]]] = []
        self.mood = "well"
        self.sent = 0

    def send(self, messages: Sequence[Message]) -> list[int]:
        with self._lock:
            if self.mood == "refuses":
                return list(range(len(messages)))
            return [n for n, message in enumerate(messages) if not self._takes(message)]

    def _takes(self, message: Message) -> bool:
        unlucky = self._chance.random() < 0.5
        if unlucky and self.mood == "breaks":
            raise QueueBroke
        if unlucky and self.mood == "picky":
            return False
        if not (unlucky and self.mood == "loses"):
            self._keep(message, unlucky)
        return True

    def _keep(self, message: Message, unlucky: bool) -> None:
        due = self._clock.now() + timedelta(seconds=message.delay_seconds)
        if unlucky and self.mood == "slow":
            due += timedelta(seconds=self._chance.choice([5, 70, 400]))
        # `launch` waits out what a delay in whole seconds has left.
        due = max(due, datetime.fromisoformat(message.body["due_at"]))
        copies = 2 if unlucky and self.mood == "doubles" else 1
        self._waiting += [(due, message.body)] * copies
        self.sent += copies

    def take(self) -> list[dict[str, Any]]:
        with self._lock:
            now = self._clock.now()
            due = [body for at, body in self._waiting if at <= now]
            self._waiting = [(at, body) for at, body in self._waiting if at > now]
            return due


class MortalDatabase(Database):
    """A database whose connections die when told to: on the server, by KILL."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._address = url
        self._lock = Lock()
        self._left = 0

    def kill_after(self, statements: int) -> None:
        """Let the connection die that is about to send this statement or commit; 0: none."""
        with self._lock:
            self._left = statements

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with super().transaction() as tx:
            mortal = _Mortal(tx, self)
            yield mortal
            mortal.live()

    def is_time(self) -> bool:
        with self._lock:
            if self._left == 0:
                return False
            self._left -= 1
            return self._left == 0

    def kill(self, connection: pymysql.Connection[Any]) -> None:
        with closing(connect(self._address)) as other, other.cursor() as cursor:
            cursor.execute("KILL %s", (connection.thread_id(),))  # type: ignore[no-untyped-call]


class _Mortal(Transaction):
    def __init__(self, tx: Transaction, database: MortalDatabase) -> None:
        super().__init__(tx._cursor)
        self._database = database

    def live(self) -> None:
        if self._database.is_time():
            self._database.kill(self._cursor.connection)

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        self.live()
        return super().execute(sql, params)

    def many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        self.live()
        return super().many(sql, rows)

    def all(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        self.live()
        return super().all(sql, params)

    def one(self, sql: str, params: Mapping[str, Any] | None = None) -> Row | None:
        self.live()
        return super().one(sql, params)

    def insert(self, sql: str, params: Mapping[str, Any]) -> int:
        self.live()
        return super().insert(sql, params)
