"""What each type of message must look like: a JSON schema per msgtype (`schemas/*.json`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

_FOLDER = Path(__file__).with_name("schemas")
#: WeCom's "invalid Request Parameter", for whatever the schema gives no other code.
_DEFAULT = 40058


@dataclass(frozen=True)
class Fault:
    """The first thing that is wrong: errcode, the path of the field, and why."""

    code: int
    where: str
    why: str


def _max_bytes(
    validator: Validator, limit: int, value: object, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """The keyword `maxBytes`: the platforms count UTF-8, JSON Schema only characters."""
    if isinstance(value, str) and len(value.encode("utf-8", "replace")) > limit:
        yield ValidationError(f"exceed max length {limit}")


_Validator: type[Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"maxBytes": _max_bytes}
)


def is_type(platform: str, msgtype: object) -> bool:
    """Whether the platform (`dingtalk`, `wecom`, `wecom_app`) has this msgtype."""
    return isinstance(msgtype, str) and msgtype in _validators(platform)


def fault(platform: str, payload: Mapping[str, Any]) -> Fault | None:
    """What is wrong with a payload of a known msgtype, if anything."""
    msgtype = payload["msgtype"]
    body = payload.get(msgtype)
    # A list of the first differs from run to run; by path it does not.
    errors = sorted(
        _validators(platform)[msgtype].iter_errors({} if body is None else body),
        key=lambda error: (str(error.json_path), error.message),
    )
    return _fault(msgtype, errors[0]) if errors else None


def _fault(msgtype: str, error: ValidationError) -> Fault:
    path = error.json_path.removeprefix("$")
    if error.validator == "required":
        # Its path is that of the object; the message begins with the name.
        path += "." + error.message.split("'")[1]
    codes = error.schema.get("codes", {}) if isinstance(error.schema, dict) else {}
    words = error.message if len(error.message) < 200 else f"breaks {error.validator}"
    return Fault(codes.get(str(error.validator), _DEFAULT), msgtype + path, words)


@cache
def _validators(platform: str) -> Mapping[str, Validator]:
    document = json.loads((_FOLDER / f"{platform}.json").read_text("utf-8"))
    return {name: _Validator({"$ref": f"#/types/{name}", **document}) for name in document["types"]}
