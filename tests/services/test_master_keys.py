"""Rotating master keys: everything ends under the first, whatever happens in between."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from chalicelib.domain.access import Principal, Role
from chalicelib.domain.cipher import Cipher, new_key
from chalicelib.domain.errors import Forbidden
from chalicelib.repositories.sealed import HOLDERS
from chalicelib.services import master_keys, secrets
from chalicelib.services.caller import Caller
from chalicelib.services.platform import Platform
from tests.services.rows import ADMIN, MASTER_KEY
from tests.services.threads import at_once

NEWER = new_key()


def make(platform: Platform, count: int) -> None:
    for number in range(count):
        tenant_id = None if number % 2 else "acme"
        spec = {"secret_key": f"k{number}", "value": f"value {number}", "tenant_id": tenant_id}
        secrets.create_secret(platform, ADMIN, spec)


def under(platform: Platform, *keys: str) -> Platform:
    return replace(platform, cipher=Cipher(lambda: " ".join(keys)))


def values(platform: Platform, count: int) -> list[str]:
    return [
        secrets.get_secret(
            platform, Caller(1, 1, None if number % 2 else "acme", False), {"key": f"k{number}"}
        )
        for number in range(count)
    ]


def stored(platform: Platform) -> list[dict[str, Any]]:
    with platform.database.transaction() as tx:
        return tx.all("SELECT * FROM platform_secrets ORDER BY id")


def test_after_a_rotation_the_old_key_is_not_needed_any_more(platform: Platform) -> None:
    make(platform, 5)
    expected = [f"value {number}" for number in range(5)]

    both = under(platform, NEWER, MASTER_KEY)
    assert values(both, 5) == expected
    answer = master_keys.rotate(both, ADMIN)

    assert (answer["resealed"], answer["left"], answer["unreadable"]) == (5, 0, [])
    assert answer["key_id"] == NEWER.partition(":")[0]
    assert values(under(platform, NEWER), 5) == expected


def test_it_goes_on_where_it_broke_off_and_changes_nothing_twice(platform: Platform) -> None:
    make(platform, 5)
    both = under(platform, NEWER, MASTER_KEY)

    said = [master_keys.rotate(both, ADMIN, most=2) for _ in range(4)]

    assert [(one["resealed"], one["left"]) for one in said] == [(2, 3), (2, 1), (1, 0), (0, 0)]
    before = stored(platform)
    master_keys.rotate(both, ADMIN)
    assert stored(platform) == before
    assert {row["updated_at"] for row in before} == {platform.now()}


def test_more_rows_than_are_read_at_once_are_all_done(platform: Platform) -> None:
    count = master_keys.BATCH + 3
    make(platform, count)

    answer = master_keys.rotate(under(platform, NEWER, MASTER_KEY), ADMIN)

    assert (answer["resealed"], answer["left"]) == (count, 0)
    assert len(values(under(platform, NEWER), count)) == count


def test_two_at_once_and_a_change_in_between_lose_nothing(platform: Platform) -> None:
    make(platform, 8)
    both = under(platform, NEWER, MASTER_KEY)
    rows = stored(platform)

    def change(number: int) -> Any:
        changed = {"value": f"changed {number}"}
        return secrets.update_secret(both, ADMIN, rows[number]["id"], changed)

    at_once([partial(master_keys.rotate, both, ADMIN)] * 2 + [partial(change, n) for n in range(4)])

    expected = [f"changed {n}" for n in range(4)] + [f"value {n}" for n in range(4, 8)]
    assert values(under(platform, NEWER), 8) == expected


def test_what_no_key_opens_is_named_and_holds_up_nothing(platform: Platform) -> None:
    make(under(platform, new_key()), 2)
    with platform.database.transaction() as tx:
        tx.execute("UPDATE platform_secrets SET secret_key = CONCAT('lost', id)")
    make(platform, 2)
    with platform.database.transaction() as tx:
        tx.execute("UPDATE platform_secrets SET secret_key = 'moved' WHERE secret_key = 'k1'")

    both = under(platform, NEWER, MASTER_KEY)
    first, answer = (master_keys.rotate(both, ADMIN, most=1) for _ in range(2))

    lost = [row for row in stored(platform) if row["secret_key"] != "k0"]
    assert (first["resealed"], first["left"], first["unreadable_total"]) == (1, 1, 2)
    assert (answer["resealed"], answer["left"], answer["unreadable_total"]) == (0, 0, 3)
    assert [(one["tenant_id"], one["name"]) for one in answer["unreadable"]] == [
        (row["tenant_id"], row["secret_key"]) for row in lost
    ]
    assert [one["name"] for one in master_keys.unreadable(platform)] == [
        row["secret_key"] for row in stored(platform) if row["secret_key"] != "moved"
    ]


def test_it_is_for_the_platforms_administrator(platform: Platform) -> None:
    with pytest.raises(Forbidden):
        master_keys.rotate(platform, Principal(2, "acme's", "acme", Role.admin))


def test_every_sealed_column_is_there(platform: Platform) -> None:
    """A holder that is misspelled would be left behind by a rotation."""
    for holder in HOLDERS:
        with platform.database.transaction() as tx:
            columns = {
                row["name"]
                for row in tx.all(
                    "SELECT column_name AS name FROM information_schema.columns"
                    " WHERE table_schema = DATABASE() AND table_name = %(table)s",
                    {"table": holder.table},
                )
            }
        assert {"id", "tenant_id", holder.name, holder.column} <= columns
