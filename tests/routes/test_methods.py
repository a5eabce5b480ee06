"""A method that a path does not have: 405 with those that it has, and never a wrong id."""

from __future__ import annotations

import pytest

from app import app
from chalicelib.routes.methods import NAME
from tests.routes.api import Api

TASKS = "/api/scheduled-tasks"
WRONG = [
    ("PUT", f"{TASKS}/secrets", "GET, POST"),
    ("DELETE", f"{TASKS}/secrets", "GET, POST"),
    ("PATCH", f"{TASKS}/secrets", "GET, POST"),
    ("GET", f"{TASKS}/secrets/1", "DELETE, PUT"),
    ("POST", f"{TASKS}/secrets/run", "DELETE, PUT"),
    ("GET", f"{TASKS}/secrets/logs", "DELETE, PUT"),
    ("GET", f"{TASKS}/test-script", "POST"),
    ("PUT", f"{TASKS}/test-script", "POST"),
    ("DELETE", f"{TASKS}/test-script", "POST"),
    ("HEAD", TASKS, "GET, POST"),
    ("OPTIONS", f"{TASKS}/1/run", "POST"),
    ("POST", "/api/health", "GET"),
]


@pytest.mark.parametrize(("method", "path", "allowed"), WRONG)
def test_a_wrong_method_is_told_with_the_right_ones(
    api: Api, method: str, path: str, allowed: str
) -> None:
    answer = api.call(method, path)

    assert (answer.status, answer.body["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert allowed in answer.body["detail"]
    assert "is no id" not in answer.body["detail"]


def test_every_path_answers_every_method_and_refuses_none_that_it_has() -> None:
    for path, methods in app.routes.items():
        refused = {method for method, route in methods.items() if route.view_name == NAME}
        assert len(methods) == 7, path
        assert refused < set(methods), path
