"""A bundle: one archive with all that a script's requirements come to, kept by its content.

The same wheels make the same bytes, so the same bundle is kept once whoever asks for it (if there
was time to compile all of it).
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.builder.compiling import compiled
from chalicelib.builder.errors import Refused, Unavailable, too_large
from chalicelib.builder.resolving import MOST_BYTES, resolve
from chalicelib.builder.wheels import MANIFEST, Tree, contents, laid_out
from chalicelib.domain.text import Text
from chalicelib.gateways.bundles import Bundles, StoreFailed

#: The first instant that a zip can name.
_EPOCH = (1980, 1, 1, 0, 0, 0)
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Builder:
    """What bundles are made with. `pip`: the environment that pip is given; it names the index.

    `seconds`: for pip, and for as much of compiling as they last.
    """

    store: Bundles
    pip: Mapping[str, str]
    seconds: float

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer `{"requirements": […], "pure": false}`.

        With `{"ok": true, "key", "size", "packages"}`, or `{"ok": false, "kind", "zh", "en",
        "names"}`, of kind `refused` (the author can mend it) or `unavailable` (later, perhaps).
        """
        try:
            return {"ok": True, **self._build(event["requirements"], bool(event.get("pure")))}
        except Refused as error:
            return _problem("refused", error.text, error.names)
        except Unavailable as error:
            return _problem("unavailable", error.text)
        except StoreFailed:
            text = Text("依赖包暂时无法保存,请稍后重试", "the bundle cannot be kept for now")
            return _problem("unavailable", text)

    def _build(self, requirements: Sequence[str], is_pure: bool) -> dict[str, Any]:
        deadline = time.monotonic() + self.seconds
        with tempfile.TemporaryDirectory(prefix="zhundian-builder-") as name:
            folder = Path(name)
            wheels = resolve(requirements, folder, self.pip, seconds=self.seconds, is_pure=is_pure)
            tree = laid_out(wheels)
            archive = folder / "bundle.zip"
            write_bundle(archive, tree, deadline=deadline)
            if archive.stat().st_size > MOST_BYTES:
                raise too_large()
            with archive.open("rb") as file:
                key = hashlib.file_digest(file, "sha256").hexdigest()
            self.store.put(key, archive)
            packages = [package.as_dict() for package in tree.packages]
            return {"key": key, "size": archive.stat().st_size, "packages": packages}


def _problem(kind: str, text: Text, names: Sequence[str] = ()) -> dict[str, Any]:
    return {"ok": False, "kind": kind, "zh": text.zh, "en": text.en, "names": list(names)}


def write_bundle(
    target: Path, tree: Tree, python: str = THIS_PYTHON, deadline: float = math.inf
) -> None:
    """Write a tree as one archive, for this machine and for that version of Python.

    Modules are compiled until the deadline (monotonic clock); the others are at each import.
    """
    manifest = {
        "format": 1,
        "python": python,
        "machine": platform.machine(),
        "packages": [package.as_dict() for package in tree.packages],
    }
    with zipfile.ZipFile(target, "w") as archive:
        _add(archive, MANIFEST, json.dumps(manifest, sort_keys=True).encode("ascii"))
        for path, content in contents(tree):
            _add(archive, path, content)
            code = compiled(path, content) if time.monotonic() < deadline else None
            if code:
                _add(archive, *code)


def _add(archive: zipfile.ZipFile, path: str, content: bytes) -> None:
    info = zipfile.ZipInfo(path, _EPOCH)
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    # The quickest level, as somebody waits for it; it costs a sixth more bytes.
    archive.writestr(info, content, zipfile.ZIP_DEFLATED, compresslevel=1)
