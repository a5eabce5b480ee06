"""A private database server on a data folder: no port, no settings of the machine's, no second one.

with DatabaseServer(Path(".local")) as server:
    migrate(server.url)
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from socket import AF_UNIX
from socket import socket as Socket
from typing import Self
from urllib.parse import urlsplit

import pymysql

from chalicelib.repositories.database import connect
from infra.local.database_errors import DatabaseFailed, did_not_start, may_not_enter, not_ours
from infra.local.database_login import password_of, url_of, write_init_file
from infra.local.database_place import FolderTaken, Lock, Place, find_place, stop_servers_on
from infra.local.database_program import Program, find_program
from infra.local.privileges import as_account, give, may_enter

#: How long a starting server may be silent, neither answering nor writing to its log.
START_SECONDS = 60.0
#: A server that has to write a whole buffer pool takes its time; then it is killed, which it
#: survives as it would a power cut.
STOP_SECONDS = 60.0
#: One that a killed run left behind was asked to end when that run did; MariaDB can hang for
#: good when that comes while it starts.
LEFT_BEHIND_SECONDS = 10.0
LOG_LINES = 30


def fresh_database(url: str, name: str) -> str:
    """Make an empty database `name` on the server of `url`, dropping an old one; returns its URL.

    On a DatabaseServer the name must begin with `zhundian`: its user may touch no other.
    """
    quoted = _quoted(name)
    charset = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
    _execute(url, f"DROP DATABASE IF EXISTS {quoted}", f"CREATE DATABASE {quoted} {charset}")
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def drop_database(url: str) -> None:
    """Drop the database that `url` names."""
    _execute(url, f"DROP DATABASE {_quoted(urlsplit(url).path.lstrip('/'))}")


class DatabaseServer:
    """Owns one server process. Start it from the main thread: it ends with the one it is from."""

    def __init__(
        self,
        folder: Path,
        *,
        program: Program | None = None,
        durable: bool = True,
        buffer_pool_mb: int = 256,
        init_sql: Sequence[str] = (),
    ) -> None:
        """`init_sql`: statements that the server itself runs at each start, so repeatable ones."""
        self._folder = folder.absolute()
        self._program = program
        self._durable = durable
        self._buffer_pool_mb = buffer_pool_mb
        self._init_sql = init_sql
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: Lock | None = None
        self._place: Place | None = None
        self._url = ""
        self._ready = False

    @property
    def url(self) -> str:
        """`mysql://user:password@localhost/zhundian?unix_socket=…` once started; a secret."""
        return self._url

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Return when the server answers; raise DatabaseFailed, or ProgramMissing."""
        program = self._program or find_program()
        try:
            place = find_place(self._folder)
            self._lock = Lock(place.lock)
            self._place = place
            self._start(program, place)
        except (PermissionError, FolderTaken) as error:
            self.stop()
            raise DatabaseFailed(not_ours(self._folder), str(error)) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut the server down and wait for it; nothing if it is not running."""
        if self._process is not None:
            self._end(self._process)
            self._process = None
        if self._place is not None:
            self._place.tidy()
            self._place = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        if self._ready:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
        process.kill()
        process.wait()
        self._ready = False

    def _start(self, program: Program, place: Place) -> None:
        if place.account and not may_enter(place.account, place.folder):
            raise DatabaseFailed(may_not_enter(place.account.uid, place.folder))
        stop_servers_on(place.data, LEFT_BEHIND_SECONDS)
        if not place.data.exists():
            _initialise(program, place)
        password = password_of(place)
        socket = place.runtime() / "server.sock"
        self._url = url_of(socket, password)
        init_file = write_init_file(place, program, password, self._init_sql)
        self._process = self._spawn(program, place, f"--init-file={init_file}")
        self._wait_until_it_answers(place, socket)
        self._ready = True
        init_file.unlink()

    def _spawn(self, program: Program, place: Place, *more: str) -> subprocess.Popen[bytes]:
        options = program.options(
            place.data,
            place.runtime(),
            durable=self._durable,
            buffer_pool_mb=self._buffer_pool_mb,
        )
        if place.log.exists():
            place.log.replace(place.log.with_suffix(".log.1"))
        with place.log.open("wb") as log:
            # In a session of its own: Ctrl-C is for us, and we stop it when all else has ended.
            return subprocess.Popen(
                [*as_account(place.account), *program.command, "--no-defaults", *options, *more],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait_until_it_answers(self, place: Place, socket: Path) -> None:
        """A recovery after a crash may take long, but it writes to the log as it goes on."""
        size, since = -1, time.monotonic()
        while not _answers(socket, self._url):
            if place.log.stat().st_size != size:
                size, since = place.log.stat().st_size, time.monotonic()
            if not self.running or time.monotonic() - since > START_SECONDS:
                raise DatabaseFailed(did_not_start(place.folder), self._end_of_log(place))
            time.sleep(0.05)

    def _end_of_log(self, place: Place) -> str:
        """A statement of the init file that failed is logged whole, so the password is cut out."""
        lines = place.log.read_text("utf-8", errors="replace").splitlines()[-LOG_LINES:]
        return "\n".join(lines).replace(str(urlsplit(self._url).password), "…")


def _initialise(program: Program, place: Place) -> None:
    """Made beside and renamed, so that one killed half-way is never taken for a whole one."""
    unfinished = place.data.with_name("data.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    give(unfinished, place.account)
    try:
        program.initialise(unfinished, place.runtime(), place.account)
    except subprocess.CalledProcessError as error:
        log = error.output.decode(errors="replace")
        raise DatabaseFailed(did_not_start(place.folder), log) from error
    unfinished.rename(place.data)


def _answers(socket: Path, url: str) -> bool:
    """The bare socket first, as PyMySQL leaves its own open when nobody listens."""
    try:
        with closing(Socket(AF_UNIX)) as probe:
            probe.connect(str(socket))
        connect(url).close()
    except (OSError, pymysql.err.OperationalError):
        return False
    return True


def _execute(url: str, *statements: str) -> None:
    connection = connect(url)
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
