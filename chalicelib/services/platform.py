"""What a service is given of the world outside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.config import Settings
from chalicelib.domain.ai_providers import Provider
from chalicelib.domain.cipher import Cipher
from chalicelib.gateways.builder import Builder, NoBuilder
from chalicelib.gateways.bundles import Bundles, NoBundles
from chalicelib.gateways.clock import Clock
from chalicelib.gateways.launcher import Launcher
from chalicelib.gateways.queue import Queue
from chalicelib.repositories.database import Database


@dataclass(frozen=True)
class Platform:
    """Settings and gateways; built by `wiring`."""

    settings: Settings
    database: Database
    queue: Queue
    launcher: Launcher
    clock: Clock
    #: Without keys unless it is given some.
    cipher: Cipher = field(default_factory=Cipher)
    #: The AI providers that the settings name; raises Wrong where these are wrong.
    ai_of_settings: Callable[[], Sequence[Provider]] = tuple
    builder: Builder = field(default_factory=NoBuilder)
    bundles: Bundles = field(default_factory=NoBundles)

    def now(self) -> datetime:
        return self.clock.now()
