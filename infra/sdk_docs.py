"""The SDK's documentation and type stubs, made from the SDK itself: `make sdk`.

What is committed is kept true by `tests/infra/test_sdk_docs.py`.
"""

from __future__ import annotations

import inspect
import json
import re
import socket
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from sandbox_runner import sdk
from sandbox_runner.console import printer
from sandbox_runner.frames import Channel

from infra import sdk_sections, sdk_stubs

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "chalicelib/sdk_docs.json"
STUBS = ROOT / "sandbox_layer/stubs/__builtins__.pyi"

#: Groups of functions, in the order of the product document; what is in none comes last.
_GROUPS: dict[tuple[str, str], tuple[str, ...]] = {
    ("日志", "Log"): ("log", "print"),
    ("AI 调用", "AI"): ("ai",),
    ("通知发送", "Messages"): ("dingtalk", "wecom"),
    ("HTTP 请求", "HTTP"): ("http_get", "http_post"),
    ("数据库查询", "Database"): ("db_query",),
    ("变量存储", "Variables"): ("get_var", "set_var", "del_var"),
    ("任务参数", "Parameters"): ("get_param", "get_params"),
    ("租户相关", "Tenants"): ("get_tenants", "get_tenant_config", "get_all_tenant_configs"),
    ("密钥", "Secrets"): ("get_secret",),
    ("其他", "Others"): (),
}
_VARIABLES = {
    "task_id": (
        "当前任务的 ID;测试未保存的脚本时为 None",
        "the task's id; None in a test of no task",
    ),
    "tenant_id": ("当前租户的 ID;全局任务为 None", "the task's tenant; None for a global task"),
    "trace_id": ("本次执行的追踪 ID,重试时不变", "the name of this run, the same in its retries"),
}
#: How the product document uses each.
_MODULES = {
    "datetime": "datetime.now()\ndatetime.strptime('2026-01-02', '%Y-%m-%d')",
    "date": "date.today()",
    "timedelta": "date.today() - timedelta(days=1)",
    "time": "time.sleep(0.1)\ntime.time()",
    "json": "json.loads(json.dumps({'a': 1}))",
    "re": "re.search('[0-9]+', '订单 42')\nre.match('a', 'abc')",
    "math": "math.ceil(1.2)\nmath.floor(1.8)",
    "random": "random.randint(1, 6)\nrandom.choice(['a', 'b'])",
    "hashlib": "hashlib.md5(b'text').hexdigest()",
    "base64": "base64.b64encode(b'text').decode()",
}


class Undocumented(ValueError):
    """Something of the SDK lacks its Chinese or English words, or its example."""


def names() -> dict[str, Any]:
    """All that a script has without import, as of a run that never happens."""
    job = {"params": {}, "task_id": 1, "tenant_id": None, "trace_id": "t"}
    near, far = socket.socketpair()
    with near, far:
        # The sandbox puts its own `print` in the place of Python's.
        return {**sdk.names(job, Channel(near)), "print": printer()}


def promised() -> list[str]:
    """The functions of the product document, in its order, whether they are there or not."""
    return [name for group in _GROUPS.values() for name in group]


def docs() -> dict[str, Any]:
    """`{"functions", "variables", "modules", "errors"}`, each item in both languages.

    Raises Undocumented if anything that a script has is in none of them.
    """
    found = names()
    functions = {name: one for name, one in found.items() if inspect.isfunction(one)}
    errors = {name: one for name, one in found.items() if _is_error(one)}
    made = {
        "functions": [_function(name, functions[name]) for name in _ordered(functions)],
        "variables": [{"name": name, "zh": zh, "en": en} for name, (zh, en) in _VARIABLES.items()],
        "modules": [_module(name, found[name]) for name in _MODULES],
        "errors": [{"name": name, **described(name, one)} for name, one in errors.items()],
    }
    told = {item["name"] for items in made.values() for item in items}
    if missing := set(found) - told:
        raise Undocumented(f"nothing tells of {', '.join(sorted(missing))}")
    return made


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Exception)


def _group_of(name: str) -> int:
    known = [number for number, members in enumerate(_GROUPS.values()) if name in members]
    return known[0] if known else len(_GROUPS) - 1


def _ordered(functions: dict[str, Any]) -> list[str]:
    others = [name for name in functions if name not in promised()]
    return [name for name in [*promised(), *others] if name in functions]


def _function(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    zh, en = list(_GROUPS)[_group_of(name)]
    return {
        "name": name,
        "signature": name + signature(function),
        "group": {"zh": zh, "en": en},
        **described(name, function),
    }


def signature(function: Callable[..., Any]) -> str:
    """`(key, default=None)`: without types, which are in the stubs."""
    bare = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in bare.parameters.values()
    ]
    return str(bare.replace(parameters=parameters, return_annotation=inspect.Signature.empty))


def described(name: str, thing: object) -> dict[str, str]:
    """`{"zh", "en", "example"}` of a docstring: paragraphs in Chinese, then in English, then
    `Example::` and a block. Raises Undocumented."""
    words, _, block = inspect.cleandoc(thing.__doc__ or "").partition("\nExample::\n")
    paragraphs = [part.strip() for part in words.split("\n\n") if part.strip()]
    zh = [part for part in paragraphs if _is_chinese(part)]
    made = {
        "zh": "\n\n".join(_joined(part) for part in zh),
        "en": "\n\n".join(_joined(part) for part in paragraphs if part not in zh),
        "example": textwrap.dedent(block).strip(),
    }
    if missing := [key for key, text in made.items() if not text]:
        raise Undocumented(f"{name} has no {', '.join(missing)}")
    return made


def _is_chinese(text: str) -> bool:
    # An English paragraph may quote a Chinese word.
    words = re.sub("`[^`]*`", "", text)
    return len(re.findall("[\u4e00-\u9fff]", words)) > len(re.findall("[a-zA-Z]+", words))


def _joined(paragraph: str) -> str:
    """One line. The end of a line is a space, but between two signs of Chinese."""
    if _is_chinese(paragraph):
        chinese = "[\u4e00-\u9fff]"
        paragraph = re.sub(rf"([、。,:;!?])\n(?={chinese}|`)", r"\1", paragraph)
        paragraph = re.sub(rf"({chinese})\n(?={chinese})", r"\1", paragraph)
    return paragraph.replace("\n", " ")


def _module(name: str, module: object) -> dict[str, Any]:
    kind = "module" if isinstance(module, ModuleType) else "class"
    return {"name": name, "kind": kind, "example": _MODULES[name]}


def examples() -> Iterator[tuple[str, str]]:
    """The name and the example of everything that has one."""
    for items in docs().values():
        for item in items:
            if "example" in item:
                yield item["name"], item["example"]


def files() -> dict[Path, str]:
    """What is to be committed, by path."""
    made = docs()
    text = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
    functions = {name: one for name, one in names().items() if inspect.isfunction(one)}
    return {
        DOCS: text,
        STUBS: sdk_stubs.stubs(functions),
        **sdk_sections.pages(made),
    }


def main() -> None:
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
