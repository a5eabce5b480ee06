"""Type stubs of the SDK, from its source: an editor reads them as further builtins.

Pyright and Pylance take `__builtins__.pyi` at a project's root, or in its `stubPath`, so
(their manual, "Extending Builtins").
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from sandbox_runner import frames, robots, web_answers

_HEAD = '''\
"""What a script of Zhundian has without import; put this file at your project's root.

Made by `make sdk`.
"""

import base64 as base64
import hashlib as hashlib
import json as json
import math as math
import random as random
import re as re
import time as time
from collections.abc import Iterator, Mapping
from datetime import date as date
from datetime import datetime as datetime
from datetime import timedelta as timedelta
from typing import Any

task_id: int | None
tenant_id: str | None
trace_id: str
'''
#: What functions answer or raise: the module and the class.
_CLASSES = (
    (frames, "CallFailed"),
    (web_answers, "Headers"),
    (web_answers, "HttpError"),
    (web_answers, "HttpResponse"),
    (robots, "Receipt"),
)
#: Python has these already.
_BUILTIN = ("print", "exit", "quit")
#: Of the methods with underscores, those that a script uses by syntax.
_SYNTAX = ("__bool__", "__getitem__", "__iter__", "__len__")


def stubs(functions: Mapping[str, Callable[..., Any]]) -> str:
    """The text of `__builtins__.pyi`."""
    classes = ["\n".join(_class(_class_in(module, name))) for module, name in _CLASSES]
    named = {name: one for name, one in sorted(functions.items()) if name not in _BUILTIN}
    made = ["\n".join(_function(_parsed(one))) for one in named.values()]
    return "\n\n".join([_HEAD, *classes, *made]) + "\n"


def _class_in(module: ModuleType, name: str) -> ast.ClassDef:
    """By name, as these classes say of themselves that they are built in."""
    body = ast.parse(inspect.getsource(module)).body
    return next(one for one in body if isinstance(one, ast.ClassDef) and one.name == name)


def _parsed(function: Callable[..., Any]) -> ast.FunctionDef:
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(node, ast.FunctionDef)
    return node


def _class(node: ast.ClassDef) -> Iterator[str]:
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    yield f"class {node.name}({bases}):" if bases else f"class {node.name}:"
    yield from _indented(_docstring(node))
    for member in node.body:
        if isinstance(member, ast.FunctionDef):
            is_public = not member.name.startswith("_") or member.name in _SYNTAX
            made = _function(member) if is_public else _fields(member)
            yield from _indented(made)


def _fields(init: ast.FunctionDef) -> Iterator[str]:
    """The attributes that a constructor gives types to; what is its own has none."""
    for node in ast.walk(init):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute):
            yield f"{node.target.attr}: {ast.unparse(node.annotation)}"


def _function(node: ast.FunctionDef) -> Iterator[str]:
    words = list(_docstring(node))
    node.body = [ast.Expr(ast.Constant(...))]
    *head, _ = ast.unparse(node).splitlines()
    if not words:
        head[-1] += " ..."
    yield from head
    yield from _indented(words)


def _docstring(node: ast.FunctionDef | ast.ClassDef) -> Iterator[str]:
    words = ast.get_docstring(node)
    if words:
        first, *others = words.splitlines()
        yield f'"""{first}' if others else f'"""{first}"""'
        yield from others
        if others:
            yield '"""'


def _indented(lines: Iterator[str] | list[str]) -> Iterator[str]:
    for line in lines:
        yield f"    {line}" if line else ""
