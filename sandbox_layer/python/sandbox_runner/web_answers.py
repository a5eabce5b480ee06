"""What `http_get` and `http_post` answer: what authors of `requests` look for in a response."""

from __future__ import annotations

import base64
import json as json_module
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

#: Tried in turn where a server names no charset; GB 18030 holds GBK and GB 2312.
_GUESSES = ("utf-8-sig", "gb18030")


class HttpError(OSError):
    """没有得到响应,或 `raise_for_status` 遇到错误状态码,或 `json` 遇到的不是 JSON。属于 OSError。

    `kind` 是原因的代码,例如 `timeout`;有响应时 `response` 是该响应。

    There was no answer, or `raise_for_status` found a bad one, or `json` no JSON. An OSError.

    `kind` says why, such as `timeout`; `response` is the answer, if there was one.

    Example::

        try:
            http_get('http://127.0.0.1:9/')
        except HttpError as error:
            log(f'{error.kind}: {error}')
    """

    # A script sees it under its bare name, in tracebacks too.
    __module__ = "builtins"

    def __init__(
        self, words: str, kind: str | None = None, response: HttpResponse | None = None
    ) -> None:
        super().__init__(words)
        self.kind: str | None = kind
        self.response: HttpResponse | None = response


class NoJson(HttpError, json_module.JSONDecodeError):
    """The body is no JSON; a ValueError too, as with `requests`."""

    __module__ = "builtins"
    __qualname__ = "HttpError"

    def __init__(self, error: json_module.JSONDecodeError, response: HttpResponse) -> None:
        json_module.JSONDecodeError.__init__(self, error.msg, error.doc, error.pos)
        self.kind = "json"
        self.response = response

    def __str__(self) -> str:
        kind = self.response.headers.get("content-type", "?") if self.response else "?"
        return (
            f"响应不是 JSON({kind}) / the answer is no JSON: {self.msg}:"
            f" line {self.lineno} column {self.colno} (char {self.pos})"
        )


class Headers(Mapping[str, str]):
    """A response's headers; names are found in any case, repeated ones joined by a comma."""

    def __init__(self, pairs: list[list[str]]) -> None:
        self._values: dict[str, tuple[str, str]] = {}
        for name, value in pairs:
            key = name.lower()
            first = self._values.get(key)
            self._values[key] = (first[0], f"{first[1]}, {value}") if first else (name, value)

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(dict(self))


class HttpResponse:
    """What a server answered; true if the status is below 400."""

    __module__ = "builtins"

    def __init__(self, answer: Mapping[str, Any], seconds: float = 0.0) -> None:
        self.status_code: int = answer["status"]
        self.reason: str = answer["reason"]
        self.headers: Headers = Headers(answer["headers"])
        self.content: bytes = base64.b64decode(answer["body"])
        #: Where the answer came from in the end, after redirects.
        self.url: str = answer["url"]
        #: From the call to the last byte.
        self.elapsed: timedelta = timedelta(seconds=seconds)
        #: The charset of `text`, which may be set; None: it is guessed. Unlike `requests`, text
        #: without a charset is not taken for ISO-8859-1, which no page in Chinese is.
        self.encoding: str | None = _charset(self.headers.get("content-type", ""))

    @property
    def ok(self) -> bool:
        return not 400 <= self.status_code < 600

    def __bool__(self) -> bool:
        return self.ok

    @property
    def apparent_encoding(self) -> str:
        """What the body itself looks like."""
        for name in _GUESSES:
            try:
                self.content.decode(name)
            except ValueError:
                continue
            return name.removesuffix("-sig")
        return "utf-8"

    @property
    def text(self) -> str:
        """The body in `encoding`, else as it looks; never fails."""
        try:
            text = self.content.decode(self.encoding or self.apparent_encoding, "replace")
        except LookupError:
            text = self.content.decode(self.apparent_encoding, "replace")
        # A mark of byte order is no part of the text.
        return text.removeprefix("\ufeff")

    def json(self, **kwargs: Any) -> Any:
        """The body as JSON; raises HttpError, which here is a ValueError too."""
        try:
            # Without a charset JSON itself tells which of UTF-8, 16 and 32 it is in.
            return json_module.loads(self.text if self.encoding else self.content, **kwargs)
        except UnicodeDecodeError:
            return self._json_of_text(**kwargs)
        except json_module.JSONDecodeError as error:
            raise NoJson(error, self) from None

    def _json_of_text(self, **kwargs: Any) -> Any:
        try:
            return json_module.loads(self.text, **kwargs)
        except json_module.JSONDecodeError as error:
            raise NoJson(error, self) from None

    def raise_for_status(self) -> None:
        """Raise HttpError if the status is 400 or above."""
        if not self.ok:
            whose = "Client" if self.status_code < 500 else "Server"
            words = f"{self.status_code} {whose} Error: {self.reason} for url: {self.url}"
            raise HttpError(words, "status", self)

    def __repr__(self) -> str:
        return f"<HttpResponse [{self.status_code}]>"


def _charset(content_type: str) -> str | None:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip(" \"'") or None
    return None
