"""Bundles in a folder, and an address for each that works for a while, as S3's presigned ones."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from chalicelib.gateways.bundles import ADDRESS_SECONDS, StoreFailed, checked_key
from chalicelib.gateways.clock import Clock

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: Where `FolderBundles` is mounted.
PREFIX = "/bundles"


def keep(folder: Path, key: str, archive: Path) -> None:
    """Put a file whose SHA-256 is `key` into the folder; raises StoreFailed."""
    target = folder / f"{checked_key(key)}.zip"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".new-", delete=False) as new:
            try:
                with archive.open("rb") as source:
                    shutil.copyfileobj(source, new)
                new.flush()
                # In one step: nobody ever fetches a half.
                Path(new.name).rename(target)
            except OSError:
                Path(new.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise StoreFailed(str(error)) from None


class FolderBundles:
    """A store in `folder`, and the WSGI application that answers at `origin` + `PREFIX`."""

    def __init__(self, folder: Path, origin: str, clock: Clock) -> None:
        self._folder = folder
        self._origin = origin
        self._clock = clock
        self._secret = secrets.token_bytes(32)

    def put(self, key: str, archive: Path) -> None:
        keep(self._folder, key, archive)

    def url(self, key: str) -> str:
        until = str(int(self._clock.now().timestamp()) + ADDRESS_SECONDS)
        signature = self._signature(checked_key(key), until)
        return f"{self._origin}{PREFIX}/{key}.zip?until={until}&signature={signature}"

    def _signature(self, key: str, until: str) -> str:
        return hmac.new(self._secret, f"{key} {until}".encode(), hashlib.sha256).hexdigest()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        key = request.path.removeprefix("/").removesuffix(".zip")
        until = request.args.get("until", "")
        given = request.args.get("signature", "").encode()
        if request.method != "GET" or not hmac.compare_digest(
            given, self._signature(key, until).encode()
        ):
            return Response(status=403)
        if int(until) < self._clock.now().timestamp():
            return Response(status=403)
        file = self._folder / f"{checked_key(key)}.zip"
        if not file.is_file():
            return Response(status=404)
        return Response(file.read_bytes(), mimetype="application/zip")
