"""The private database server: started, stopped, killed, taken over, kept out of others' way."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from chalicelib.repositories.database import connect
from infra.local.database import DatabaseServer, drop_database, fresh_database
from infra.local.database_errors import DatabaseFailed
from infra.local.database_place import find_place
from infra.local.database_program import find_program
from infra.local.privileges import as_account

pytestmark = pytest.mark.database
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="another account needs root")

#: Starts a server, says so, and stays until it is killed.
KEEPER = """
import sys
from pathlib import Path
from infra.local.database import DatabaseServer
server = DatabaseServer(Path(sys.argv[1]), durable=False)
server.start()
print('ready', flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that the server's account can reach; pytest's own are closed to it."""
    with tempfile.TemporaryDirectory(prefix="zhundian-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def server_on(folder: Path) -> DatabaseServer:
    return DatabaseServer(folder, durable=False)


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    connection = connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())
    finally:
        connection.close()


def test_rows_stay_when_the_server_is_stopped_and_started_again(folder: Path) -> None:
    with server_on(folder) as server:
        ask(server.url, "CREATE TABLE notes (words VARCHAR(20))")
        ask(server.url, "INSERT INTO notes VALUES ('准点')")

    with server_on(folder) as server:
        assert ask(server.url, "SELECT words FROM notes") == [("准点",)]


def test_commits_are_durable_and_no_port_is_opened(folder: Path) -> None:
    settings = "@@innodb_flush_log_at_trx_commit, @@skip_networking, @@global.time_zone"

    with DatabaseServer(folder) as server:
        found = ask(server.url, f"SELECT {settings}")

    assert found == [(1, 1, "+00:00")]


@pytest.mark.parametrize(
    "name", ["with space and 'quotes\"", "a:colon", "数据", "deep/" * 30 + "folder"]
)
def test_a_data_folder_may_have_any_name_and_depth(folder: Path, name: str) -> None:
    with server_on(folder / name) as server:
        assert ask(server.url, "SELECT 1") == [(1,)]


def test_a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on(
    folder: Path,
) -> None:
    with server_on(folder) as first:
        with pytest.raises(DatabaseFailed, match=r"另一个进程(.|\n)*another run"):
            server_on(folder).start()

        assert ask(first.url, "SELECT 1") == [(1,)]


def test_servers_do_not_disturb_each_other(folder: Path) -> None:
    """MariaDB removes what it takes for its own old temporary tables when it starts."""
    with server_on(folder / "one") as one:
        connection = connect(one.url)
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE notes (id INT) ENGINE = MyISAM")

            with server_on(folder / "two"):
                cursor.execute("INSERT INTO notes VALUES (1)")
                cursor.execute("SELECT COUNT(*) FROM notes")
                found = cursor.fetchall()
        connection.close()

    assert found == ((1,),)


def test_a_server_ends_with_the_process_that_started_it(folder: Path) -> None:
    with keeper_on(folder) as keeper:
        assert keeper.stdout is not None
        keeper.stdout.readline()
        server = os.pidfd_open(int((find_place(folder).data / "server.pid").read_text()))
        keeper.send_signal(signal.SIGKILL)

        ended = select.select([server], [], [], 20)[0]

    os.close(server)
    assert ended


def test_after_a_killed_run_the_next_one_starts_with_the_same_rows(folder: Path) -> None:
    with server_on(folder) as server:
        ask(server.url, "CREATE TABLE notes (id INT)")
    with keeper_on(folder) as keeper:
        assert keeper.stdout is not None
        keeper.stdout.readline()
        keeper.send_signal(signal.SIGKILL)

        with server_on(folder) as server:
            assert ask(server.url, "SELECT * FROM notes") == []


def keeper_on(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", KEEPER, str(folder)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=Path(__file__).parents[2])


def test_a_server_that_was_left_behind_is_ended_before_another_starts(folder: Path) -> None:
    with server_on(folder):
        pass
    place = find_place(folder)
    options = find_program().options(place.data, place.runtime(), durable=False, buffer_pool_mb=32)
    command = [*as_account(place.account), *find_program().command, "--no-defaults"]
    with subprocess.Popen([*command, *options], cwd="/", stderr=subprocess.PIPE) as left:
        assert left.stderr is not None
        assert any(b"ready for connections" in line for line in left.stderr)

        with server_on(folder) as server:
            assert left.wait(1) == 0
            assert ask(server.url, "SELECT 1") == [(1,)]


@pytest.mark.slow
def test_a_server_that_hangs_is_ended_too(folder: Path) -> None:
    with keeper_on(folder) as keeper:
        assert keeper.stdout is not None
        keeper.stdout.readline()
        server = int((find_place(folder).data / "server.pid").read_text())
        os.kill(server, signal.SIGSTOP)
        keeper.kill()

        with server_on(folder) as server_after:
            assert ask(server_after.url, "SELECT 1") == [(1,)]


def test_a_folder_whose_making_was_cut_short_is_made_anew(folder: Path) -> None:
    place = find_place(folder)
    (place.folder / "data.new").mkdir()
    (place.folder / "data.new" / "ibdata1").write_bytes(b"half")

    with server_on(folder) as server:
        assert ask(server.url, "SELECT 1") == [(1,)]


def test_the_password_is_readable_by_its_owner_alone_and_a_lost_one_is_replaced(
    folder: Path,
) -> None:
    password = folder / "database.password"
    with server_on(folder) as server:
        assert password.stat().st_mode & 0o777 == 0o600
        assert password.read_text().strip() in server.url
        assert not list(find_place(folder).folder.glob("*.sql"))
    before = password.read_text()
    password.unlink()

    with server_on(folder) as server:
        assert ask(server.url, "SELECT 1") == [(1,)]

    assert password.read_text() != before


def test_nobody_gets_in_without_the_password(folder: Path) -> None:
    with server_on(folder) as server:
        users = ["zhundian", "root"]
        if os.geteuid() == 0 and find_program().flavour == "mariadb":
            # MariaDB lets the machine's root in by who it is.
            users.remove("root")

        for user in users:
            with pytest.raises(pymysql.err.OperationalError, match="1045|1698"):
                connect(server.url.replace(f"//zhundian:{_password(folder)}", f"//{user}:"))


def _password(folder: Path) -> str:
    return (folder / "database.password").read_text().strip()


def test_a_server_that_does_not_start_says_why_without_the_password(folder: Path) -> None:
    with server_on(folder):
        pass
    data = find_place(folder).data
    (data / "ibdata1").write_bytes(b"not a tablespace" * 100_000)
    server = server_on(folder)

    with pytest.raises(DatabaseFailed, match=r"未能启动(.|\n)*did not start(.|\n)*ERROR") as caught:
        server.start()

    assert _password(folder) not in str(caught.value)
    assert not server.running


@root_only
def test_the_server_does_not_run_as_root_and_others_cannot_read_its_files(folder: Path) -> None:
    with server_on(folder) as server:
        assert server.running

        place = find_place(folder)
        assert place.account is not None
        assert place.account.uid != 0
        assert (place.data / "ibdata1").stat().st_uid == place.account.uid
        assert place.folder.stat().st_mode & 0o077 == 0


@root_only
def test_a_folder_that_is_closed_to_the_server_gets_a_place_that_it_keeps(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder.chmod(0o700)
    with server_on(folder / "data") as server:
        ask(server.url, "CREATE TABLE notes (id INT)")
    place = find_place(folder / "data")
    folder.chmod(0o711)

    try:
        with server_on(folder / "data") as server:
            assert ask(server.url, "SELECT * FROM notes") == []
        assert place.folder.parent == Path("/var/lib")
        assert capfd.readouterr().err.count(str(place.folder)) == 1
    finally:
        shutil.rmtree(place.folder)


@root_only
def test_data_that_root_brought_back_from_a_copy_is_given_to_the_server(folder: Path) -> None:
    with server_on(folder):
        pass
    data = find_place(folder).data
    for path in (data, *data.rglob("*")):
        os.chown(path, 0, 0)

    with server_on(folder) as server:
        assert ask(server.url, "SELECT 1") == [(1,)]


def test_a_fresh_database_is_empty_however_often_it_is_made(database_server_url: str) -> None:
    first = fresh_database(database_server_url, f"zhundian_fresh_{os.getpid()}")
    ask(first, "CREATE TABLE notes (id INT)")

    again = fresh_database(database_server_url, f"zhundian_fresh_{os.getpid()}")

    assert again == first
    assert ask(again, "SHOW TABLES") == []
    drop_database(again)


def test_each_test_gets_an_empty_database_of_its_own(empty_database: str) -> None:
    assert ask(empty_database, "SHOW TABLES") == []
    assert ask(empty_database, "SELECT @@collation_database") == [("utf8mb4_unicode_ci",)]
