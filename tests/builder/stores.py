"""A store of bundles for tests that want to look into them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path


class KeptHere:
    """Keeps bundles in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, key: str, archive: Path) -> None:
        self.kept[key] = archive.read_bytes()

    def url(self, key: str) -> str:
        raise NotImplementedError

    def opened(self, key: str) -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(self.kept[key]))
