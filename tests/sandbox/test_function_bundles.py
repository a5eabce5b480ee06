"""The sandbox function and the bundle that its claim names: fetched, checked, or a failed run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from werkzeug.wrappers import Request, Response

from tests.loopback import serving
from tests.sandbox import bundles
from tests.sandbox.world import World


@dataclass
class Store:
    """Answers every GET with `content`, and keeps the paths."""

    content: bytes
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def __call__(self, environ, start_response):  # type: ignore[no-untyped-def]
        self.asked.append(Request(environ).full_path)
        return Response(self.content)(environ, start_response)


@pytest.fixture
def store(python: str) -> Iterator[Store]:
    store = Store(bundles.archive(python, {"alpha.py": "X = 'brought'"}))
    with serving(store) as origin:
        store.url = f"{origin}/bundles/x.zip?X-Amz-Signature=s3cret"
        yield store


def named(store: Store) -> dict[str, str]:
    return {"key": bundles.key_of(store.content), "url": store.url}


def test_a_script_has_the_packages_that_its_claim_names(world: World, store: Store) -> None:
    script = "import alpha\nresult = {'content': alpha.X}"

    world.run(script, bundle=named(store))
    world.broker.requests.clear()
    # Another signature, the same bundle: it is here already.
    world.run(script, bundle={**named(store), "url": "http://127.0.0.1:9/"})

    assert world.outcome["result"] == {"content": "brought"}
    assert store.asked == ["/bundles/x.zip?X-Amz-Signature=s3cret"]


def test_another_bundle_than_the_one_asked_for_fails_the_run(world: World, store: Store) -> None:
    asked_for = {**named(store), "key": bundles.key_of(b"the one asked for")}

    world.run("result = 1", bundle=asked_for)

    assert (world.outcome["status"], world.outcome["error_kind"]) == ("failed", "sandbox")
    assert "(hash)" in world.outcome["error"]
    assert "s3cret" not in str(world.broker.requests)


def test_a_bundle_without_an_address_fails_the_run(world: World, store: Store) -> None:
    store.content = bytes(reversed(store.content))

    world.run("result = 1", bundle={**named(store), "url": None})

    assert (world.outcome["status"], world.outcome["error_kind"]) == ("failed", "sandbox")
    assert "There is no store of packages" in world.outcome["error"]


def test_a_run_of_before_bundles_names_none(world: World) -> None:
    world.run("result = {'content': 'x'}")

    assert world.outcome["status"] == "success"
