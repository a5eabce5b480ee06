"""`script_deps` of tasks and tests: bundles made at the save by the real builder, from an index
on loopback, and named by the claim."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, Invalid, Unavailable
from chalicelib.domain.requirements import parse
from chalicelib.gateways.bundles import NoBundles
from chalicelib.services import dependencies, script_tests, tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from infra.local.building import ChildBuilder
from infra.local.bundle_folder import FolderBundles
from tests.builder.index import Index, serving_index, wheel
from tests.fakes import FakeClock, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_task
from tests.services.sandboxes import Sandbox


@pytest.fixture
def index() -> Iterator[Index]:
    with serving_index() as index:
        index.publish("good", "1.0")
        index.publish("good", "2.0")
        index.publish("other")
        yield index


@pytest.fixture
def platform(platform: Platform, index: Index, tmp_path: Path, clock: FakeClock) -> Platform:
    told = {"PIP_INDEX_URL": index.url, "PIP_CONFIG_FILE": "/dev/null"}
    folder = tmp_path / "bundles"
    bundles = FolderBundles(folder, "http://127.0.0.1:1", clock)
    return replace(platform, builder=ChildBuilder(folder, told), bundles=bundles)


@pytest.fixture
def sandbox(platform: Platform, queue: FakeQueue) -> Sandbox:
    return Sandbox(platform, queue)


def refused(platform: Platform, deps: str) -> str:
    with pytest.raises(Invalid) as refusal:
        make_task(platform, script_deps=deps)
    (error,) = refusal.value.errors
    assert error.field == "script_deps"
    return error.message.en


def count(platform: Platform) -> int:
    with platform.database.transaction() as tx:
        row = tx.one("SELECT COUNT(*) AS n FROM platform_scheduled_tasks")
    assert row
    return int(row["n"])


def test_a_task_is_saved_with_its_bundle(platform: Platform, tmp_path: Path) -> None:
    task = make_task(platform, script_deps="good<2 # pinned\n\nother")

    assert task.deps_status == "ready"
    assert task.deps_packages is not None
    assert [(p["name"], p["version"]) for p in task.deps_packages] == [
        ("good", "1.0"),
        ("other", "1.0"),
    ]
    with zipfile.ZipFile(tmp_path / "bundles" / f"{task.deps_bundle}.zip") as bundle:
        assert "good/__init__.py" in bundle.namelist()


@pytest.mark.parametrize("deps", [None, "", "\n# nothing yet\n"])
def test_without_requirements_there_is_nothing_to_build(
    platform: Platform, index: Index, deps: str | None
) -> None:
    task = make_task(platform, script_deps=deps)

    assert (task.deps_status, task.deps_bundle, task.deps_packages) == ("none", None, None)
    assert index.asked == []


@pytest.mark.parametrize(
    ("deps", "begins", "says"),
    [
        ("other\nnosuch", "line 2 'nosuch': ", "no nosuch"),
        ("good==9", "line 1 'good==9': ", "there are 1.0, 2.0"),
        ("good<2\nother\ngood>=2", "lines 1, 3: ", "conflict"),
        ("-e .", "line 1 '-e .': ", "options"),
    ],
)
def test_a_wrong_requirement_is_told_by_its_line_and_nothing_is_saved(
    platform: Platform, deps: str, begins: str, says: str
) -> None:
    message = refused(platform, deps)

    assert message.startswith(begins)
    assert says in message
    assert count(platform) == 0


def test_an_index_that_is_away_saves_nothing_and_is_no_fault(
    platform: Platform, index: Index
) -> None:
    index.broken = 503

    with pytest.raises(Unavailable):
        make_task(platform, script_deps="good")

    assert count(platform) == 0


def test_other_mistakes_are_told_before_anything_is_built(platform: Platform, index: Index) -> None:
    with pytest.raises(Invalid) as refusal:
        make_task(platform, script_deps="good", notify_channels=[99])

    assert [error.field for error in refusal.value.errors] == ["notify_channels.0"]
    assert index.asked == []


def test_a_change_of_something_else_keeps_the_bundle(platform: Platform, index: Index) -> None:
    task = make_task(platform, script_deps="good\nother")
    index.asked.clear()

    changed = tasks.update_task(
        platform, ADMIN, task.id, {"task_name": "x", "script_deps": "other \n good # both"}
    )

    assert (changed.deps_status, changed.deps_bundle) == ("ready", task.deps_bundle)
    assert index.asked == []


def test_a_change_of_requirements_makes_another_bundle(platform: Platform) -> None:
    task = make_task(platform, script_deps="good==1.0")

    changed = tasks.update_task(platform, ADMIN, task.id, {"script_deps": "good==2.0"})
    without = tasks.update_task(platform, ADMIN, task.id, {"script_deps": None})

    assert changed.deps_bundle not in (None, task.deps_bundle)
    assert (without.deps_status, without.deps_bundle) == ("none", None)


def test_a_failed_change_leaves_the_task_as_it_was(platform: Platform) -> None:
    task = make_task(platform, script_deps="good==1.0")

    with pytest.raises(Invalid):
        tasks.update_task(platform, ADMIN, task.id, {"script_deps": "nosuch", "task_name": "x"})

    assert tasks.get_task(platform, ADMIN, task.id) == task


def test_a_webhook_has_no_packages(platform: Platform, index: Index) -> None:
    webhook = {"execution_type": "webhook", "webhook_url": "https://example.com/"}

    task = make_task(platform, script_deps="good", **webhook)
    assert (task.deps_status, index.asked) == ("none", [])

    script = tasks.update_task(platform, ADMIN, task.id, {"execution_type": "script"})
    assert script.deps_status == "ready"


def test_a_task_of_before_gets_its_bundle_with_its_next_save(platform: Platform) -> None:
    task = make_task(platform)
    with platform.database.transaction() as tx:
        tx.execute(
            "UPDATE platform_scheduled_tasks SET script_deps = 'good', deps_status = 'unbuilt'"
        )

    assert tasks.get_task(platform, ADMIN, task.id).deps_status == "unbuilt"
    assert tasks.update_task(platform, ADMIN, task.id, {}).deps_status == "ready"


def test_a_bundle_for_another_python_is_made_anew_with_the_next_save(platform: Platform) -> None:
    task = make_task(platform, script_deps="good")
    with platform.database.transaction() as tx:
        tx.execute("UPDATE platform_scheduled_tasks SET deps_python = '2.7', deps_bundle = 'old'")

    saved = tasks.update_task(platform, ADMIN, task.id, {})

    assert (saved.deps_bundle, saved.deps_python) == (task.deps_bundle, task.deps_python)


def test_a_bundle_that_was_made_lately_is_taken_again(
    platform: Platform, index: Index, clock: FakeClock
) -> None:
    first = make_task(platform, script_deps="good")
    index.asked.clear()
    second = make_task(platform, script_deps="Good #")
    index.publish("good", "3.0")
    assert (index.asked, second.deps_bundle) == ([], first.deps_bundle)

    clock.advance(hours=1, seconds=1)
    third = make_task(platform, script_deps="good")

    assert third.deps_packages
    assert third.deps_packages[0]["version"] == "3.0"


def test_no_row_is_locked_while_a_bundle_is_made(
    platform: Platform, index: Index, tmp_path: Path
) -> None:
    """Somebody else saves the task in the middle, and both changes stand."""
    task = make_task(platform)

    class Interrupted(ChildBuilder):
        def build(self, *args: Any, **kwargs: Any) -> Any:
            built = super().build(*args, **kwargs)
            tasks.update_task(platform, ADMIN, task.id, {"task_name": "between"})
            return built

    told = {"PIP_INDEX_URL": index.url, "PIP_CONFIG_FILE": "/dev/null"}
    busy = replace(platform, builder=Interrupted(tmp_path / "bundles", told))

    changed = tasks.update_task(busy, ADMIN, task.id, {"script_deps": "good"})

    assert (changed.task_name, changed.deps_status) == ("between", "ready")


def test_requirements_that_change_meanwhile_are_a_conflict(platform: Platform) -> None:
    lines = parse("good")

    def save(made: dependencies.Made | None) -> None:
        raise dependencies.NeedsBundle(lines if made is None else parse("other"))

    with pytest.raises(Conflict):
        dependencies.saved_with_bundle(platform, save)


def test_compiled_packages_are_refused_where_the_sandbox_cannot_load_them(
    platform: Platform, index: Index
) -> None:
    index.publish("sly", files={"sly/_c.abi3.so": b"ELF"})
    index.publish("lead", needs=["sly"])
    task = make_task(platform, script_deps="sly")
    settings = replace(platform.settings, script_packages="pure")
    pure = replace(platform, settings=settings)

    assert "line 2 'sly': sly: compiled modules" in refused(pure, "good\nsly")
    assert "sly: compiled modules" in refused(pure, "lead")
    with pytest.raises(Invalid):
        tasks.update_task(pure, ADMIN, task.id, {"task_name": "x"})
    assert make_task(pure, script_deps="good").deps_status == "ready"


def test_the_claim_names_the_bundle_with_an_address(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    task = make_task(platform, script_deps="good")
    make_task(platform)
    clock.advance(minutes=3)
    dispatch(platform)
    clock.advance(minutes=2)

    first, second = sandbox.run_due()

    assert first["bundle"]["key"] == task.deps_bundle
    assert first["bundle"]["url"].startswith(f"http://127.0.0.1:1/bundles/{task.deps_bundle}.zip?")
    assert second["bundle"] is None


def test_a_claim_without_a_store_names_the_bundle_alone(
    platform: Platform, clock: FakeClock, queue: FakeQueue
) -> None:
    task = make_task(platform, script_deps="good")
    bare = replace(platform, bundles=NoBundles())
    clock.advance(minutes=3)
    dispatch(bare)
    clock.advance(minutes=2)

    (order,) = Sandbox(bare, queue).run_due()

    assert order["bundle"] == {"key": task.deps_bundle, "url": None}


def test_a_test_run_has_its_packages_too(platform: Platform, queue: FakeQueue) -> None:
    sent = {"script_content": "import good", "script_deps": "good"}
    finished, _ = script_tests.test_script(platform, ADMIN, sent)
    assert not finished

    (order,) = Sandbox(platform, queue).run_due()

    assert order["bundle"]["url"]
    assert order["script_content"] == "import good"


def test_a_test_run_with_a_wrong_requirement_is_never_queued(platform: Platform) -> None:
    with pytest.raises(Invalid) as refusal:
        script_tests.test_script(
            platform, ADMIN, {"script_content": "x = 1", "script_deps": "good\nnosuch"}
        )

    assert "line 2" in refusal.value.errors[0].message.en
    assert log_rows(platform) == []


def test_the_builder_knows_the_package_index_and_no_secret(
    platform: Platform, index: Index, tmp_path: Path
) -> None:
    """Its environment is what pip needs; a wheel's bytes come back whole from its process."""
    host = {
        "PIP_INDEX_URL": index.url,
        "PIP_CONFIG_FILE": "/dev/null",
        "DATABASE_URL": "mysql://root:s3cret@localhost/x",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "HTTPS_PROXY": "",
    }
    builder = ChildBuilder(tmp_path / "own", host)
    index.put("raw", "raw-1.0-py3-none-any.whl", wheel("raw", files={"raw.bin": bytes(range(256))}))

    built = builder.build(["raw"], is_pure=False)

    assert builder._pip.keys() == {"PIP_INDEX_URL", "PIP_CONFIG_FILE", "HTTPS_PROXY"}
    with zipfile.ZipFile(tmp_path / "own" / f"{built.key}.zip") as bundle:
        assert bundle.read("raw.bin") == bytes(range(256))
