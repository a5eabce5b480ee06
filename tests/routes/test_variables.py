"""`/api/scheduled-tasks/{id}/vars`: what a task's scripts keep, as its owners see and change it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.services.platform import Platform
from tests.routes.api import TASK, Api
from tests.routes.conftest import key


@pytest.fixture
def path(acme: Api) -> str:
    """The variables of a task of `acme`."""
    return f"/api/scheduled-tasks/{acme.post('/api/scheduled-tasks', TASK).body['id']}/vars"


def test_a_variable_is_written_read_replaced_and_deleted(acme: Api, path: str) -> None:
    made = acme.put(f"{path}/last_id", {"value": 42})
    replaced = acme.put(f"{path}/last_id", {"value": {"page": [1, None]}})
    listed = acme.get(path).body
    gone = acme.delete(f"{path}/last_id")

    assert made.status == 200
    assert made.body == {"key": "last_id", "value": 42, "updated_at": "2026-11-23T00:00:00Z"}
    assert replaced.body["value"] == {"page": [1, None]}
    assert (listed["items"], listed["total"]) == ([replaced.body], 1)
    assert gone.status == 204
    assert acme.get(path).body["total"] == 0
    assert acme.delete(f"{path}/last_id").status == 404


def test_variables_are_paged_and_searched_by_their_keys(acme: Api, path: str) -> None:
    for name in ("b", "a", "Order_1", "order%2"):
        acme.put(f"{path}/{name.replace('%', '%25')}", {"value": name})

    first = acme.get(f"{path}?size=3").body
    second = acme.get(f"{path}?size=3&page=2").body
    found = acme.get(f"{path}?search=order").body
    percent = acme.get(f"{path}?search=%25").body

    assert (first["total"], first["size"]) == (4, 3)
    assert [item["key"] for item in first["items"] + second["items"]] == [
        "Order_1",
        "a",
        "b",
        "order%2",
    ]
    assert [item["key"] for item in found["items"]] == ["Order_1", "order%2"]
    assert [item["value"] for item in percent["items"]] == ["order%2"]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("%E6%97%A5%E6%8A%A5", "日报"),
        ("a%2Fb", "a/b"),
        ("a+b", "a+b"),
        ("100%25", "100%"),
        ("a%2541", "a%41"),
        ("a%20b", "a b"),
    ],
)
def test_a_key_in_the_path_is_decoded_once(acme: Api, path: str, sent: str, meant: str) -> None:
    made = acme.put(f"{path}/{sent}", {"value": 1})

    assert made.body["key"] == meant
    assert acme.delete(f"{path}/{sent}").status == 204


@pytest.mark.parametrize("wrong", ["x" * 101, "a%0Ab", "%20a", "a%20"])
def test_a_key_that_cannot_be_stored_is_told_so(acme: Api, path: str, wrong: str) -> None:
    answer = acme.put(f"{path}/{wrong}", {"value": 1})

    assert (answer.status, answer.fields()) == (422, ["key"])
    assert acme.get(path).body["total"] == 0


def test_a_key_with_a_blank_behind_it_deletes_nothing(acme: Api, path: str) -> None:
    acme.put(f"{path}/a", {"value": 1})

    assert acme.delete(f"{path}/a%20").status == 404
    assert acme.get(path).body["total"] == 1


def test_a_key_that_is_no_utf_8_does_not_exist(acme: Api, path: str) -> None:
    assert acme.put(f"{path}/%ff", {"value": 1}).status == 404


@pytest.mark.parametrize("wrong", [{}, {"val": 1}, {"value": 1, "more": 2}])
def test_a_body_without_a_value_is_told_so(acme: Api, path: str, wrong: dict[str, Any]) -> None:
    answer = acme.put(f"{path}/a", wrong)

    assert (answer.status, answer.fields()) == (422, ["value"])


def test_a_value_that_is_too_large_is_refused_and_the_old_one_stays(acme: Api, path: str) -> None:
    acme.put(f"{path}/a", {"value": "old"})

    answer = acme.put(f"{path}/a", {"value": "x" * 70_000})
    not_json = acme.call("PUT", f"{path}/a", raw=b'{"value": NaN}')

    assert (answer.status, answer.fields()) == (422, ["value"])
    assert "64 KB" in answer.body["errors"][0]["message"]
    assert (not_json.status, not_json.fields()) == (422, ["value"])
    assert acme.get(path).body["items"][0]["value"] == "old"


@pytest.mark.parametrize("wrong", [10**400, {"a": ["\ud800"]}])
def test_a_value_that_scripts_could_not_store_is_refused(
    acme: Api, path: str, wrong: object
) -> None:
    assert acme.put(f"{path}/a", {"value": wrong}).status == 422


def test_a_value_is_nested_no_deeper_than_a_script_may_store_it(acme: Api, path: str) -> None:
    value: Any = 1
    for _ in range(30):
        value = [value]

    assert acme.put(f"{path}/a", {"value": value}).body["value"] == value
    assert acme.put(f"{path}/a", {"value": [value]}).status == 422
    assert acme.get(path).body["items"][0]["value"] == value


def test_a_viewer_reads_and_an_editor_changes(installed: Platform, acme: Api, path: str) -> None:
    acme.put(f"{path}/a", {"value": 1})
    viewer = Api(key(installed, "acme", "viewer"))
    operator = Api(key(installed, "acme", "operator"))

    assert viewer.get(path).body["total"] == 1
    assert operator.put(f"{path}/a", {"value": 2}).status == 403
    assert operator.delete(f"{path}/a").status == 403
    assert viewer.get(path).body["items"][0]["value"] == 1


def test_another_tenants_variables_do_not_exist(acme: Api, umbrella: Api, path: str) -> None:
    acme.put(f"{path}/a", {"value": "acme's"})

    refused = [
        umbrella.get(path),
        umbrella.put(f"{path}/a", {"value": 2}),
        umbrella.put(f"{path}/b", {"value": 2}),
        umbrella.delete(f"{path}/a"),
    ]

    assert {answer.status for answer in refused} == {404}
    assert [item["value"] for item in acme.get(path).body["items"]] == ["acme's"]


def test_a_deleted_task_leaves_no_variables(acme: Api, path: str, platform: Platform) -> None:
    acme.put(f"{path}/a", {"value": 1})

    acme.delete(path.removesuffix("/vars"))

    with platform.database.transaction() as tx:
        left = [*tx.all("SELECT * FROM platform_script_vars")]
        locks = [*tx.all("SELECT * FROM platform_script_var_locks")]
    assert (left, locks) == ([], [])
    assert acme.get(path).status == 404
