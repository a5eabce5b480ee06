"""Bundles from a package index on loopback: good packages, wrong requirements, hostile wheels."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chalicelib.builder import resolving, wheels
from chalicelib.builder.bundling import Builder, write_bundle
from tests.builder.index import Index, sdist, serving_index, wheel
from tests.builder.stores import KeptHere


@pytest.fixture
def index() -> Iterator[Index]:
    with serving_index() as index:
        yield index


@pytest.fixture
def store() -> KeptHere:
    return KeptHere()


@pytest.fixture
def builder(index: Index, store: KeptHere) -> Builder:
    return Builder(store, told_of(index), seconds=30)


def told_of(index: Index) -> dict[str, str]:
    return {"PIP_INDEX_URL": index.url, "PIP_CONFIG_FILE": "/dev/null"}


def ask(builder: Builder, *requirements: str, pure: bool = False) -> dict[str, Any]:
    return builder.answer({"requirements": list(requirements), "pure": pure})


def refused(builder: Builder, *requirements: str, pure: bool = False) -> dict[str, Any]:
    answer = ask(builder, *requirements, pure=pure)
    assert (answer["ok"], answer.get("kind")) == (False, "refused"), answer
    return answer


def test_what_a_package_needs_comes_along_and_every_wheel_is_pinned(
    index: Index, builder: Builder, store: KeptHere
) -> None:
    index.publish("lead", "2.0", needs=["follow>=1"])
    index.publish("follow", "1.0")
    index.publish("follow", "1.5")

    answer = ask(builder, "lead")

    assert [(p["name"], p["version"], p["is_pure"]) for p in answer["packages"]] == [
        ("follow", "1.5", True),
        ("lead", "2.0", True),
    ]
    published = index.files["lead"]["lead-2.0-py3-none-any.whl"]
    assert answer["packages"][1]["sha256"] == hashlib.sha256(published).hexdigest()
    assert hashlib.sha256(store.kept[answer["key"]]).hexdigest() == answer["key"]
    with store.opened(answer["key"]) as bundle:
        assert {"lead/__init__.py", "follow/__init__.py"} <= set(bundle.namelist())
        manifest = json.loads(bundle.read(wheels.MANIFEST))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert (manifest["python"], manifest["machine"]) == (version, platform.machine())


def test_the_same_packages_make_the_same_bundle(index: Index, builder: Builder) -> None:
    index.publish("a")
    index.publish("b")

    assert ask(builder, "a", "b")["key"] == ask(builder, "b", "a==1.0")["key"]


@pytest.mark.parametrize(
    ("requirement", "words"),
    [
        ("nosuch", "has no nosuch"),
        ("good==9", "no version satisfies good==9; there are 0.5, 1.0"),
        ("source-only", "no wheel, only its source"),
        ("foreign", "no wheel that can be used here"),
        ("later", "does not support Python"),
        ("forged", "not the one whose hash the index names"),
        ("torn", "cannot be used"),
    ],
)
def test_a_requirement_that_cannot_be_had_is_named_with_the_reason(
    index: Index, builder: Builder, requirement: str, words: str
) -> None:
    index.publish("good")
    index.publish("good", "0.5")
    index.put("source-only", "source_only-1.0.tar.gz", sdist("source_only"))
    index.put("foreign", "foreign-1.0-cp27-cp27m-win32.whl", wheel("foreign"))
    index.publish("later")
    index.needs_python["later-1.0-py3-none-any.whl"] = ">=9"
    index.publish("forged")
    index.forged.add("forged-1.0-py3-none-any.whl")
    index.put("torn", "torn-1.0-py3-none-any.whl", b"PK no zip")

    index.publish("fine")

    answer = refused(builder, "fine", requirement)

    assert words in answer["en"]
    assert answer["names"] == [requirement.partition("==")[0]]


def test_what_a_package_needs_in_vain_is_told_of_with_the_package(
    index: Index, builder: Builder
) -> None:
    index.publish("lead", needs=["mid"])
    index.publish("mid", needs=["nosuch>=2"])

    answer = refused(builder, "lead==1.0")

    assert "nosuch>=2" in answer["en"]
    assert answer["names"] == ["lead"]


def test_conflicting_requirements_are_told_of_together(index: Index, builder: Builder) -> None:
    index.publish("base", "1.0")
    index.publish("base", "2.0")
    index.publish("old", needs=["base<2"])

    answer = refused(builder, "base>=2", "old")

    assert "base>=2" in answer["en"]
    assert "old 1.0 depends on base<2" in answer["en"]
    assert answer["names"] == ["base", "old"]


@pytest.mark.parametrize("status", [403, 500, 503])
def test_an_index_that_is_out_of_order_is_no_fault_of_the_author(
    index: Index, builder: Builder, status: int
) -> None:
    index.publish("good")
    index.broken = status

    assert ask(builder, "good")["kind"] == "unavailable"


def test_an_index_that_is_away_is_no_fault_of_the_author(store: KeptHere) -> None:
    nowhere = {"PIP_INDEX_URL": "http://user:s3cret@127.0.0.1:9/", "PIP_CONFIG_FILE": "/dev/null"}

    answer = ask(Builder(store, nowhere, seconds=30), "good")

    assert answer["kind"] == "unavailable"
    assert "s3cret" not in json.dumps(answer)


def test_a_time_limit_ends_the_search(index: Index, store: KeptHere) -> None:
    index.publish("good")

    answer = ask(Builder(store, told_of(index), seconds=0.01), "good")

    assert answer["kind"] == "unavailable"
    assert "too long" in answer["en"]


@pytest.mark.parametrize("file", ["planted-1.0-py3-none-any.whl", "planted-1.0.tar.gz"])
def test_a_dependency_on_an_address_is_refused_and_nothing_is_fetched_from_there(
    index: Index, builder: Builder, tmp_path: Path, file: str
) -> None:
    ran = tmp_path / "ran"
    planted = wheel("planted") if file.endswith(".whl") else sdist("planted", does=ran)
    index.put("planted", file, planted)
    origin = index.url.removesuffix("simple/")
    index.publish("lead", needs=[f"planted @ {origin}files/planted/{file}"])

    answer = refused(builder, "lead")

    assert "planted" in answer["en"]
    assert not ran.exists()
    assert not [path for path in index.asked if "planted" in path]


def test_pip_can_start_no_process_whatever_it_is_told(
    index: Index, store: KeptHere, tmp_path: Path
) -> None:
    """As a configuration that allows source distributions would have it."""
    ran = tmp_path / "ran"
    index.put("source-only", "source_only-1.0.tar.gz", sdist("source_only", does=ran))
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nno-binary = source-only\n")
    builder = Builder(store, {**told_of(index), "PIP_CONFIG_FILE": str(config)}, seconds=30)

    answer = ask(builder, "source-only")

    assert not answer["ok"]
    assert not ran.exists()


def test_too_many_or_too_large_packages_are_refused(index: Index, builder: Builder) -> None:
    index.publish("zeros", files={"zeros.py": b"0" * (wheels.MOST_BYTES + 1)})
    index.publish("many", files={f"many/m{n}.py": "" for n in range(wheels.MOST_FILES)})
    index.publish("crowd", needs=[f"one-{n}" for n in range(resolving.MOST_WHEELS)])
    for n in range(resolving.MOST_WHEELS):
        index.put(f"one-{n}", f"one_{n}-1.0-py3-none-any.whl", wheel(f"one_{n}"))

    for name in ("zeros", "many", "crowd"):
        assert "too large" in refused(builder, name)["en"], name


HOSTILE: dict[str, dict[str, Any]] = {
    "climbs": {"files": {"../../etc/cron.d/x": "x"}},
    "climbs-inside": {"files": {"a/../../x.py": "x"}},
    "absolute": {"files": {"/etc/passwd": "x"}},
    "backslash": {"files": {"a\\..\\x.py": "x"}},
    "drive": {"files": {"C:x.py": "x"}},
    "dot": {"files": {"a/./x.py": "x"}},
    "double": {"files": {"a//x.py": "x"}},
    "control": {"files": {"a\x1b[2J.py": "x"}},
    "newline": {"files": {"a\n.py": "x"}},
    "bidi": {"files": {"a\u202egnp.py": "x"}},
    "long": {"files": {"a" * 300 + ".py": "x"}},
    "deep": {"files": {"a/" * 300 + "x.py": "x"}},
    "manifest": {"files": {wheels.MANIFEST: "{}"}},
    "link": {"links": {"a/x.py": "/etc/passwd"}},
    "data-climbs": {"files": {"data_climbs-1.0.data/purelib/../../x.py": "x"}},
    "file-and-folder": {"files": {"a": "x", "a/b.py": "x"}},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_wheel_with_a_path_of_its_own_choice_is_refused(
    index: Index, builder: Builder, store: KeptHere, name: str
) -> None:
    stem = name.replace("-", "_")
    index.put(name, f"{stem}-1.0-py3-none-any.whl", wheel(stem, **HOSTILE[name]))

    refused(builder, name)

    assert store.kept == {}


def test_what_python_would_run_by_itself_is_left_out(
    index: Index, builder: Builder, store: KeptHere
) -> None:
    index.publish(
        "busy",
        files={
            "busy.py": "x = 1",
            "busy.pth": "import os; os.system('id')",
            f"__pycache__/busy.{sys.implementation.cache_tag}.pyc": "x",
            "busy.pyc": "x",
            "pkg/data.pth": "data of a package",
            "busy-1.0.data/scripts/run": "x",
            "busy-1.0.data/purelib/more.py": "x = 2",
        },
    )

    key = ask(builder, "busy")["key"]

    with store.opened(key) as bundle:
        names = {n for n in bundle.namelist() if ".dist-info/" not in n and "zhundian" not in n}
        # Its own code, not that which the wheel brought.
        tag = sys.implementation.cache_tag
        code = {f"__pycache__/{name}.{tag}.pyc" for name in ("busy", "more")}
        assert names == {"busy.py", "more.py", "pkg/data.pth", *code}
        assert bundle.read(f"__pycache__/busy.{tag}.pyc") != b"x"
        assert {info.external_attr >> 16 for info in bundle.infolist()} == {0o100644}


def test_a_wheel_that_says_less_than_it_holds_is_refused(index: Index, builder: Builder) -> None:
    content = bytearray(wheel("liar", files={"liar.py": "x" * 5000}))
    # The size before compression, in the central directory's entry (APPNOTE.TXT, 4.3.12).
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(b"liar-1.0.dist-info/METADATA"))
    first = content.index(b"PK\x01\x02")
    assert first <= at
    content[first + 24 : first + 28] = (10).to_bytes(4, "little")
    index.put("liar", "liar-1.0-py3-none-any.whl", bytes(content))

    refused(builder, "liar")


def test_compiled_packages_are_told_apart_and_can_be_refused(
    index: Index, builder: Builder
) -> None:
    (tag,) = _native_tag()
    index.put("fast", f"fast-1.0-{tag}.whl", wheel("fast", files={"fast/_c.abi3.so": b"ELF"}))
    index.put("both", f"both-1.0-{tag}.whl", wheel("both", files={"both.so": b"ELF"}))
    index.publish("both")

    assert [p["is_pure"] for p in ask(builder, "both", "fast")["packages"]] == [False, False]
    assert [p["is_pure"] for p in ask(builder, "both", pure=True)["packages"]] == [True]
    refusal = refused(builder, "fast", pure=True)
    assert "no wheel in pure Python" in refusal["en"]
    assert refusal["names"] == ["fast"]


def test_a_wheel_that_calls_itself_pure_and_is_not_is_told_of(
    index: Index, builder: Builder
) -> None:
    index.publish("sly", files={"sly/_c.so.1": b"ELF"})

    assert [p["is_pure"] for p in ask(builder, "sly", pure=True)["packages"]] == [False]


def test_an_index_may_be_a_folder(builder: Builder, store: KeptHere, tmp_path: Path) -> None:
    (tmp_path / "near-1.0-py3-none-any.whl").write_bytes(wheel("near"))
    told = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}

    answer = ask(Builder(store, told, seconds=30), "near")

    assert [p["name"] for p in answer["packages"]] == ["near"]
    with store.opened(answer["key"]) as bundle:
        assert "near/__init__.py" in bundle.namelist()


def _native_tag() -> list[str]:
    from packaging.tags import sys_tags

    return [str(next(sys_tags()))]


def test_modules_are_compiled_for_this_python_and_what_cannot_be_stays_as_it_is(
    index: Index, builder: Builder, store: KeptHere, tmp_path: Path
) -> None:
    nested = "x = " + "(" * 5000 + ")" * 5000
    files = {
        "pkg/__init__.py": "NAME = __name__\n",
        "pkg/other.py": "print 'of Python 2'",
        "pkg/nested.py": nested,
        "pkg/nul.py": b"x = 1\0",
        "pkg/tests/test_x.py": "def test_x(): pass",
        "pkg/escape.py": "x = '\\d'",
    }
    index.publish("pkg", files=files)

    key = ask(builder, "pkg")["key"]

    with store.opened(key) as bundle:
        bundle.extractall(tmp_path)
    compiled = {path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")}
    assert compiled == {"__init__", "escape"}
    # Without its source, which shows that the code is taken as it is.
    source = tmp_path / "pkg/__init__.py"
    source.write_text("NAME = 'changed'\n")
    program = "import sys; sys.path.insert(0, sys.argv[1]); import pkg; print(pkg.NAME)"
    command = [sys.executable, "-I", "-B", "-c", program, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "pkg\n"


def test_compiling_ends_with_the_time(tmp_path: Path) -> None:
    (tmp_path / "late-1.0-py3-none-any.whl").write_bytes(wheel("late"))
    tree = wheels.laid_out([tmp_path / "late-1.0-py3-none-any.whl"])

    write_bundle(tmp_path / "bundle.zip", tree, deadline=float("-inf"))

    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        names = bundle.namelist()
    assert "late/__init__.py" in names
    assert not [name for name in names if name.endswith(".pyc")]


def test_requirements_of_another_system_come_to_nothing(
    index: Index, builder: Builder, store: KeptHere
) -> None:
    answer = ask(builder, 'nosuch ; os_name == "nt"')

    assert (answer["ok"], answer["packages"]) == (True, []), answer
    with store.opened(answer["key"]) as bundle:
        assert bundle.namelist() == [wheels.MANIFEST]
    assert index.asked == []


def test_extras_bring_what_they_need(index: Index, builder: Builder) -> None:
    index.publish("lead", extras={"fast": ["follow"]})
    index.publish("follow")

    assert [p["name"] for p in ask(builder, "lead")["packages"]] == ["lead"]
    assert [p["name"] for p in ask(builder, "lead[fast]")["packages"]] == ["follow", "lead"]


def test_two_bundles_at_once_do_not_meet(index: Index, builder: Builder) -> None:
    index.publish("a")
    index.publish("b")

    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda name: ask(builder, name), ["a", "b", "a"]))

    assert [[p["name"] for p in answer["packages"]] for answer in answers] == [["a"], ["b"], ["a"]]
    assert answers[0]["key"] == answers[2]["key"]
