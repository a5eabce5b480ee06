"""What can go wrong, as nouns; routes give each its HTTP status."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.text import Text


@dataclass(frozen=True)
class FieldError:
    """One wrong field: its path (`notify_channels.0`) and how to mend it."""

    field: str
    message: Text


class ZhundianError(Exception):
    """The root of all errors that have an answer. `code` is stable and for programs."""

    code = "error"

    def __init__(self, text: Text, code: str | None = None) -> None:
        super().__init__(str(text))
        self.text = text
        self.code = code or self.code


class Wrong(ValueError):
    """A single value is wrong; raised by the rules in `domain`, which know no field names."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


class Invalid(ZhundianError):
    """What was sent is wrong; `errors` says which fields."""

    code = "invalid"

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(
            Text("请求参数有误,请按 errors 中的说明修改", "Some fields are wrong; see errors")
        )
        self.errors = errors


class Malformed(ZhundianError):
    """The request cannot be read at all, for example a body that is no JSON."""

    code = "malformed"


class NotFound(ZhundianError):
    """There is no such thing, or it belongs to another tenant."""

    code = "not_found"


class Conflict(ZhundianError):
    """The state of the thing does not allow this."""

    code = "conflict"


class Unavailable(ZhundianError):
    """What this needs is away for now, or the deployment lacks it; nothing was written."""

    code = "unavailable"


class MethodNotAllowed(ZhundianError):
    """The path has no such method; `allowed` are those that it has."""

    code = "method_not_allowed"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        names = ", ".join(allowed)
        super().__init__(
            Text(
                f"该地址不支持此方法;可用的方法: {names}",
                f"this path has no such method; it has {names}",
            )
        )
        self.allowed = allowed


class CallRefused(ZhundianError):
    """A script's call cannot be done; `code` is the kind that a script can tell failures by."""

    code = "refused"


class Unauthorized(ZhundianError):
    """No key, or one that is wrong, expired or revoked."""

    code = "unauthorized"


class Forbidden(ZhundianError):
    """The key's role does not allow this."""

    code = "forbidden"
