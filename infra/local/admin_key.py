"""`admin.key` in the data folder: the platform administrator's API key, for its owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from chalicelib.domain.access import Role
from chalicelib.domain.errors import Unauthorized
from chalicelib.services.api_keys import KeySpec, authenticate, make_key
from chalicelib.services.platform import Platform


def ensure_admin_key(platform: Platform, path: Path) -> None:
    """Leave a key that holds in the file; one that does not (another database) is replaced."""
    if path.exists() and _holds(platform, path.read_text("ascii").strip()):
        return
    made = make_key(platform, KeySpec(role="admin", name="make run"))
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(made["key"] + "\n")
    unfinished.replace(path)


def _holds(platform: Platform, key: str) -> bool:
    try:
        holder = authenticate(platform, f"Bearer {key}")
    except Unauthorized:
        return False
    return holder.is_platform and holder.role is Role.admin
