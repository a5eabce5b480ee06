"""Both stores of bundles keep one contract: S3 (moto plays it) and a folder on one machine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import boto3
import pytest
import requests
from moto import mock_aws
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response

from chalicelib.gateways import bundles
from chalicelib.gateways.bundles import Bundles, NotFetched, S3Bundles, StoreFailed
from infra.local.bundle_folder import PREFIX, FolderBundles
from tests.fakes import FakeClock
from tests.loopback import serving

CONTENT = b"the bytes of a bundle" * 1000
KEY = hashlib.sha256(CONTENT).hexdigest()


class Rig(Protocol):
    store: Bundles


class FolderRig:
    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.clock = clock
        self.folder = folder
        self._serving = serving(lambda environ, start: self._mounted(environ, start))
        self.store = FolderBundles(folder, self._serving.__enter__(), clock)
        self._mounted = DispatcherMiddleware(Response(status=404), {PREFIX: self.store})

    def close(self) -> None:
        self._serving.__exit__(None, None, None)


@pytest.fixture
def folder_rig(tmp_path: Path) -> Iterator[FolderRig]:
    rig = FolderRig(tmp_path / "kept", FakeClock())
    yield rig
    rig.close()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Bundles]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="bundles")
        yield S3Bundles("bundles")


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest) -> Bundles:
    if request.param == "s3":
        s3: S3Bundles = request.getfixturevalue("s3")
        return s3
    rig: FolderRig = request.getfixturevalue("folder_rig")
    return rig.store


@pytest.fixture
def put(store: Bundles, tmp_path: Path) -> Callable[[], None]:
    def put() -> None:
        archive = tmp_path / "archive"
        archive.write_bytes(CONTENT)
        store.put(KEY, archive)

    return put


def test_what_was_put_is_fetched_by_its_address_alone(
    store: Bundles, put: Callable[[], None]
) -> None:
    put()
    put()

    answer = requests.get(store.url(KEY), timeout=5)

    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_what_was_never_put_is_not_there(store: Bundles) -> None:
    assert requests.get(store.url("0" * 64), timeout=5).status_code in (403, 404)


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_a_key_is_never_a_path(store: Bundles, tmp_path: Path, key: str) -> None:
    with pytest.raises(StoreFailed):
        store.url(key)
    with pytest.raises(StoreFailed):
        store.put(key, tmp_path)


def test_a_bucket_that_is_not_there_is_a_failure_of_the_store(
    s3: S3Bundles, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(CONTENT)

    with pytest.raises(StoreFailed):
        S3Bundles("elsewhere").put(KEY, archive)


def test_the_folder_answers_nobody_without_a_fresh_signature(
    folder_rig: FolderRig, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(CONTENT)
    folder_rig.store.put(KEY, archive)
    url = folder_rig.store.url(KEY)
    bare = url.partition("?")[0]
    later = url.replace("until=", "until=9")
    other = url.replace(KEY, hashlib.sha256(b"other").hexdigest())

    for wrong in (bare, f"{bare}?until=x&signature=", f"{url}é", later, other):
        assert requests.get(wrong, timeout=5).status_code == 403, wrong
    assert requests.delete(url, timeout=5).status_code == 403
    folder_rig.clock.advance(seconds=bundles.ADDRESS_SECONDS + 1)
    assert requests.get(url, timeout=5).status_code == 403


def test_a_sandbox_takes_only_the_bundle_that_the_key_names(
    folder_rig: FolderRig, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(CONTENT)
    folder_rig.store.put(KEY, archive)
    url = folder_rig.store.url(KEY)

    assert bundles.fetch(url, KEY) == CONTENT
    (folder_rig.folder / f"{KEY}.zip").write_bytes(b"something else")
    with pytest.raises(NotFetched, match="hash") as changed:
        bundles.fetch(url, KEY)
    with pytest.raises(NotFetched, match="404"):
        bundles.fetch(folder_rig.store.url("0" * 64), "0" * 64)
    with pytest.raises(NotFetched):
        bundles.fetch("http://127.0.0.1:9/x?signature=s3cret", KEY)
    assert "signature" not in str(changed.value)
