"""The migrations: forward only, safe to run twice, at once, and after a crash in the middle.

`python -m infra.migrate mysql://…` brings that database up to date.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from pymysql.err import MySQLError

from chalicelib.repositories.database import connect

FOLDER = Path(__file__).parent / "migrations"
#: Where the rows of the system that this one replaces come from.
LEGACY_ZONE = "Asia/Shanghai"
#: What a statement says when it ran before a crash that came ahead of our note of it:
#: table, column, index or key is there already (MySQL error reference 1050, 1060, 1061, 1091).
ALREADY_DONE = {1050, 1060, 1061, 1091}


class Cursor(Protocol):
    """As much of a DB-API cursor as migrations use."""

    def execute(self, query: str, args: Any = None) -> int: ...
    def fetchall(self) -> Any: ...


def migrate(database_url: str, legacy_zone: str = LEGACY_ZONE) -> list[str]:
    """Apply what is missing, in order; returns the names applied."""
    connection = connect(database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT GET_LOCK('zhundian_migrate', 300)")
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS platform_schema_migrations ("
                " name VARCHAR(100) PRIMARY KEY, statements INT NOT NULL DEFAULT 0,"
                " finished_at DATETIME(6) NULL) DEFAULT CHARSET = utf8mb4"
            )
            return [p.stem for p in sorted(FOLDER.glob("0*")) if _apply(cursor, p, legacy_zone)]
    finally:
        connection.close()


def _apply(cursor: Cursor, path: Path, legacy_zone: str) -> bool:
    cursor.execute(
        "SELECT statements, finished_at FROM platform_schema_migrations WHERE name = %s",
        (path.stem,),
    )
    done, finished_at = (*cursor.fetchall(), (0, None))[0]
    if finished_at is not None:
        return False
    if path.suffix == ".sql":
        count = _run_statements(cursor, path, done)
        _note(cursor, path.stem, count, finished=True)
    else:
        _run_python(cursor, path, legacy_zone)
    return True


def _run_statements(cursor: Cursor, path: Path, done: int) -> int:
    """Each statement of DDL commits by itself, so each is noted by itself; returns their count."""
    statements = _statements(path)
    for number, statement in enumerate(statements, start=1):
        if number <= done:
            continue
        try:
            cursor.execute(statement)
        except MySQLError as error:
            if number != done + 1 or error.args[0] not in ALREADY_DONE:
                raise
        _note(cursor, path.stem, number, finished=False)
    return len(statements)


def _statements(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    return [statement.strip() for statement in text.split(";\n") if statement.strip(" \n;")]


def _run_python(cursor: Cursor, path: Path, legacy_zone: str) -> None:
    """Rows change in one transaction with the note, so that they never change twice."""
    cursor.execute("BEGIN")
    _load(path)(cursor, legacy_zone)
    _note(cursor, path.stem, 1, finished=True)
    cursor.execute("COMMIT")


def _load(path: Path) -> Callable[[Cursor, str], None]:
    spec = importlib.util.spec_from_file_location(f"infra.migrations._{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run: Callable[[Cursor, str], None] = module.migrate
    return run


def _note(cursor: Cursor, name: str, statements: int, *, finished: bool) -> None:
    cursor.execute(
        "INSERT INTO platform_schema_migrations (name, statements, finished_at)"
        " VALUES (%(name)s, %(statements)s, IF(%(finished)s, UTC_TIMESTAMP(6), NULL))"
        " ON DUPLICATE KEY UPDATE statements = %(statements)s,"
        " finished_at = IF(%(finished)s, UTC_TIMESTAMP(6), NULL)",
        {"name": name, "statements": statements, "finished": finished},
    )


if __name__ == "__main__":
    sys.stdout.write("\n".join(migrate(*sys.argv[1:3])) + "\n")
