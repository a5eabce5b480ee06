"""`master.key` in the data folder: what secrets are sealed under, for its owner alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from chalicelib.domain.cipher import new_key

_ABOUT = (
    "# Secrets in the database are sealed under this key; keep a copy where the database is not.\n"
    "# A new key goes in front, then POST /api/master-keys/rotate: docs/operations.md\n"
)


def keys_of(data: Path, given: str) -> Callable[[], str]:
    """What a Cipher is to read: the keys that were given, as for a database that others share, or
    those of the file in the data folder, which is made at the first use."""
    path = data / "master.key"

    def keys() -> str:
        if given.strip():
            return given
        ensure_master_key(path)
        return read_master_keys(path)

    return keys


def ensure_master_key(path: Path) -> None:
    """Leave a key in the file if there is no file."""
    if path.exists():
        return
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{_ABOUT}{new_key()}\n")
        # Else a power cut may leave rows that are sealed, and no key.
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def read_master_keys(path: Path) -> str:
    """The keys in the file, as MASTER_KEYS has them; lines that begin with # are for people."""
    lines = path.read_text("utf-8").splitlines()
    return " ".join(line for line in lines if not line.lstrip().startswith("#"))
