"""The database server's program: where it is, its options, and how it fills an empty folder."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.local.privileges import Account, as_account

NAMES = ("mariadbd", "mysqld")
#: The first that have SKIP LOCKED, and what else the migrations need.
OLDEST = {"mariadb": (10, 6), "mysql": (8, 0)}
#: Where Debian, Fedora and others keep it, as an ordinary user's PATH has no sbin.
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/usr/libexec:/sbin:/bin"
#: Made by infra/local/setup_database.sh where nothing may be installed.
UNPACKED = Path(__file__).parents[2] / ".local" / "mariadb"


class ProgramMissing(Exception):
    """There is no database server to start, or none that is new enough."""


@dataclass(frozen=True)
class Program:
    """A server's command line so far, and the folder that its support files are under."""

    command: tuple[str, ...]
    share: Path
    flavour: Literal["mariadb", "mysql"]

    def options(
        self, data: Path, runtime: Path, *, durable: bool, buffer_pool_mb: int
    ) -> list[str]:
        """Everything but the init file.

        A socket and no port, so that 3306 being taken never matters. A server that is not
        durable may lose everything in a crash: it is for tests.
        """
        options = [
            f"--datadir={data}",
            f"--socket={runtime / 'server.sock'}",
            f"--tmpdir={runtime}",
            f"--lc-messages-dir={self.share}",
            f"--character-sets-dir={self.share / 'charsets'}",
            f"--pid-file={data / 'server.pid'}",
            "--skip-networking",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_ci",
            "--default-time-zone=+00:00",
            "--max-allowed-packet=64M",
            "--performance-schema=OFF",
            f"--innodb-buffer-pool-size={buffer_pool_mb}M",
            f"--innodb-flush-log-at-trx-commit={1 if durable else 0}",
            *(() if durable else ("--innodb-doublewrite=0", "--innodb-flush-method=nosync")),
        ]
        if self.flavour == "mysql":
            # Debian's default for secure-file-priv is a folder that need not exist.
            options += ["--secure-file-priv=NULL", "--skip-log-bin", "--mysqlx=0"]
        return options

    def initialise(self, data: Path, runtime: Path, account: Account | None) -> None:
        """Fill the empty folder `data`; `runtime` is for temporary files.

        Raises CalledProcessError, with the server's output.
        """
        command = [*as_account(account), *self.command, "--no-defaults", f"--datadir={data}"]
        command += [f"--tmpdir={runtime}", f"--lc-messages-dir={self.share}"]
        if self.flavour == "mysql":
            command += ["--secure-file-priv=NULL", "--initialize-insecure"]
        else:
            command += ["--bootstrap", "--log-warnings=0", "--enforce-storage-engine="]
        subprocess.run(
            command,
            cwd="/",
            input=self._system_tables() if self.flavour == "mariadb" else b"",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
        )

    def _system_tables(self) -> bytes:
        """What mariadb-install-db feeds to `--bootstrap`, less help and sample tables.

        Not by that script: it breaks on spaces in paths and starts the server by its bare name,
        which an unpacked one does not allow. The files were `mysql_*` before MariaDB 11.
        """
        prelude = b"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket='root';\n"
        parts = ("system_tables", "performance_tables", "system_tables_data")
        files = [next(self.share.glob(f"m*_{part}.sql")) for part in parts]
        return prelude + b"".join(file.read_bytes() for file in files)


def find_program() -> Program:
    """The system's server, or the one unpacked under `.local/`, or raise ProgramMissing.

    ZHUNDIAN_DATABASE_ROOT in the environment names a folder with another to use instead.
    """
    chosen = os.environ.get("ZHUNDIAN_DATABASE_ROOT")
    if chosen:
        return program_under(Path(chosen))
    for server in _installed():
        try:
            return _program((str(server),), server.parent.parent / "share")
        except ProgramMissing:
            continue
    if UNPACKED.exists():
        return program_under(UNPACKED)
    raise ProgramMissing("no MariaDB 10.6+ or MySQL 8.0+ server is installed: run `make setup`")


def _installed() -> list[Path]:
    path = os.environ.get("PATH", "") + ":" + SYSTEM_PATH
    found = [shutil.which(name, path=path) for name in NAMES]
    return [Path(server).resolve() for server in found if server]


def program_under(root: Path) -> Program:
    """The server in a folder of unpacked packages.

    It is run by the loader and the libraries of that folder, as the machine's own may be
    older or missing.
    """
    root = root.resolve()
    triplet = f"{platform.machine()}-linux-gnu"
    loaders = sorted(root.glob(f"usr/lib/{triplet}/ld-linux*")) or sorted(
        root.glob("lib*/**/ld-linux*")
    )
    servers = [root / "usr/sbin" / name for name in NAMES if (root / "usr/sbin" / name).exists()]
    if not loaders or not servers:
        raise ProgramMissing(f"{root} holds no whole server: remove it and run `make setup`")
    libraries = ":".join(str(root / folder / triplet) for folder in ("lib", "usr/lib"))
    command = (str(loaders[0]), "--library-path", libraries, str(servers[0]))
    return _program(command, root / "usr" / "share")


def _program(command: tuple[str, ...], share: Path) -> Program:
    answer = subprocess.run(
        [*command, "--no-defaults", "--version"], cwd="/", capture_output=True, check=False
    ).stdout.decode(errors="replace")
    flavour: Literal["mariadb", "mysql"] = "mariadb" if "MariaDB" in answer else "mysql"
    version = re.search(r"Ver (\d+)\.(\d+)", answer)
    if not version or (int(version[1]), int(version[2])) < OLDEST[flavour]:
        raise ProgramMissing(f"{command[-1]} does not run, or is too old: {answer.strip()}")
    folders = (share / "mariadb", share / "mysql")
    files = next((folder for folder in folders if (folder / "charsets").exists()), share)
    return Program(command, files, flavour)


if __name__ == "__main__":
    try:
        print(find_program().command[-1])
    except ProgramMissing as missing:
        sys.exit(str(missing))
