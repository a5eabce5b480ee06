"""The SDK's documentation and type stubs: complete, current, and right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api as mypy

from infra import sdk_docs

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "docs/samples").glob("*.py"))

#: As the product document has them ("内置函数").
SIGNATURES = """
log(message)
ai(prompt, system=None, model='deepseek-chat')
dingtalk(webhook_url, content, title='通知')
wecom(webhook_url, content)
http_get(url, headers=None, params=None)
http_post(url, data=None, json=None, headers=None)
db_query(sql, params=None)
get_var(key, default=None)
set_var(key, value)
del_var(key)
get_param(key, default=None)
get_params()
get_tenants()
get_tenant_config(tenant_id, app_code, key)
get_all_tenant_configs(app_code, key)
get_secret(key)
""".strip().splitlines()


@pytest.mark.parametrize("path", sdk_docs.files(), ids=lambda path: path.name)
def test_what_is_committed_is_what_make_sdk_makes(path: Path) -> None:
    assert path.read_text("utf-8") == sdk_docs.files()[path], "run `make sdk`"


def test_signatures_are_those_of_the_product_document() -> None:
    made = {item["name"]: item["signature"] for item in sdk_docs.docs()["functions"]}
    expected = {line.partition("(")[0]: line for line in SIGNATURES}

    assert {name: made[name] for name in expected if name in made} == {
        name: line for name, line in expected.items() if name in made
    }
    assert set(made) - set(expected) == {"print", "exit", "quit"}


def test_every_text_is_in_its_own_language() -> None:
    for items in sdk_docs.docs().values():
        for item in items:
            assert re.search("[\u4e00-\u9fff]", item.get("zh", "中")), item["name"]
            assert not re.search("[\u4e00-\u9fff]", item.get("en", "")), item["name"]


@pytest.mark.parametrize(
    ("docstring", "missing"),
    [
        (None, "zh, en, example"),
        ("只有中文。\n\nExample::\n\n    log(1)", "en"),
        ("English alone.\n\nExample::\n\n    log(1)", "zh"),
        ("中文。\n\nEnglish.", "example"),
    ],
)
def test_what_is_not_documented_is_told(docstring: str | None, missing: str) -> None:
    def function() -> None: ...

    function.__doc__ = docstring
    with pytest.raises(sdk_docs.Undocumented, match=f"it has no {missing}$"):
        sdk_docs.described("it", function)


def test_paragraphs_are_told_apart_and_joined() -> None:
    def function() -> None:
        """第一行,
        第二行与
        `code` 相同。

        第二段。

        English has `引号`,
        `code` inside.

        Example::

            if 1:
                log('x')
        """

    assert sdk_docs.described("it", function) == {
        "zh": "第一行,第二行与 `code` 相同。\n\n第二段。",
        "en": "English has `引号`, `code` inside.",
        "example": "if 1:\n    log('x')",
    }


def checked(folder: Path, script: str) -> str:
    """What mypy says of a script whose builtins come from the stubs.

    It knows no `__builtins__.pyi`, so the names are imported.
    """
    (folder / "zhundian.pyi").write_text(sdk_docs.STUBS.read_text("utf-8"), "utf-8")
    path = folder / "script.py"
    path.write_text(f"from zhundian import *\n{script}", "utf-8")
    told, wrong, _ = mypy.run(
        [
            "--strict",
            "--config-file=",
            f"--cache-dir={folder}/cache",
            str(path),
            f"{folder}/zhundian.pyi",
        ]
    )
    assert not wrong
    return told


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all, so that mypy reads Python's own stubs once."""
    return tmp_path_factory.mktemp("stubs")


@pytest.mark.slow
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_samples_of_the_document_have_the_right_types(folder: Path, path: Path) -> None:
    assert "Success" in checked(folder, path.read_text("utf-8"))


@pytest.mark.slow
def test_every_example_has_the_right_types(folder: Path) -> None:
    parts = [
        f"def example_{number}() -> None:\n" + re.sub("^", "    ", example, flags=re.MULTILINE)
        for number, (_, example) in enumerate(sdk_docs.examples())
    ]

    assert "Success" in checked(folder, "\n\n".join(parts))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("set_var('a')", 'Missing positional argument "value"'),
        ("dingtalk('https://x', 5)", 'Argument 2 to "dingtalk" has incompatible type'),
        ("http_get('x').status_code.upper()", '"int" has no attribute "upper"'),
        ("tenant_id.upper()", 'Item "None" of "str | None" has no attribute'),
        ("nothing()", 'Name "nothing" is not defined'),
    ],
)
def test_mistakes_are_found(folder: Path, line: str, complaint: str) -> None:
    assert complaint in checked(folder, line)
