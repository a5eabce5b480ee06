"""Files that `result` names by `path`: their bytes go along, as the folder does not last."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Mapping
from typing import Any

#: The types that have a file.
_TYPES = frozenset({"image", "file", "voice", "video"})
#: Bytes of a file, so that its base64 is within the million that a result may have.
MOST = 700_000


def with_files(result: Any) -> Any:
    """The result, or list of them, with `base64` for the `path` of every file that can be read.

    Whatever cannot be read, is too large or no file keeps its `path`, and the message says so;
    the run itself has not failed by it. It is read with the script's own rights.
    """
    if isinstance(result, list | tuple):
        return [_with_file(one) for one in result]
    return _with_file(result)


def _with_file(result: Any) -> Any:
    if not isinstance(result, Mapping):
        return result
    if str(result.get("msg_type")).strip().lower() not in _TYPES:
        return result
    data = _bytes_of(result.get("path"))
    if data is None:
        return result
    rest = {key: value for key, value in result.items() if key != "path"}
    name = str(result["path"]).rpartition("/")[2]
    return {"filename": name, **rest, "base64": base64.b64encode(data).decode("ascii")}


def _bytes_of(path: object) -> bytes | None:
    """What is in a plain file of at most `MOST` bytes; None for anything else."""
    if not isinstance(path, str | os.PathLike):
        return None
    try:
        # A pipe without a writer must not hold the run.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode) or about.st_size > MOST:
                return None
            return file.read(MOST)
    except (OSError, ValueError):
        return None
