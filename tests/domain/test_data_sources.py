"""DSNs: read, shown without their password, and where they may lead."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.data_source_places import check_place
from chalicelib.domain.data_sources import DataSource, Dsn, read_dsn, with_changes
from chalicelib.domain.errors import Wrong

DSN = "mysql://reader:s%40crt@DB.example.com/shop"
printable = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf", "Co", "Cn")),
    min_size=1,
    max_size=20,
)


def test_a_dsn_is_read() -> None:
    assert read_dsn(DSN) == Dsn("db.example.com", 3306, "reader", "s@crt", "shop", "require")
    assert read_dsn(f"{DSN}?tls=verify").tls == "verify"
    assert read_dsn("mysql://a:b@[2001:db8::1]:3307/c").host == "2001:db8::1"


def test_a_socket_of_this_machine_is_in_the_clear() -> None:
    dsn = read_dsn("mysql://a:b@localhost/c?unix_socket=/run/mysqld/mysqld.sock")

    assert (dsn.unix_socket, dsn.tls) == ("/run/mysqld/mysqld.sock", "off")


@given(printable, printable, printable)
def test_what_a_dsn_holds_survives_being_written(user: str, password: str, database: str) -> None:
    dsn = Dsn("db.example.com", 3307, user, password, database, "verify")

    assert read_dsn(dsn.text(password)) == dsn


@given(st.text("abcdefXYZ0189", min_size=6, max_size=30))
def test_a_password_is_in_no_repr_and_not_shown(password: str) -> None:
    dsn = read_dsn(f"mysql://u:{password}@h.example.com/d")

    assert password not in repr(dsn)
    assert dsn.shown() == "mysql://u:********@h.example.com:3306/d?tls=require"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "reader",
        "postgres://reader:secret@db.example.com/shop",
        "mysql://db.example.com/shop",
        "mysql://reader:secret@db.example.com",
        "mysql://reader:secret@/shop",
        "mysql://reader:secret@db.example.com:x/shop",
        "mysql://reader:secret@db.example.com:99999/shop",
        "mysql://reader:secret@db.example.com/shop?tls=maybe",
        "mysql://reader:secret@db.example.com/shop?local_infile=1",
        "mysql://reader:secret@db.example.com/shop?init_command=SELECT%201",
        "mysql://reader:secret@db.example.com/shop?unix_socket=server.sock",
        "mysql://reader:secret@db.example.com/shop#part",
        "mysql://reader:sec%0Aret@db.example.com/shop",
        "mysql://reader:secret@[::1/shop",
    ],
)
def test_what_is_no_dsn_is_told_so_without_its_password(text: str) -> None:
    with pytest.raises(Wrong) as caught:
        read_dsn(text)
    assert "secret" not in caught.value.text.zh + caught.value.text.en


@pytest.mark.parametrize(
    ("addresses", "allow"),
    [
        (["8.8.8.8"], []),
        (["10.1.2.3"], ["10.0.0.0/8"]),
        (["10.1.2.3"], ["10.1.2.3"]),
        (["fd00::1"], ["fd00::/8"]),
        (["10.1.2.3"], ["db.example.com:3306"]),
        (["10.1.2.3", "8.8.8.8"], ["x", "10.0.0.0/8"]),
    ],
)
def test_places_that_may_be_opened(addresses: list[str], allow: list[str]) -> None:
    check_place(read_dsn(DSN), addresses, allow)


@pytest.mark.parametrize(
    ("addresses", "allow"),
    [
        (["127.0.0.1"], []),
        (["169.254.169.254"], []),
        (["8.8.8.8", "10.1.2.3"], []),
        (["10.1.2.3"], ["11.0.0.0/8", "db.example.com:3307", "example.com:3306", "db.example.com"]),
        (["::ffff:10.0.0.1"], []),
        (["10.1.2.3"], ["10.0.0.1/8", "*", ""]),
    ],
)
def test_places_that_may_not(addresses: list[str], allow: list[str]) -> None:
    with pytest.raises(Wrong, match="DATA_SOURCE_ALLOW"):
        check_place(read_dsn(DSN), addresses, allow)


def test_a_socket_is_opened_only_by_its_own_path() -> None:
    dsn = read_dsn("mysql://a:b@localhost/c?unix_socket=/run/mysqld/mysqld.sock")

    check_place(dsn, [], ["/run/mysqld/mysqld.sock"])
    for allow in ([], ["localhost:3306"], ["/run/mysqld"], ["127.0.0.0/8"]):
        with pytest.raises(Wrong, match="/run/mysqld/mysqld.sock"):
            check_place(dsn, [], allow)


def stored() -> DataSource:
    now, shown = datetime(2026, 11, 23, tzinfo=UTC), read_dsn(DSN).shown()
    return DataSource(1, "acme", "shop", "sealed", shown, None, now, now)


def test_a_dsn_that_comes_back_as_it_was_shown_stays() -> None:
    before = stored()

    assert with_changes(before, DSN, {**before.shown(), "name": "new"}) == {
        "tenant_id": "acme",
        "name": "new",
        "dsn": DSN,
        "tls_ca": None,
    }


def test_a_mask_takes_the_password_to_no_other_place() -> None:
    elsewhere = stored().dsn_shown.replace("db.example.com", "evil.example.com")

    with pytest.raises(Wrong, match="not its mask"):
        with_changes(stored(), DSN, {"dsn": elsewhere})
