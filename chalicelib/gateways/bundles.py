"""Bundles of packages, kept by content: whoever has a key can check what was given for it."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from chalicelib.config import Settings
from chalicelib.domain.text import Text

#: The largest bundle, in bytes.
MOST_BYTES = 64 << 20
#: Seconds for which an address can be used; a sandbox uses it at once.
ADDRESS_SECONDS = 900
_FETCH_SECONDS = 60.0
#: SHA-256 in hexadecimal.
_KEY = re.compile(r"[0-9a-f]{64}")


class StoreFailed(Exception):
    """The store did not take it, or has none; says nothing of addresses."""


class NotFetched(Exception):
    """A bundle did not come, or another came than the one asked for."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


class Bundles(Protocol):
    """Where bundles are kept."""

    def put(self, key: str, archive: Path) -> None:
        """Keep a file whose SHA-256 is `key`; raises StoreFailed."""
        ...

    def url(self, key: str) -> str:
        """An address that anybody can GET it from for a while: a secret. Raises StoreFailed."""
        ...


class NoBundles:
    """For functions that have nothing to do with bundles."""

    def put(self, key: str, archive: Path) -> None:
        raise StoreFailed("no store of bundles is set up")

    def url(self, key: str) -> str:
        raise StoreFailed("no store of bundles is set up")


class S3Bundles:
    """Objects `bundles/<key>.zip` of one bucket."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._making = Lock()

    def put(self, key: str, archive: Path) -> None:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        name = _name(key)
        try:
            with archive.open("rb") as body:
                self._client.put_object(Bucket=self._bucket, Key=name, Body=body)
        except (Boto3Error, BotoCoreError, ClientError) as error:
            raise StoreFailed(type(error).__name__) from None

    def url(self, key: str) -> str:
        from botocore.exceptions import BotoCoreError

        try:
            # Signed here, without a call.
            url: str = self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": _name(key)},
                ExpiresIn=ADDRESS_SECONDS,
            )
            return url
        except BotoCoreError as error:
            raise StoreFailed(type(error).__name__) from None

    @property
    def _client(self) -> Any:
        # Making clients is not safe in threads, using one is.
        with self._making:
            return self._made_client

    @cached_property
    def _made_client(self) -> Any:
        # Loaded at the first use: most runs have no bundle, and a cold start is short.
        import boto3
        from botocore.config import Config

        config = Config(
            signature_version="s3v4",
            connect_timeout=3,
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": 3},
        )
        return boto3.client("s3", config=config)


def _name(key: str) -> str:
    return f"bundles/{checked_key(key)}.zip"


def checked_key(key: str) -> str:
    """The key if it is one; raises StoreFailed, so that none is ever a path."""
    if not _KEY.fullmatch(key):
        raise StoreFailed("this is no key of a bundle")
    return key


def fetch(url: str, key: str) -> bytes:
    """The bundle at an address that the broker gave; raises NotFetched, which hides the address."""
    from chalicelib.gateways.http import HttpFailed, Request
    from chalicelib.gateways.http import fetch as get

    try:
        # The platform's own address, be it global or not; of redirects there are none.
        response = get(
            Request("GET", url, follow=False),
            allow=(url,),
            timeout_seconds=_FETCH_SECONDS,
            max_bytes=MOST_BYTES,
        )
    except HttpFailed as error:
        raise _not_fetched(error.kind) from None
    if response.status != 200:
        raise _not_fetched(f"HTTP {response.status}")
    if hashlib.sha256(response.body).hexdigest() != key:
        raise _not_fetched("hash")
    return response.body


def _not_fetched(why: str) -> NotFetched:
    return NotFetched(
        Text(
            f"脚本依赖包未能取得({why}),请重试;如持续出现,请清空依赖并保存,再填回",
            f"The script's packages could not be fetched ({why}); try again, and if it stays so,"
            " save the task without script_deps, then with them",
        )
    )


def bundles_from(settings: Settings) -> Bundles:
    """The store that the settings name."""
    return S3Bundles(settings.bundle_bucket) if settings.bundle_bucket else NoBundles()
