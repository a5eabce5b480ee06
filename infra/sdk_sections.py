"""The parts of the documents that tell of the SDK, written into them by `make sdk`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chalicelib.domain.text import Language

Docs = Mapping[str, Sequence[Mapping[str, Any]]]

ROOT = Path(__file__).parents[1]
#: Which documents have such parts, and their language.
PAGES: Mapping[Path, Language] = {
    ROOT / "docs/sdk.md": "en",
    ROOT / "docs/scheduled-tasks.md": "en",
    ROOT / "docs/scheduled-tasks.zh-CN.md": "zh",
}
#: What stands between these two is made; the first names the part.
_PART = re.compile(r"(<!-- make sdk: (\w+) -->\n).*?(\n<!-- made -->)", re.DOTALL)
_HEADS: Mapping[Language, Mapping[str, tuple[str, str]]] = {
    "zh": {
        "functions": ("函数", "说明"),
        "variables": ("变量", "说明"),
        "modules": ("模块", "用法"),
    },
    "en": {
        "functions": ("function", "does"),
        "variables": ("variable", "is"),
        "modules": ("module", "for example"),
    },
}


def pages(docs: Docs) -> dict[Path, str]:
    """Each document with its parts made anew.

    Raises KeyError where a document asks for a part that is not made.
    """
    return {
        path: _filled(path.read_text("utf-8"), _parts(docs, language))
        for path, language in PAGES.items()
    }


def _parts(docs: Docs, language: Language) -> dict[str, str]:
    return {
        "functions": _functions(docs, language),
        "variables": _variables(docs, language),
        "modules": _modules(docs, language),
    }


def _filled(text: str, parts: Mapping[str, str]) -> str:
    return _PART.sub(lambda match: f"{match[1]}\n{parts[match[2]]}\n{match[3]}", text)


def _table(kind: str, language: Language, rows: Iterable[tuple[str, str]]) -> str:
    head = " | ".join(_HEADS[language][kind])
    return "\n".join([f"| {head} |", "|---|---|", *(f"| {one} | {two} |" for one, two in rows)])


def _functions(docs: Docs, language: Language) -> str:
    rows = [(f"`{one['signature']}`", _summary(one[language])) for one in docs["functions"]]
    return _table("functions", language, rows)


def _summary(words: str) -> str:
    return words.split("\n\n")[0].replace("|", "\\|")


def _variables(docs: Docs, language: Language) -> str:
    return _table(
        "variables", language, ((f"`{v['name']}`", v[language]) for v in docs["variables"])
    )


def _modules(docs: Docs, language: Language) -> str:
    rows = ((f"`{one['name']}`", f"`{one['example'].splitlines()[0]}`") for one in docs["modules"])
    return _table("modules", language, rows)
