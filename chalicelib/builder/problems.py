"""Why there is no bundle, in words: pip's log read for the one thing that an author can mend."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial

from chalicelib.builder.alone import ADDRESS, BUILD
from chalicelib.builder.errors import Refused, Unavailable, broken, name_of, too_large
from chalicelib.domain.text import Text

_PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
#: Versions that are named to somebody who asked for one that is not there.
_SHOWN = 8


def explain(log: str, is_pure: bool = False) -> Refused | Unavailable:
    """What pip's log comes to; `is_pure`: wheels in pure Python were asked for alone."""
    missing = partial(_missing, is_pure=is_pure)
    for read in (_address, _size, _unreachable, _hash, missing, _conflict, _broken):
        if problem := read(log):
            return problem
    return Unavailable(
        Text("依赖未能解析,请稍后重试", "the requirements could not be resolved; try again later")
    )


def _address(log: str) -> Refused | None:
    if found := re.search(re.escape(ADDRESS) + r" (\S+)", log):
        return Refused(
            Text(
                f"依赖包要求从网址安装 {found[1]},平台不允许",
                f"a package depends on {found[1]} at an address, which is not allowed",
            )
        )
    if BUILD in log:
        return Refused(Text("有依赖包需要编译,平台只支持 wheel", "a package wants to be built"))
    return None


def _size(log: str) -> Refused | Unavailable | None:
    if "[Errno 27]" in log:
        return too_large()
    if "[Errno 28]" in log:
        return Unavailable(Text("构建环境磁盘已满", "the builder's disk is full"))
    return None


def _unreachable(log: str) -> Unavailable | None:
    """A page of the index that was not to be had, but for one that does not exist."""
    pages = re.findall(r"Could not fetch URL \S+?: (.*)", log)
    if any(not reason.startswith("404 ") for reason in pages) or "ReadTimeoutError" in log:
        return Unavailable(
            Text(
                "包索引暂时无法访问,请稍后重试",
                "the package index cannot be reached for now; try again later",
            )
        )
    return None


def _hash(log: str) -> Refused | None:
    if "DO NOT MATCH THE HASHES" not in log:
        return None
    found = re.search(r"DO NOT MATCH THE HASHES.*\n(?:\S+ )? *(\S+) from ", log)
    name = found[1] if found else "?"
    return Refused(
        Text(
            f"{name} 的文件与索引公布的哈希不符,可能被篡改;请换一个版本或联系管理员",
            f"the file of {name} is not the one whose hash the index names; take another version,"
            " or tell your operator",
        ),
        name_of(name),
    )


def _missing(log: str, is_pure: bool) -> Refused | None:
    pattern = (
        r"Could not find a version that satisfies the requirement (.+?) \(from versions: (.*)\)"
    )
    found = re.search(pattern, log)
    if not found:
        return None
    wanted, _, chain = found[1].partition(" (from ")
    versions = [] if found[2] == "none" else found[2].split(", ")
    name = name_of(wanted)
    words = _why_missing(wanted, name, versions, log)
    if is_pure and words == _no_wheel(wanted):
        words = _only_compiled(wanted)
    if not chain:
        return Refused(words, name)
    needing = name_of(chain)
    words = Text(f"{words.zh}({needing} 需要它)", f"{words.en} ({needing} needs it)")
    return Refused(words, _asked_for(needing, log))


def _asked_for(name: str, log: str) -> str:
    """Whose need, of those that were asked for, brought this package in."""
    brought = re.findall(r"Collecting (\S+) .*?\(from ([^()]+?)\)\s*$", log, re.MULTILINE)
    by = {name_of(one): name_of(other) for one, other in brought}
    seen = {name}
    while by.get(name, name) not in seen:
        name = by[name]
        seen.add(name)
    return name


def _why_missing(wanted: str, name: str, versions: list[str], log: str) -> Text:
    files = rf"(?:https?|file)://\S*/{name.replace('-', '[-_.]+')}-"
    if versions:
        shown = ", ".join(versions[-_SHOWN:])
        return Text(
            f"没有满足 {wanted} 的版本;可用的有 {shown}",
            f"no version satisfies {wanted}; there are {shown}",
        )
    if re.search(rf"none of the wheel's tags .*{files}", log, re.IGNORECASE):
        return _no_wheel(wanted)
    if re.search(rf"No sources permitted for .*{files}", log, re.IGNORECASE):
        return Text(
            f"{wanted} 只有源码包,没有 wheel;平台不编译源码,请换一个包或版本",
            f"{wanted} has no wheel, only its source, which is not built here; take another"
            " package or version",
        )
    if re.search(rf"requires a different Python .*{files}", log, re.IGNORECASE):
        return Text(f"{wanted} 不支持 {_PYTHON}", f"{wanted} does not support {_PYTHON}")
    return Text(
        f"包索引中没有 {wanted},请检查拼写",
        f"the package index has no {wanted}; check its spelling",
    )


def _no_wheel(wanted: str) -> Text:
    return Text(
        f"{wanted} 没有适用于本平台({_PYTHON})的 wheel",
        f"{wanted} has no wheel that can be used here ({_PYTHON})",
    )


def _only_compiled(wanted: str) -> Text:
    return Text(
        f"{wanted} 没有纯 Python 的 wheel({_PYTHON}),本平台的沙箱无法加载编译的扩展模块",
        f"{wanted} has no wheel in pure Python ({_PYTHON}), and the sandbox here cannot load"
        " compiled modules",
    )


def _conflict(log: str) -> Refused | None:
    if "ResolutionImpossible" not in log:
        return None
    cause = re.search(r"The conflict is caused by:\n((?:\S* *    .*\n)+)", log)
    lines = [line.split("    ", 1)[1].strip() for line in cause[1].splitlines()] if cause else []
    told = "; ".join(lines)
    named = re.search(r"Cannot install (.+?) because these package versions", log)
    names = re.split(r",\s*|\s+and\s+", named[1]) if named else []
    return Refused(
        Text(f"版本要求互相冲突:{told}", f"these requirements conflict: {told}"),
        *dict.fromkeys(name_of(one) for one in names if one),
    )


def _broken(log: str) -> Refused | None:
    patterns: tuple[tuple[str, Callable[[str], str]], ...] = (
        (r"Wheel '(\S+)' located at .* is invalid", str),
        (r"Requested (\S+) from .* has in(?:valid|consistent) ", name_of),
        (r"(\S+) has an invalid wheel", str),
    )
    for pattern, name in patterns:
        if found := re.search(pattern, log):
            return broken(name(found[1]))
    return None
