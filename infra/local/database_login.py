"""The database's own user: its password, and the statements that let it in."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from infra.local.database_place import Place
from infra.local.database_program import Program
from infra.local.privileges import give

#: The database and its user; the user may also use databases whose names begin so.
NAME = "zhundian"


def password_of(place: Place) -> str:
    """Kept for whoever wants to look into the database; a lost one is replaced."""
    if not place.password.exists():
        unfinished = place.password.with_suffix(".new")
        _write_secret(unfinished, secrets.token_hex(16) + "\n")
        unfinished.replace(place.password)
    return place.password.read_text(encoding="ascii").strip()


def url_of(socket: Path, password: str) -> str:
    return f"mysql://{NAME}:{password}@localhost/{NAME}?unix_socket={quote(str(socket), safe='')}"


def write_init_file(
    place: Place, program: Program, password: str, more: Sequence[str] = ()
) -> Path:
    """The server runs these before it lets anybody in, at every start: they can be repeated."""
    user = f"'{NAME}'@'localhost'"
    statements = [
        f"CREATE DATABASE IF NOT EXISTS {NAME} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;",
        f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY '{password}';",
        f"ALTER USER {user} IDENTIFIED BY '{password}';",
        f"GRANT ALL ON `{NAME}%`.* TO {user};",
    ]
    if program.flavour == "mysql":
        # --initialize-insecure leaves root without a password.
        statements.append(f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{password}';")
    file = place.folder / "init.sql"
    _write_secret(file, "\n".join([*statements, *(f"{one};" for one in more)]) + "\n")
    give(file, place.account)
    return file


def _write_secret(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
