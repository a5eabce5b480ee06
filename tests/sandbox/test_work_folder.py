"""Where a script may write: its work folder, for as long as it runs, and as much as it may."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chalicelib.sandbox.folder import WorkFolder
from tests.sandbox.conftest import Bench
from tests.sandbox.ran import Ran

Run = Callable[..., Ran]


def test_a_report_is_written_and_read_and_gone_with_the_run(run: Run) -> None:
    code = """
import csv, os, shutil, sqlite3, tempfile, zipfile
with open("report.csv", "w", encoding="utf-8") as file:
    csv.writer(file).writerows([["城市", 1], ["上海", 2]])
shutil.copyfile("report.csv", "copy.csv")
os.makedirs("a/b")
os.rename("copy.csv", "a/b/copy.csv")
with sqlite3.connect("a.db") as database:
    database.execute("CREATE TABLE t AS SELECT 1 AS n")
with zipfile.ZipFile("a.zip", "w") as archive:
    archive.write("report.csv")
with tempfile.TemporaryDirectory() as folder:
    open(os.path.join(folder, "x"), "w").close()
result = [open("a/b/copy.csv", encoding="utf-8").read().splitlines()[1], sorted(os.listdir())]
"""
    expected = ["上海,2", ["a", "a.db", "a.zip", "report.csv"]]

    assert run(code).result == expected
    assert run("import os\nresult = os.listdir()").result == []


def test_shutil_copies_whole_files_and_trees(run: Run) -> None:
    code = """
import os, shutil
os.mkdir("a")
open("a/x", "w").write("1")
shutil.copy("a/x", "y"); shutil.copy2("a/x", "z"); shutil.copytree("a", "b")
result = [open(name).read() for name in ("y", "z", "b/x")]
"""
    assert run(code).result == ["1", "1", "1"]


@pytest.mark.parametrize(
    "code",
    [
        "file = open('big', 'wb')\nwhile True: file.write(bytes(4 << 20))",
        "for n in range(30): open(str(n), 'wb').write(bytes(4 << 20))",
        "for n in range(30): open(str(n), 'wb').write(bytes(4 << 20))\ntime.sleep(60)",
        "for n in range(3000): open(str(n), 'w').close()",
    ],
)
def test_more_than_the_quota_ends_the_run_and_says_so(run: Run, code: str) -> None:
    ran = run(code)

    assert (ran.outcome.status, ran.kind) == ("failed", "disk"), ran
    assert ran.seconds < 3


_HIDE = """
import ctypes, mmap, os, threading
libc, kept = ctypes.CDLL(None), []
CLOSE_RANGE, EXIT = 436, 60 if os.uname().machine == "x86_64" else 93

def part(flags=os.O_CREAT, name="part"):
    number = os.open(name, flags | os.O_RDWR)
    os.write(number, bytes(8 << 20))
    kept.append(number)
    return number

def deleted():
    part()
    os.unlink("part")

def replaced():
    part()
    os.rename("part", "one")

def mapped():
    number = part()
    kept.append(mmap.mmap(number, 4096))
    os.unlink("part")
    os.close(number)

def in_thread(prepare):
    def work():
        prepare()
        for _ in range(12):
            deleted()
        time.sleep(60)
    threading.Thread(target=work).start()
"""


@pytest.mark.parametrize("author", ["kernel"], indirect=True)
@pytest.mark.parametrize(
    "code",
    [
        "for _ in range(12): deleted()",
        "for _ in range(12): replaced()",
        "for _ in range(12): mapped()",
        "for _ in range(12): part(os.O_TMPFILE, '.')",
        "in_thread(lambda: libc.syscall(CLOSE_RANGE, 50, 60, 2))",
        "in_thread(lambda: None); libc.syscall(EXIT, 0)",
    ],
)
def test_what_is_deleted_and_kept_open_counts(author: Run, code: str) -> None:
    ran = author(f"{_HIDE}{code}\ntime.sleep(60)", timeout=3)

    assert (ran.outcome.status, ran.kind) == ("failed", "disk"), ran
    assert author("import os\nresult = os.listdir()").result == []


@pytest.mark.usefixtures("the_next_run_is_right")
def test_what_the_script_deletes_does_not_count(run: Run) -> None:
    code = """
import os
for _ in range(40):
    open("part", "wb").write(bytes(4 << 20))
    os.unlink("part")
result = 1
"""
    assert run(code).result == 1


@pytest.fixture
def folder() -> Iterator[WorkFolder]:
    made = WorkFolder(os.getuid())
    yield made
    made.close()
    assert not Path(made.path).exists()


def test_a_tree_of_any_depth_is_removed(folder: WorkFolder) -> None:
    here = os.open(folder.path, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d" * 50, dir_fd=here)
        below = os.open("d" * 50, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)

    folder.empty()

    assert list(Path(folder.path).iterdir()) == []


def test_links_are_removed_and_not_followed(folder: WorkFolder, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("x")
    Path(folder.path, "link").symlink_to(kept)
    Path(folder.path, "below").mkdir()
    Path(folder.path, "below/link").symlink_to(kept)
    Path(folder.path, "below/denied").mkdir(0)

    folder.empty()

    assert list(Path(folder.path).iterdir()) == []
    assert (kept / "file").read_text() == "x"


def test_what_cannot_be_seen_counts_as_too_much(folder: WorkFolder) -> None:
    name = "n" * 250
    here = os.open(folder.path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)

    assert folder.is_over(1 << 30, 1000)


def test_the_folder_of_a_run_is_the_scripts_own(bench: Bench) -> None:
    ran = bench.run("import os\nresult = [os.getcwd(), os.stat('.').st_mode & 0o777]")

    assert ran.result[1] == 0o700
    assert not ran.result[0].startswith("/root")
