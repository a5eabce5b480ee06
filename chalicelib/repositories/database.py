"""The database: connections, transactions, and UTC on the way in and out."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import pymysql
from pymysql.constants import ER, FIELD_TYPE
from pymysql.converters import conversions, convert_datetime
from pymysql.cursors import Cursor, DictCursor

log = logging.getLogger(__name__)

Row = dict[str, Any]
T = TypeVar("T")

#: Conditions and endings that the repositories share.
MINE = "id = %(id)s AND (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)"
LOCK = " FOR UPDATE"
NEWEST_FIRST = "ORDER BY id DESC LIMIT %(limit)s OFFSET %(offset)s"
#: Of a DATETIME.
EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)
#: Rows of one INSERT: as text they stay far below what any server takes at once (16 MB).
_MOST_ROWS = 1000


def connect(url: str) -> pymysql.Connection[Cursor]:
    """Open `mysql://user:password@host:port/name[?unix_socket=/path]`.

    READ COMMITTED, because under REPEATABLE READ a claim locks the gaps that API inserts need;
    UTC, because everything stored is.
    """
    parts = urlsplit(url)
    connection = pymysql.connect(
        host=parts.hostname or "localhost",
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=5,
        init_command="SET SESSION time_zone = '+00:00'",
        conv=_CONVERSIONS,
        unix_socket=dict(parse_qsl(parts.query)).get("unix_socket"),
    )
    # The variable of this has another name in MySQL 8 than in MariaDB 10; the statement is common.
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    return connection


def _utc_literal(instant: datetime, mapping: Any = None) -> str:
    if instant.tzinfo is None:
        raise ValueError("a time without a zone must not reach the database")
    return f"'{utc_text(instant)}'"


def utc_text(instant: datetime) -> str:
    """An aware instant as the server writes it, in UTC."""
    # Two times of one zone can be equal and be different instants; in UTC none are.
    return _text(instant.astimezone(UTC))


# What is planned together shares its instants: each of a few is written, and read, very often.
@lru_cache(maxsize=1024)
def _text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S.%f}"


@lru_cache(maxsize=1024)
def _aware(text: str) -> datetime | str:
    value = convert_datetime(text)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


_CONVERSIONS: dict[int | type[Any], Any] = {
    **conversions,
    datetime: _utc_literal,
    FIELD_TYPE.DATETIME: _aware,
}


def _written(value: Any, escape: Callable[[Any, Any], str]) -> str:
    """A value as SQL."""
    if value is None:
        return "NULL"
    return str(value) if type(value) is int else escape(value, _CONVERSIONS)


class Transaction:
    """One open transaction; what repositories are given."""

    def __init__(self, cursor: DictCursor) -> None:
        self._cursor = cursor

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Run one statement; returns how many rows it changed, or found."""
        return self._cursor.execute(sql, params)

    def many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run one INSERT with many rows of values."""
        return self._cursor.executemany(sql, rows) or 0

    def insert_rows(
        self, start: str, rows: Sequence[Sequence[Any]], end: str = "", most: int = _MOST_ROWS
    ) -> None:
        """Run `start`, `INSERT … VALUES`, with rows of values and `end`, which may be ON DUPLICATE.

        As `many`, in a third of its time; a statement has so many rows at most.
        """
        escape = self._cursor.connection.escape
        for first in range(0, len(rows), most):
            written = ",".join(
                f"({','.join([_written(value, escape) for value in row])})"
                for row in rows[first : first + most]
            )
            self.execute(f"{start} {written} {end}")

    def all(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        self._cursor.execute(sql, params)
        return list(self._cursor.fetchall())

    def one(self, sql: str, params: Mapping[str, Any] | None = None) -> Row | None:
        self._cursor.execute(sql, params)
        return self._cursor.fetchone()

    def insert(self, sql: str, params: Mapping[str, Any]) -> int:
        """Run one INSERT; returns the new id."""
        self._cursor.execute(sql, params)
        return self.last_id()

    def last_id(self) -> int:
        """The id of the row that was inserted last; of several, the first one's."""
        return int(self._cursor.lastrowid)


class Database:
    """Opens transactions; connections that are idle wait here for the next one.

    A Lambda environment does one thing at a time and so has one connection; on one machine there
    are as many as threads use at once.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[pymysql.Connection[Cursor]] = []

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit at the end, or roll back all of it when something is raised."""
        connection = self._begin()
        try:
            with connection.cursor(DictCursor) as cursor:
                yield Transaction(cursor)
            connection.commit()
        except BaseException:
            _roll_back(connection)
            raise
        finally:
            if connection.open:
                self._idle.append(connection)

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Do short work in a transaction of its own, and once more if a lock was not to be had.

        Of the first time nothing is left: a deadlock's victim is rolled back by the server, and
        whoever waited too long by us. For what nobody else would ask again, such as a tick.
        """
        try:
            with self.transaction() as tx:
                return work(tx)
        except pymysql.err.OperationalError as error:
            if error.args[0] not in (ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT):
                raise
            log.warning("work is done again", extra={"error": error.args[0]})
        with self.transaction() as tx:
            return work(tx)

    def _begin(self) -> pymysql.Connection[Cursor]:
        """Begin on a live connection; one that died while idle is replaced."""
        while self._idle:
            connection = self._idle.pop()  # atomic, so threads need no lock
            try:
                connection.begin()
            except pymysql.err.Error:
                _close(connection)
            else:
                return connection
        connection = connect(self._url)
        connection.begin()
        return connection

    def close(self) -> None:
        """Close the connections that are idle."""
        while self._idle:
            _close(self._idle.pop())


def _roll_back(connection: pymysql.Connection[Cursor]) -> None:
    try:
        connection.rollback()
    except pymysql.err.Error:
        # The server rolls back what a lost connection had begun.
        _close(connection)


def _close(connection: pymysql.Connection[Cursor]) -> None:
    if connection.open:
        connection.close()


def like(search: str | None) -> str | None:
    """The pattern of `LIKE … ESCAPE '!'` for what contains `search`; None where that is empty."""
    if not search:
        return None
    escaped = search.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


def encode_json(value: Any) -> str | None:
    """NULL for None, as nothing in a JSON column means `null`."""
    return None if value is None else json.dumps(value, ensure_ascii=False)


def decode_json(text: str | None) -> Any:
    return None if text is None else json.loads(text)
