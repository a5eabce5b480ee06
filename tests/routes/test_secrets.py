"""`/api/scheduled-tasks/secrets`: values come in and never go out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.domain.cipher import Cipher
from chalicelib.services.platform import Platform
from tests.routes.api import Api
from tests.routes.conftest import key

PATH = "/api/scheduled-tasks/secrets"
VALUE = "s3cret-value"
SECRET = {"secret_key": "crm.token", "value": VALUE, "description": "CRM"}


def test_a_secret_is_made_changed_listed_and_deleted_and_never_told(
    acme: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    made = acme.post(PATH, SECRET)
    one = f"{PATH}/{made.body['id']}"
    answers = [
        made,
        acme.put(one, {**made.body, "description": "the CRM's"}),
        acme.put(one, {"value": f"{VALUE}, another"}),
        acme.get(PATH),
        acme.post(PATH, SECRET),
        acme.put(one, {"value": VALUE, "secret_key": "other"}),
        acme.post(PATH, {**SECRET, "secret_key": VALUE + "?", "is_shared": VALUE}),
        acme.delete(one),
        acme.put(one, {"value": VALUE}),
        acme.get(PATH),
    ]

    statuses = [answer.status for answer in answers]
    assert statuses == [201, 200, 200, 200, 409, 422, 422, 204, 404, 200]
    assert made.body["tenant_id"] == "acme"
    assert made.body["updated_by"] == "acme editor"
    assert made.body["created_at"] == made.body["updated_at"] == "2026-11-23T00:00:00Z"
    assert answers[1].body == {**made.body, "description": "the CRM's"}
    assert answers[3].body["items"] == [answers[2].body]
    assert answers[-1].body == {"items": [], "total": 0, "page": 1, "size": 20}
    assert VALUE not in "".join(str(answer.body) for answer in answers)
    assert VALUE not in caplog.text + "".join(str(record.__dict__) for record in caplog.records)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"value": "short"}, "value"),
        ({"value": "  short  \n"}, "value"),
        ({"value": "x" * 16_385}, "value"),
        ({"value": "密" * 5_462}, "value"),
        ({"value": 123456}, "value"),
        ({"value": None}, "value"),
        ({"value": "half \ud800 a character"}, "value"),
        ({"secret_key": ""}, "secret_key"),
        ({"secret_key": "a b"}, "secret_key"),
        ({"secret_key": "a" * 101}, "secret_key"),
        ({"secret_key": "a\n"}, "secret_key"),
        ({"description": "x" * 256}, "description"),
        ({"is_shared": True}, "is_shared"),
        ({"ciphertext": "k.AAAA"}, "ciphertext"),
    ],
)
def test_what_is_wrong_is_told_by_its_field_and_not_repeated(
    acme: Api, wrong: dict[str, Any], field: str
) -> None:
    answer = acme.post(PATH, {**SECRET, **wrong})

    assert (answer.status, answer.fields()) == (422, [field])
    said = str(answer.body)
    assert VALUE not in said
    assert "short" not in said.replace("shorter", "")


def test_the_largest_value_is_kept(acme: Api) -> None:
    assert acme.post(PATH, {**SECRET, "value": "密" * 5_461}).status == 201


def test_without_a_master_key_it_is_said_who_can_mend_that(installed: Platform, acme: Api) -> None:
    acme.post(PATH, SECRET)
    wiring.install(replace(installed, cipher=Cipher()))

    refused = acme.post(PATH, {**SECRET, "secret_key": "other"})

    assert (refused.status, refused.body["code"]) == (503, "no_master_key")
    assert "MASTER_KEYS" in refused.body["detail"]
    assert [one["is_readable"] for one in acme.get(PATH).body["items"]] == [False]


def test_another_tenants_secret_does_not_exist(acme: Api, umbrella: Api) -> None:
    one = f"{PATH}/{acme.post(PATH, SECRET).body['id']}"
    none = f"{PATH}/999999999"

    for path in (one, none):
        assert umbrella.put(path, {"value": "taken over"}).status == 404
        assert umbrella.delete(path).status == 404
    assert umbrella.get(PATH).body["total"] == 0
    assert umbrella.post(PATH, {**SECRET, "tenant_id": "acme"}).status == 403
    assert acme.get(PATH).body["total"] == 1


def test_the_platform_sees_all_and_makes_them_for_anyone(api: Api, acme: Api) -> None:
    shared = api.post(PATH, {**SECRET, "is_shared": True})
    theirs = api.post(PATH, {**SECRET, "tenant_id": "acme"})

    assert (shared.status, shared.body["is_shared"]) == (201, True)
    assert theirs.status == 201
    assert api.get(PATH).body["total"] == 2
    assert api.get(f"{PATH}?tenant_id=acme").body["items"] == acme.get(PATH).body["items"]


@pytest.mark.parametrize(
    ("role", "reads", "writes"), [("viewer", 200, 403), ("operator", 200, 403), ("admin", 200, 201)]
)
def test_names_are_for_readers_and_values_for_editors(
    installed: Platform, role: str, reads: int, writes: int
) -> None:
    holder = Api(key(installed, "acme", role))

    assert holder.get(PATH).status == reads
    assert holder.post(PATH, SECRET).status == writes
    assert Api(None).get(PATH).status == 401
