"""The SDK's documentation for a reader: in one language, as data or as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from chalicelib.domain.text import Language, Text

Docs = Mapping[str, Sequence[Mapping[str, Any]]]

_TITLE = Text("脚本 SDK", "The script SDK")
_FUNCTIONS = Text("内置函数", "Functions")
_VARIABLES = Text("内置变量", "Variables")
_MODULES = Text("内置模块(无需 import)", "Modules, without import")
_ERRORS = Text("异常", "Errors")
_NAME, _MEANING = Text("名称", "name"), Text("说明", "meaning")
_CLASS = Text("类", "class")


def in_language(docs: Docs, language: Language) -> dict[str, list[dict[str, Any]]]:
    """Each item with its `description` in one language, in the place of `zh` and `en`."""
    return {kind: [_item(item, language) for item in items] for kind, items in docs.items()}


def _item(item: Mapping[str, Any], language: Language) -> dict[str, Any]:
    told = {name: value for name, value in item.items() if name not in ("zh", "en", "group")}
    if "group" in item:
        told["group"] = item["group"][language]
    if language in item:
        told["description"] = item[language]
    return told


def page(docs: Docs, language: Language) -> str:
    """Markdown of what `in_language` made."""
    return "\n".join([*_lines(docs, language)]).strip() + "\n"


def _lines(docs: Docs, language: Language) -> Iterator[str]:
    yield f"# {_TITLE.in_(language)}\n"
    yield f"## {_FUNCTIONS.in_(language)}\n"
    for group, functions in groupby(docs["functions"], key=lambda one: str(one["group"])):
        yield f"### {group}\n"
        for function in functions:
            yield from _described(function["signature"], function)
    yield f"## {_VARIABLES.in_(language)}\n"
    yield f"| {_NAME.in_(language)} | {_MEANING.in_(language)} |\n|---|---|"
    for variable in docs["variables"]:
        yield f"| `{variable['name']}` | {variable['description']} |"
    yield f"\n## {_MODULES.in_(language)}\n"
    for module in docs["modules"]:
        kind = f" ({_CLASS.in_(language)})" if module["kind"] == "class" else ""
        yield f"#### `{module['name']}`{kind}\n\n{_block(module['example'])}"
    yield f"## {_ERRORS.in_(language)}\n"
    for error in docs["errors"]:
        yield from _described(error["name"], error)


def _described(title: str, item: Mapping[str, Any]) -> Iterator[str]:
    yield f"#### `{title}`\n\n{item['description']}\n\n{_block(item['example'])}"


def _block(example: str) -> str:
    return f"```python\n{example}\n```\n"
