"""Whom the API asks for a bundle of packages: the function `builder`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.domain.text import Text

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

#: Longer than the builder takes at most.
_ANSWER_SECONDS = 26.0


@dataclass(frozen=True)
class Built:
    """A bundle: its key, and its packages, each `{name, version, sha256, is_pure}`."""

    key: str
    packages: Sequence[dict[str, Any]]


class BuildRefused(Exception):
    """There can be no such bundle; `names` are the packages that it is about, if it says."""

    def __init__(self, text: Text, names: Sequence[str] = ()) -> None:
        super().__init__(str(text))
        self.text = text
        self.names = names


class BuilderUnavailable(Exception):
    """There is no bundle for now."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


class Builder(Protocol):
    """What makes bundles."""

    def build(self, requirements: Sequence[str], *, is_pure: bool) -> Built:
        """The bundle of requirements in normal form; raises BuildRefused, BuilderUnavailable.

        `is_pure`: of packages without compiled modules only.
        """
        ...


def away() -> BuilderUnavailable:
    """Nothing is known of what the builder does or did."""
    return BuilderUnavailable(
        Text("依赖构建服务暂时不可用,请稍后重试", "the builder is away for now; try again later")
    )


def read(answer: Any) -> Built:
    """What the builder answered (`Builder.answer` in `chalicelib/builder/bundling.py`)."""
    if not isinstance(answer, dict) or "ok" not in answer:
        raise away()
    if answer["ok"]:
        return Built(str(answer["key"]), list(answer["packages"]))
    text = Text(str(answer["zh"]), str(answer["en"]))
    if answer["kind"] == "refused":
        raise BuildRefused(text, answer["names"])
    raise BuilderUnavailable(text)


class NoBuilder:
    """For functions that build nothing, and deployments without a builder."""

    def build(self, requirements: Sequence[str], *, is_pure: bool) -> Built:
        raise away()


class LambdaBuilder:
    """Lambda's synchronous Invoke."""

    def __init__(self, function: str) -> None:
        self._function = function
        self._making = Lock()

    def build(self, requirements: Sequence[str], *, is_pure: bool) -> Built:
        from botocore.exceptions import BotoCoreError, ClientError

        event = {"requirements": list(requirements), "pure": is_pure}
        try:
            answer = self._client.invoke(FunctionName=self._function, Payload=json.dumps(event))
            payload = json.loads(answer["Payload"].read())
        except (BotoCoreError, ClientError, ValueError):
            raise away() from None
        if "FunctionError" in answer:
            raise away()
        return read(payload)

    @property
    def _client(self) -> LambdaClient:
        # Making clients is not safe in threads, using one is.
        with self._making:
            return self._made_client

    @cached_property
    def _made_client(self) -> LambdaClient:
        import boto3
        from botocore.config import Config

        # Asked once: a second try would not end before the caller's own time does.
        config = Config(
            connect_timeout=2, read_timeout=_ANSWER_SECONDS, retries={"total_max_attempts": 1}
        )
        return boto3.client("lambda", config=config)
