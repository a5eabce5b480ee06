"""The way to a data source: places, TLS, and servers without manners."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.gateways.data_source import DataSourceFailed, Door, Limits
from chalicelib.gateways.resolving import Network
from tests.accounts import Accounts
from tests.gateways.authority import authority_for
from tests.gateways.rogue_mysql import GIVE_ME, OK, over_tcp, packet, rogue
from tests.gateways.sources import ask, refusal


def test_a_place_inside_is_opened_only_if_it_is_allowed(door: Door) -> None:
    inside = replace(door, dsn=replace(door.dsn, unix_socket=None, host="127.0.0.1"), allow=())
    path = door.dsn.unix_socket

    assert "DATA_SOURCE_ALLOW" in refusal(inside, "SELECT 1").text.en
    with pytest.raises(DataSourceFailed, match=f"add {path}"):
        ask(replace(door, allow=()), "SELECT 1")


def test_a_name_that_leads_inside_is_refused_whatever_it_is(door: Door) -> None:
    def resolve(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        return [(2, 1, 6, "", ("8.8.8.8", 3306)), (2, 1, 6, "", ("10.0.0.5", 3306))]

    dsn = replace(door.dsn, unix_socket=None, host="db.example.com")
    network = replace(door.network, resolve=resolve)

    assert refusal(replace(door, dsn=dsn, network=network), "SELECT 1").kind == "refused"


def test_a_wrong_password_is_told_without_it(door: Door) -> None:
    wrong = replace(door, dsn=replace(door.dsn, password="guessed"))

    error = refusal(wrong, "SELECT 1")

    assert error.kind == "connect"
    assert "1045" in error.text.en


def test_nobody_there_and_nobody_who_answers(door: Door) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        place = replace(door.dsn, unix_socket=None, host="127.0.0.1", port=port)
        there = replace(door, dsn=place, allow=("127.0.0.0/8",))

        assert refusal(there, "SELECT 1", Limits(seconds=0.3)).kind == "timeout"
    assert refusal(there, "SELECT 1").kind == "connect"


def at(door: Door, port: int, tls: Any = "off") -> Door:
    place = replace(door.dsn, unix_socket=None, host="127.0.0.1", port=port, tls=tls)
    return replace(door, dsn=place, allow=(f"127.0.0.1:{port}",))


def test_over_tcp_a_statement_is_read_and_ended_as_well(accounts: Accounts, door: Door) -> None:
    is_mysql = "MariaDB" not in str(accounts.run("SELECT VERSION()"))
    with over_tcp(door.dsn.unix_socket or "") as port:
        there = at(door, port, "require" if is_mysql else "off")

        assert ask(there, "SELECT city FROM orders WHERE id = 1") == [["上海 🎉"]]
        assert refusal(there, "SELECT SLEEP(1000)").kind == "timeout"


def test_what_is_not_encrypted_is_no_answer_where_it_has_to_be(door: Door) -> None:
    with rogue(lambda sock: None) as (port, _):
        error = refusal(at(door, port, "require"), "SELECT 1")

    assert "tls=off" in error.text.en


CERTIFIED, OTHER = "db.example.com", "other.example.com"


@pytest.mark.parametrize(
    ("tls", "host", "believed", "lets_in"),
    [
        ("verify", CERTIFIED, True, True),
        ("verify", CERTIFIED, False, False),
        ("verify", OTHER, True, False),
        ("require", OTHER, False, True),
    ],
)
def test_a_certificate_is_checked_where_it_has_to_be(
    door: Door, tmp_path: Path, tls: Any, host: str, believed: bool, lets_in: bool
) -> None:
    def resolve(name: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    logins: list[int] = []
    authority = authority_for(CERTIFIED, tmp_path)
    with rogue(lambda sock: logins.append(1), authority.context) as (port, _):
        there = at(door, port, tls)
        there = replace(
            there,
            dsn=replace(there.dsn, host=host),
            tls_ca=authority.trusted.read_text() if believed else None,
            allow=(f"{host}:{port}",),
            network=Network(resolve),
        )
        error = refusal(there, "SELECT 1", Limits(seconds=0.5))

    assert bool(logins) == lets_in
    assert ("tls_ca" in error.text.en) == (not lets_in)


def test_a_server_that_asks_for_a_file_of_ours_gets_none(door: Door) -> None:
    with rogue(lambda sock: sock.sendall(packet(1, GIVE_ME))) as (port, heard):
        assert refusal(at(door, port), "SELECT 1").kind == "connect"

    assert b"root" not in b"".join(heard)


def _drip(sock: socket.socket) -> None:
    sock.sendall(b"\xff\xff\xff\x01")


def _flood(sock: socket.socket) -> None:
    for number in range(1, 200):
        sock.sendall(packet(number, bytes(65536)))


def _garbage(sock: socket.socket) -> None:
    sock.sendall(packet(1, b"\xfe\xff") + packet(9, OK))


@pytest.mark.parametrize(
    ("answer", "kind"), [(_drip, "too_large"), (_flood, "connect"), (_garbage, "connect")]
)
def test_a_server_without_manners_holds_nobody_up(door: Door, answer: Any, kind: str) -> None:
    with rogue(answer) as (port, _):
        error = refusal(at(door, port), "SELECT 1")

    assert error.kind in (kind, "timeout")
