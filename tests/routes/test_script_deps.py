"""`script_deps` at the API: the problem says which line, and whether to mend it or to wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib import wiring
from chalicelib.services.platform import Platform
from infra.local.building import ChildBuilder
from tests.builder.index import Index, serving_index
from tests.routes.api import TASK, Api
from tests.routes.conftest import key


@pytest.fixture
def index() -> Iterator[Index]:
    with serving_index() as index:
        index.publish("good")
        yield index


@pytest.fixture
def api(platform: Platform, index: Index, tmp_path: Path) -> Api:
    told = {"PIP_INDEX_URL": index.url, "PIP_CONFIG_FILE": "/dev/null"}
    wiring.install(replace(platform, builder=ChildBuilder(tmp_path / "bundles", told)))
    return Api(key(platform, None, "admin"))


def test_a_task_tells_what_its_requirements_came_to(api: Api) -> None:
    made = api.post("/api/scheduled-tasks", {**TASK, "script_deps": "good"})

    assert made.status == 201
    assert made.body["deps_status"] == "ready"
    (package,) = made.body["deps_packages"]
    assert (package["name"], package["version"], package["is_pure"]) == ("good", "1.0", True)
    path = f"/api/scheduled-tasks/{made.body['id']}"
    # What only the platform sets may be sent back, and changes nothing.
    assert (
        api.put(path, {**made.body, "deps_bundle": "x"}).body["deps_bundle"]
        == (made.body["deps_bundle"])
    )


@pytest.mark.parametrize("path", ["/api/scheduled-tasks", "/api/scheduled-tasks/test-script"])
def test_a_wrong_requirement_is_a_problem_that_names_the_line(api: Api, path: str) -> None:
    body = {**TASK, "script_deps": "good\nnosuch"}
    if path.endswith("test-script"):
        body = {"script_content": "x = 1", "script_deps": "good\nnosuch"}

    answer = api.post(path, body)

    assert (answer.status, answer.body["code"], answer.fields()) == (
        422,
        "invalid",
        ["script_deps"],
    )
    assert answer.body["errors"][0]["message"].startswith("line 2 'nosuch': ")
    assert api.get("/api/scheduled-tasks").body["total"] == 0


def test_an_index_that_is_away_is_a_problem_that_passes(api: Api, index: Index) -> None:
    index.broken = 500

    answer = api.post("/api/scheduled-tasks", {**TASK, "script_deps": "good"})

    assert (answer.status, answer.body["code"]) == (503, "unavailable")
    assert "try again later" in answer.body["detail"]
    assert api.get("/api/scheduled-tasks").body["total"] == 0
