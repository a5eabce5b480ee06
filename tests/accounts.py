"""Accounts on the tests' database server, with the rights that a test gives them."""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from chalicelib.repositories.database import connect
from infra.local.database import drop_database, fresh_database

_NAME, _PASSWORD = "zhundian_tests", secrets.token_hex(16)
#: Lets tests make accounts on a server of their own.
ADMINISTRATOR = (
    f"DROP USER IF EXISTS '{_NAME}'@'localhost'",
    f"CREATE USER '{_NAME}'@'localhost' IDENTIFIED BY '{_PASSWORD}'",
    f"GRANT ALL ON *.* TO '{_NAME}'@'localhost' WITH GRANT OPTION",
)
#: A table with a column of each kind, and two rows.
_TABLES = (
    "CREATE TABLE orders (id INT PRIMARY KEY, city VARCHAR(20), amount DECIMAL(20, 4),"
    " day DATE, made DATETIME(6), took TIME(3), raw VARBINARY(20), doc JSON, ratio DOUBLE,"
    " big BIGINT UNSIGNED, flags BIT(8))",
    "INSERT INTO orders VALUES (1, '上海 🎉', 1234567890123456.7891, '2026-11-23',"
    " '2026-11-23 08:05:00.000001', '-26:03:04.500', X'00FF27', '{\"a\": [1]}', 0.1,"
    " 18446744073709551615, b'101'),"
    " (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "CREATE TABLE numbers (n INT PRIMARY KEY)",
    "INSERT INTO numbers VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)",
)


def socket_of(url: str) -> str:
    """The path of the socket that the tests' server is reached by, if it is one."""
    return dict(parse_qsl(urlsplit(url).query)).get("unix_socket", "")


@dataclass
class Accounts:
    """Makes accounts, and databases as tenants have them, on the server of `url`."""

    url: str
    _made: list[str] = field(default_factory=list)
    _databases: list[str] = field(default_factory=list)

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """As one who may do everything; the rows of the last statement."""
        with closing(connect(self._administrator())) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def database(self) -> str:
        """The name of a new database with `orders` and `numbers`."""
        name = f"zhundian_data_{secrets.token_hex(6)}"
        url = fresh_database(self.url, name)
        self._databases.append(url)
        with closing(connect(url)) as connection, connection.cursor() as cursor:
            for statement in _TABLES:
                cursor.execute(statement)
        return name

    def dsn(self, database: str, *rights: str) -> str:
        """The DSN of a new account with rights like "SELECT ON `zhundian_data`.*"."""
        name, password = f"reader_{secrets.token_hex(6)}", secrets.token_hex(8)
        account = f"'{name}'@'localhost'"
        self.run(f"CREATE USER {account} IDENTIFIED BY '{password}'")
        self._made.append(account)
        self.run(*(f"GRANT {right} TO {account}" for right in rights), "SELECT 1")
        path = socket_of(self.url)
        return f"mysql://{name}:{password}@localhost/{database}?unix_socket={path}"

    def reader(self) -> str:
        """The DSN of an account that may read a new database and nothing else."""
        name = self.database()
        return self.dsn(name, f"SELECT, SHOW VIEW ON `{name}`.*")

    def close(self) -> None:
        self.run(*(f"DROP USER {account}" for account in self._made), "SELECT 1")
        for url in self._databases:
            drop_database(url)

    def _administrator(self) -> str:
        parts = urlsplit(self.url)
        place = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=f"{_NAME}:{_PASSWORD}@{place}").geturl()
