"""Requirement lines of a script: which are allowed, and their one normal form.

A line names a package of the index (PEP 508) and nothing else: no address, no path, no option.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text

if TYPE_CHECKING:
    from packaging.requirements import Requirement

MOST_LINES = 30
#: Wrong lines that are told of at once.
_TOLD = 5
#: pip: a comment begins at the line's start or after white space.
_COMMENT = re.compile(r"(^|\s)#.*$")
#: What pip takes for a file, although it may be a name.
_ARCHIVES = (".whl", ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz")
_EXAMPLE = "requests==2.32.3"


@dataclass(frozen=True)
class Line:
    """One requirement in its normal form, with its number in what the user sent, from 1 on."""

    number: int
    text: str
    #: The package's name as the name normalization specification of PyPA compares it.
    name: str


def parse(text: str | None) -> list[Line]:
    """The requirements of a text, in its order; raises Wrong, which says which lines and why."""
    lines: list[Line] = []
    wrong: list[Text] = []
    for number, raw in enumerate((text or "").replace("\r\n", "\n").split("\n"), start=1):
        stripped = _COMMENT.sub("", raw).strip()
        if not stripped:
            continue
        try:
            lines.append(_line(number, stripped))
        except Wrong as error:
            wrong.append(about_line(number, stripped, error.text))
    if wrong:
        raise Wrong(_joined(wrong[:_TOLD]))
    if len(lines) > MOST_LINES:
        raise Wrong(Text(f"依赖最多 {MOST_LINES} 行", f"there are at most {MOST_LINES} lines"))
    return lines


def check_requirements(text: str) -> str:
    """The text itself if every line is allowed; raises Wrong."""
    parse(text)
    return text


def normal_form(lines: Sequence[Line]) -> list[str]:
    """The same list for texts that ask for the same: sorted, each requirement once."""
    return sorted({line.text for line in lines})


def fingerprint(normal: Sequence[str]) -> str:
    """SHA-256 in hexadecimal of a normal form."""
    return hashlib.sha256("\n".join(normal).encode()).hexdigest()


def about_line(number: int, line: str, what: Text) -> Text:
    """A sentence about one line."""
    shown = line if len(line) <= 60 else f"{line[:59]}…"
    return Text(f"第 {number} 行 {shown!r}:{what.zh}", f"line {number} {shown!r}: {what.en}")


def _joined(texts: Sequence[Text]) -> Text:
    return Text("\n".join(text.zh for text in texts), "\n".join(text.en for text in texts))


def _line(number: int, stripped: str) -> Line:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    _refuse_what_only_pip_reads(stripped)
    try:
        requirement = Requirement(stripped)
    except InvalidRequirement:
        raise Wrong(
            Text(
                f"不是合法的依赖写法;每行写一个包名和版本,例如 {_EXAMPLE}",
                f"is no requirement; give one package and its version, such as {_EXAMPLE}",
            )
        ) from None
    if requirement.url:
        raise _address()
    if requirement.name.lower().endswith(_ARCHIVES):
        raise _file()
    return Line(number, _normal(requirement), canonicalize_name(requirement.name))


def _refuse_what_only_pip_reads(stripped: str) -> None:
    if stripped.startswith("-") or re.search(r"\s--\w", stripped):
        raise Wrong(
            Text(
                "不能使用选项(如 -e、-r、--hash、--index-url);只写包名和版本,平台会自动锁定哈希",
                "options such as -e, -r, --hash and --index-url are not allowed; give packages"
                " and versions alone, the platform pins their hashes",
            )
        )
    if "://" in stripped or re.match(r"(git|hg|svn|bzr)\+|(file|https?|ftp|ssh):", stripped):
        raise _address()
    bare = stripped.partition(";")[0]
    if bare.startswith(("/", ".", "~", "\\")) or "/" in bare or "\\" in bare:
        raise _file()


def _address() -> Wrong:
    return Wrong(
        Text(
            f"不能使用网址或代码仓库;请写包索引里的包名和版本,例如 {_EXAMPLE}",
            f"addresses and repositories are not allowed; name a package of the index, such as"
            f" {_EXAMPLE}",
        )
    )


def _file() -> Wrong:
    return Wrong(
        Text(
            f"不能使用文件路径;请写包索引里的包名和版本,例如 {_EXAMPLE}",
            f"files are not allowed; name a package of the index, such as {_EXAMPLE}",
        )
    )


def _normal(requirement: Requirement) -> str:
    from packaging.utils import canonicalize_name

    extras = ",".join(sorted(canonicalize_name(extra) for extra in requirement.extras))
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    name = canonicalize_name(requirement.name)
    # `str` of a specifier set is sorted.
    return f"{name}{f'[{extras}]' if extras else ''}{requirement.specifier}{marker}"
