"""Secrets: sealed where they lie, opened for the scripts of their own tenant alone."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from chalicelib.domain.access import Principal
from chalicelib.domain.cipher import Cipher, NoMasterKey, new_key
from chalicelib.domain.errors import CallRefused, Conflict, Invalid
from chalicelib.services import secrets
from chalicelib.services.caller import Caller
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from tests.services.rows import ADMIN
from tests.services.threads import at_once

VALUE = "s3cret-of-acme-密"


def make(platform: Platform, principal: Principal = ADMIN, **fields: Any) -> dict[str, Any]:
    spec = {"secret_key": "token", "value": VALUE, **fields}
    return secrets.create_secret(platform, principal, spec)


def get(platform: Platform, tenant_id: str | None, key: Any = "token") -> str:
    caller = Caller(log_id=1, task_id=1, tenant_id=tenant_id, is_test=False)
    return secrets.get_secret(platform, caller, {"key": key})


def refusal(platform: Platform, tenant_id: str | None, key: Any = "token") -> tuple[str, str]:
    with pytest.raises(CallRefused) as raised:
        get(platform, tenant_id, key)
    return raised.value.code, raised.value.text.en


def stored(platform: Platform) -> list[dict[str, Any]]:
    with platform.database.transaction() as tx:
        return tx.all("SELECT * FROM platform_secrets ORDER BY id")


def test_a_value_lies_sealed_and_opens_for_its_tenants_scripts(platform: Platform) -> None:
    make(platform, tenant_id="acme")

    (row,) = stored(platform)
    assert VALUE not in str(row)
    assert get(platform, "acme") == VALUE


def test_a_tenants_own_secret_comes_before_the_platforms_shared_one(platform: Platform) -> None:
    make(platform, value="the platform's", is_shared=True)
    assert get(platform, "acme") == "the platform's"

    make(platform, tenant_id="acme")

    assert get(platform, "acme") == VALUE
    assert get(platform, "umbrella") == "the platform's"
    assert get(platform, None) == "the platform's"


def test_what_belongs_to_others_is_as_if_it_were_not_there(platform: Platform) -> None:
    nothing = refusal(platform, "umbrella")
    make(platform, tenant_id="acme")
    make(platform, secret_key="unshared")

    assert refusal(platform, "umbrella") == nothing == refusal(platform, None)
    assert nothing[0] == "not_found"
    assert refusal(platform, "acme", "unshared")[0] == "not_found"
    assert get(platform, None, "unshared") == VALUE


def test_names_and_tenants_compare_by_bytes(platform: Platform) -> None:
    make(platform, tenant_id="acme")

    for tenant_id, key in [("Acme", "token"), ("acme", "Token"), ("acme", "token ")]:
        assert refusal(platform, tenant_id, key)[0] in ("not_found", "secret")
    make(platform, tenant_id="Acme")
    make(platform, tenant_id="acme", secret_key="Token")


@pytest.mark.parametrize("key", [None, "", "a b", "a" * 101, 5, ["token"], {"a": 1}, "密钥"])
def test_what_can_be_no_name_is_told_so(platform: Platform, key: Any) -> None:
    kind, words = refusal(platform, "acme", key)

    assert kind == "secret"
    assert "letters, digits" in words


def test_a_row_copied_to_another_tenant_or_name_does_not_open(platform: Platform) -> None:
    make(platform, tenant_id="acme")
    make(platform, tenant_id="umbrella", value="another value")
    with platform.database.transaction() as tx:
        tx.execute(
            "UPDATE platform_secrets AS theirs JOIN platform_secrets AS own"
            " ON own.tenant_id = 'acme' SET theirs.ciphertext = own.ciphertext"
            " WHERE theirs.tenant_id = 'umbrella'"
        )
        tx.execute("UPDATE platform_secrets SET secret_key = 'other' WHERE tenant_id = 'acme'")

    for tenant_id, key in [("umbrella", "token"), ("acme", "other")]:
        kind, words = refusal(platform, tenant_id, key)
        assert kind == "cannot_open"
        assert f"cannot read secret {key}" in words


def test_a_name_is_taken_once_by_each_owner_also_for_the_platform(platform: Platform) -> None:
    for tenant_id in (None, "acme"):
        made = make(platform, tenant_id=tenant_id)
        with pytest.raises(Conflict, match="already") as raised:
            make(platform, tenant_id=tenant_id)
        assert raised.value.code == "secret_exists"
        secrets.delete_secret(platform, ADMIN, made["id"])
        make(platform, tenant_id=tenant_id)


def test_of_many_who_make_one_at_once_one_does(platform: Platform) -> None:
    made: list[int] = []
    lock = threading.Lock()

    def one(number: int) -> str:
        try:
            secret = make(platform, value=f"value {number}")
        except Conflict:
            return "taken"
        with lock:
            made.append(number)
        return f"made {secret['id']}"

    answers = at_once([partial(one, number) for number in range(8)])

    assert answers.count("taken") == 7
    assert get(platform, None) == f"value {made[0]}"


def test_changes_leave_the_value_until_another_is_given(platform: Platform) -> None:
    made = make(platform, tenant_id="acme", description="old")

    seen = secrets.update_secret(platform, ADMIN, made["id"], {**made, "description": "new"})
    assert (seen["description"], get(platform, "acme")) == ("new", VALUE)

    secrets.update_secret(platform, ADMIN, made["id"], {"value": "another value"})
    assert get(platform, "acme") == "another value"


def test_whose_a_secret_is_and_its_name_stay(platform: Platform) -> None:
    made = make(platform, tenant_id="acme")

    for field, value in [("tenant_id", "umbrella"), ("tenant_id", None), ("secret_key", "other")]:
        with pytest.raises(Invalid) as raised:
            secrets.update_secret(platform, ADMIN, made["id"], {field: value})
        assert [error.field for error in raised.value.errors] == [field]


def test_only_the_platforms_secrets_are_shared(platform: Platform, acme: Principal) -> None:
    with pytest.raises(Invalid):
        make(platform, acme, is_shared=True)
    made = make(platform, acme)
    with pytest.raises(Invalid):
        secrets.update_secret(platform, acme, made["id"], {"is_shared": True})


def test_without_a_master_key_nothing_is_kept_and_it_is_said_why(platform: Platform) -> None:
    bare = replace(platform, cipher=Cipher())

    with pytest.raises(NoMasterKey, match="MASTER_KEYS"):
        make(bare)

    assert stored(platform) == []


def test_a_lost_key_shuts_its_secrets_alone(platform: Platform) -> None:
    make(platform, tenant_id="acme", secret_key="lost")
    after = replace(platform, cipher=Cipher(new_key_kept()))
    make(after, tenant_id="acme", secret_key="kept", value="readable")

    listed = secrets.list_secrets(after, "acme", Page())["items"]
    assert {item["secret_key"]: item["is_readable"] for item in listed} == {
        "lost": False,
        "kept": True,
    }
    assert get(after, "acme", "kept") == "readable"
    kind, words = refusal(after, "acme", "lost")
    assert kind == "cannot_open"
    assert "secret lost" in words
    assert platform.cipher.key_id in words

    lost = next(item for item in listed if item["secret_key"] == "lost")
    secrets.update_secret(after, ADMIN, lost["id"], {"value": "given again"})
    assert get(after, "acme", "lost") == "given again"


def new_key_kept() -> Any:
    key = new_key()
    return lambda: key
