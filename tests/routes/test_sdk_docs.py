"""`GET /api/scheduled-tasks/sdk-docs`."""

from __future__ import annotations

import pytest
from chalice.test import Client

from app import app
from chalicelib.services.platform import Platform
from tests.routes.api import Api
from tests.routes.conftest import key

PATH = "/api/scheduled-tasks/sdk-docs"


@pytest.fixture
def viewer(installed: Platform) -> Api:
    return Api(key(installed, "acme", "viewer"))


def page(api: Api, query: str = "", **headers: str) -> tuple[str, str]:
    """The type and the text of an answer that may be no JSON."""
    with Client(app) as client:
        answer = client.http.get(PATH + query, headers={**api.headers, **headers})
    return answer.headers["Content-Type"], answer.body.decode()


def test_every_function_has_its_signature_words_and_example(viewer: Api) -> None:
    answer = viewer.get(PATH)

    assert answer.status == 200
    assert answer.body["language"] == "en"
    found = {one["name"]: one for one in answer.body["functions"]}
    assert found["log"] == {
        "name": "log",
        "signature": "log(message)",
        "group": "Log",
        "description": "Write a line to the run's log, with the time of day in the task's zone.",
        "example": "log('任务开始执行')",
    }
    assert [one["name"] for one in answer.body["variables"]] == ["task_id", "tenant_id", "trace_id"]
    assert {one["name"] for one in answer.body["modules"]} >= {"datetime", "re", "base64"}
    assert {one["name"] for one in answer.body["errors"]} >= {"HttpError", "CallFailed"}


@pytest.mark.parametrize(
    ("query", "accepted", "group"),
    [
        ("", "zh-CN,zh;q=0.9", "变量存储"),
        ("", "en", "Variables"),
        ("?lang=zh", "en", "变量存储"),
        ("?lang=en", "zh", "Variables"),
    ],
)
def test_the_language_is_the_one_asked_for(
    installed: Platform, query: str, accepted: str, group: str
) -> None:
    answer = Api(key(installed, None, "viewer"), accepted).get(PATH + query)

    assert group in {one["group"] for one in answer.body["functions"]}


@pytest.mark.parametrize(
    ("query", "headers"), [("?format=markdown", {}), ("", {"Accept": "text/markdown, */*;q=0.1"})]
)
def test_it_comes_as_markdown_too(viewer: Api, query: str, headers: dict[str, str]) -> None:
    content_type, text = page(viewer, query, **headers)

    assert content_type == "text/markdown; charset=utf-8"
    assert text.startswith("# The script SDK\n\n## Functions\n\n### Log\n\n#### `log(message)`\n")
    assert "\n#### `dingtalk(webhook_url, content, title='通知')`\n" in text
    assert "\n| `trace_id` | " in text
    assert text.count("```python\n") * 2 == text.count("```")


def test_markdown_in_chinese(viewer: Api) -> None:
    _, text = page(viewer, "?format=markdown&lang=zh")

    assert text.startswith("# 脚本 SDK\n\n## 内置函数\n\n### 日志\n")


def test_json_goes_before_the_header_where_it_is_asked_for(viewer: Api) -> None:
    content_type, _ = page(viewer, "?format=json", Accept="text/markdown")

    assert content_type == "application/json"


@pytest.mark.parametrize("query", ["lang=fr", "format=pdf"])
def test_what_there_is_not_is_told(viewer: Api, query: str) -> None:
    answer = viewer.get(f"{PATH}?{query}")

    assert (answer.status, answer.fields()) == (422, [query.partition("=")[0]])


def test_nobody_reads_it_without_a_key(installed: Platform) -> None:
    assert Api(None).get(PATH).status == 401
