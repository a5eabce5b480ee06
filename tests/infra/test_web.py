"""The API on the one port of `make run`: what the gateway adds to what the views answer."""

from __future__ import annotations

from typing import Any

import pytest
from chalice.app import Chalice
from werkzeug.test import Client

from chalicelib.routes.call import Call
from chalicelib.routes.http import Routes
from chalicelib.routes.methods import refuse_other_methods
from infra.local.web import Gateway


@pytest.fixture
def client() -> Client:
    routes = Routes("things")

    @routes.get("/api/things/{thing_id}", role=None)
    def get_thing(call: Call, thing_id: int) -> Any:
        return {"id": thing_id}

    @routes.post("/api/things/new", role=None)
    def new_thing(call: Call) -> Any:
        return {"id": "new"}

    app = Chalice("things")
    app.register_blueprint(routes)
    refuse_other_methods(app)
    return Client(Gateway(app))


def test_a_path_is_answered(client: Client) -> None:
    assert client.get("/api/things/7").json == {"id": 7}
    assert client.post("/api/things/new", json={}).json == {"id": "new"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/things/new", "POST"),
        ("DELETE", "/api/things/7", "GET"),
        ("PATCH", "/api/things/x", "GET"),
    ],
)
def test_a_wrong_method_is_told_with_the_right_ones(
    client: Client, method: str, path: str, allowed: str
) -> None:
    answer = client.open(path, method=method, headers={"Accept-Language": "en"})

    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert answer.mimetype == "application/problem+json"
    assert answer.json
    assert answer.json["code"] == "method_not_allowed"
    assert allowed in answer.json["detail"]


def test_a_method_that_no_path_has_and_a_path_that_is_none_are_problems_too(
    client: Client,
) -> None:
    for method, path, status in [("TRACE", "/api/things/7", 405), ("GET", "/api/nothing", 404)]:
        answer = client.open(path, method=method)
        assert answer.status_code == status
        assert answer.mimetype == "application/problem+json"
