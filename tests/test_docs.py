"""The documents say what is there: links, commands, endpoints, SDK names, dependencies, tests."""

from __future__ import annotations

import re
import socket
from itertools import chain
from pathlib import Path
from urllib.parse import unquote

import pytest
from sandbox_runner import sdk
from sandbox_runner.frames import Channel

import app as functions
from chalicelib.routes import methods as refused

ROOT = Path(__file__).parents[1]
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
DOCUMENTS = (*READMES, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) +(.+)$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_ENDPOINT = re.compile(r"^\| (GET|POST|PUT|DELETE) \| `(/api/[^`]+)` \|", re.MULTILINE)
_PATH = re.compile(r"(?:chalicelib|sandbox_layer|infra|tests|docs)/[\w./-]*|app\.py")


def prose(document: Path) -> str:
    return _FENCED.sub("", document.read_text("utf-8"))


def anchors(document: Path) -> set[str]:
    """The names that GitHub gives headings: lower case, no punctuation, hyphens for spaces."""
    titles = (title.lower() for _, title in _HEADING.findall(prose(document)))
    return {re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_pictures_lead_somewhere(document: Path) -> None:
    broken = []
    for link in _LINK.findall(prose(document)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = document.parent / path if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_both_readmes_have_the_same_sections_and_commands() -> None:
    english, chinese = (path.read_text("utf-8") for path in READMES)

    levels = [[len(marks) for marks, _ in _HEADING.findall(prose(path))] for path in READMES]
    assert levels[0] == levels[1]
    assert _FENCED.findall(english) == _FENCED.findall(chinese)
    assert english.count("\n|") == chinese.count("\n|")


def test_every_endpoint_is_documented_and_no_other() -> None:
    routes = functions.app.routes
    served = {
        (method, path)
        for path, methods in routes.items()
        for method, route in methods.items()
        if route.view_name != refused.NAME
    }
    documented = _ENDPOINT.findall((ROOT / "docs/api.md").read_text("utf-8"))

    assert sorted(documented) == sorted(served)


def test_every_direct_dependency_has_its_reason() -> None:
    ships, _, brought = (ROOT / "requirements.txt").read_text("utf-8").partition("\n# ...")
    others = (ROOT / "requirements-dev.txt").read_text("utf-8")
    assert brought, "requirements.txt says where the direct ones end"
    direct = re.findall(r"^([\w-]+)(?:\[[^\]]*\])?==", f"{ships}\n{others}", re.MULTILINE)

    reasons = (ROOT / "docs/dependencies.md").read_text("utf-8")

    assert sorted(re.findall(r"^\| `([\w-]+)` \|", reasons, re.MULTILINE)) == sorted(direct)


def test_every_name_that_a_script_has_is_documented() -> None:
    job = {"params": {}, "task_id": 1, "tenant_id": None, "trace_id": "t"}
    near, far = socket.socketpair()
    with near, far:
        channel = Channel(near)
        names = set(sdk.names(job, channel))

    page = (ROOT / "docs/sdk.md").read_text("utf-8")
    documented = {re.split(r"\W", code, maxsplit=1)[0] for code in _CODE.findall(page)}

    assert names - documented == set()


def test_tests_and_files_that_are_named_exist() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    tests = set(re.findall(r"def (test_\w+)", sources))
    named = set(chain.from_iterable(_CODE.findall(prose(path)) for path in DOCUMENTS))

    missing_tests = {name for name in named if re.fullmatch(r"test_\w+", name)} - tests
    paths = {name for name in named if _PATH.fullmatch(name)}

    assert missing_tests == set()
    assert {path for path in paths if not (ROOT / path).exists()} == set()
