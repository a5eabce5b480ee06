"""`script_deps`: resolved and fetched when a task is saved, so that no run ever waits for it.

The builder is asked while no row is locked: a save that finds it needs a bundle is given up
(nothing is written), the bundle made, and the save tried again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from chalicelib.domain.errors import Conflict, FieldError, Invalid, Unavailable
from chalicelib.domain.requirements import Line, about_line, fingerprint, normal_form, parse
from chalicelib.domain.tasks import NO_DEPS, Deps, Task, TaskSpec
from chalicelib.domain.text import Text
from chalicelib.gateways.builder import BuilderUnavailable, BuildRefused, Built
from chalicelib.repositories import bundles
from chalicelib.services.platform import Platform

Saved = TypeVar("Saved")
#: A bundle of the same requirements that is no older is taken again: a test, then the save.
FRESH = timedelta(hours=1)
#: Whoever saves, builds and runs has the same: one deployment has one Python.
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Made:
    """A bundle, and the requirements in normal form that it was made for."""

    wanted: Sequence[str]
    deps: Deps


class NeedsBundle(Exception):
    """There is no bundle of these lines at hand."""

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__("a bundle is needed")
        self.lines = lines


def saved_with_bundle(platform: Platform, save: Callable[[Made | None], Saved]) -> Saved:
    """What `save` returns, which is called again with a bundle if it raises NeedsBundle.

    Raises Invalid and Unavailable, as `made` does.
    """
    try:
        return save(None)
    except NeedsBundle as need:
        bundle = made(platform, need.lines)
    try:
        return save(bundle)
    except NeedsBundle:
        raise Conflict(
            Text("依赖刚被他人修改,请重试", "someone has just changed script_deps; try again")
        ) from None


def settled(platform: Platform, spec: TaskSpec, before: Task | None, made: Made | None) -> Deps:
    """What a task's `script_deps` come to: as they were, or as just made. Raises NeedsBundle."""
    lines = parse(spec.script_deps) if spec.execution_type == "script" else []
    wanted = normal_form(lines)
    if not wanted:
        return NO_DEPS
    if made is not None and made.wanted == wanted:
        return made.deps
    if before is not None and before.deps_status == "ready":
        kept = Deps("ready", before.deps_bundle, before.deps_python, before.deps_packages)
        if normal_form(parse(before.script_deps)) == wanted and _loads(platform, kept):
            return kept
    raise NeedsBundle(lines)


def made(platform: Platform, lines: Sequence[Line]) -> Made:
    """The bundle of some lines, which are not none; holds no transaction while it is made.

    Raises Invalid, which names the line, and Unavailable.
    """
    wanted = normal_form(lines)
    name = fingerprint([*wanted, platform.settings.script_packages, PYTHON])
    now = platform.now()
    with platform.database.transaction() as tx:
        found = bundles.find(tx, name, now - FRESH)
    if found:
        key, packages = found
        return Made(wanted, Deps("ready", key, PYTHON, packages))
    built = _built(platform, lines, wanted)
    deps = Deps("ready", built.key, PYTHON, list(built.packages))
    _check(platform, deps, lines)
    with platform.database.transaction() as tx:
        bundles.keep(tx, name, built.key, built.packages, now)
    return Made(wanted, deps)


def _built(platform: Platform, lines: Sequence[Line], wanted: Sequence[str]) -> Built:
    try:
        return platform.builder.build(wanted, is_pure=_only_pure(platform))
    except BuildRefused as error:
        raise Invalid(FieldError("script_deps", _placed(error.text, error.names, lines))) from None
    except BuilderUnavailable as error:
        raise Unavailable(error.text) from None


def _placed(text: Text, names: Sequence[str], lines: Sequence[Line]) -> Text:
    """The words with the lines that they are about."""
    concerned = [line for line in lines if line.name in names]
    if len(concerned) == 1:
        return about_line(concerned[0].number, concerned[0].text, text)
    if not concerned:
        return text
    numbers = [str(line.number) for line in concerned]
    return Text(f"第 {'、'.join(numbers)} 行:{text.zh}", f"lines {', '.join(numbers)}: {text.en}")


def _only_pure(platform: Platform) -> bool:
    return platform.settings.script_packages == "pure"


def _compiled(deps: Deps) -> list[dict[str, Any]]:
    return [package for package in deps.packages or () if not package["is_pure"]]


def _loads(platform: Platform, deps: Deps) -> bool:
    """Whether the sandbox of this deployment can load them."""
    return deps.python == PYTHON and not (_only_pure(platform) and _compiled(deps))


def _check(platform: Platform, deps: Deps, lines: Sequence[Line]) -> None:
    """Refuse what the sandbox's regime cannot load (docs/architecture.md)."""
    if _loads(platform, deps):
        return
    names = [str(package["name"]) for package in _compiled(deps)]
    told = ", ".join(names)
    text = Text(
        f"{told} 含有编译的扩展模块,本平台的沙箱只能加载纯 Python 包",
        f"{told}: compiled modules, and the sandbox here can load pure Python alone",
    )
    raise Invalid(FieldError("script_deps", _placed(text, names, lines)))
