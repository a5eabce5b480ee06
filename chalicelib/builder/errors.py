"""Why there is no bundle: what its author can mend, and what passes."""

from __future__ import annotations

import re

from chalicelib.domain.text import Text


class Refused(Exception):
    """What was asked for cannot be had. `names`: the packages that it is about."""

    def __init__(self, text: Text, *names: str) -> None:
        super().__init__(str(text))
        self.text = text
        self.names = names


class Unavailable(Exception):
    """The index, or this machine, is the trouble; the same may work later."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


def name_of(requirement: str) -> str:
    """The name that a requirement begins with, as PyPA's specification compares it."""
    found = re.match(r"[A-Za-z0-9][\w.-]*", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower().strip("-") if found else ""


def too_large() -> Refused:
    return Refused(
        Text("依赖包太大,请减少依赖", "the packages are too large; leave some of them out")
    )


def broken(name: str, why: Text | None = None) -> Refused:
    """The wheel of a package is not one that can be used."""
    more = why or Text("不是完整的 wheel", "it is no sound wheel")
    return Refused(
        Text(f"{name} 的文件无法使用:{more.zh}", f"the file of {name} cannot be used: {more.en}"),
        name_of(name),
    )
