"""Builds the Platform that services are given."""

from __future__ import annotations

import functools

from chalicelib.config import Settings, read_settings
from chalicelib.domain.ai_providers import Provider
from chalicelib.domain.ai_settings import one_provider, providers_in
from chalicelib.domain.cipher import Cipher
from chalicelib.gateways.builder import LambdaBuilder, NoBuilder
from chalicelib.gateways.bundles import bundles_from
from chalicelib.gateways.clock import SystemClock
from chalicelib.gateways.launcher import LambdaLauncher
from chalicelib.gateways.master_keys import kept_in_secrets_manager
from chalicelib.gateways.queue import NoQueue, SqsQueue
from chalicelib.repositories.database import Database
from chalicelib.services.platform import Platform

_installed: list[Platform] = []


def platform() -> Platform:
    """The Platform of this process: the one installed, or the one that its settings describe.

    Built at the first use, since packaging imports `app.py` where there are no settings.
    """
    return _installed[-1] if _installed else _from_settings()


def install(given: Platform) -> None:
    """Use this Platform from now on: on one machine queue and launcher are in this process."""
    _installed[:] = [given]


@functools.cache
def _from_settings() -> Platform:
    settings = read_settings()
    return Platform(
        settings=settings,
        database=Database(settings.database_url),
        queue=SqsQueue(settings.runs_queue_url) if settings.runs_queue_url else NoQueue(),
        launcher=LambdaLauncher(settings.sandbox_function),
        clock=SystemClock(),
        cipher=Cipher(lambda: _master_keys(settings)),
        ai_of_settings=functools.cache(lambda: ai_of_settings(settings)),
        builder=(
            LambdaBuilder(settings.builder_function) if settings.builder_function else NoBuilder()
        ),
        bundles=bundles_from(settings),
    )


def ai_of_settings(settings: Settings) -> list[Provider]:
    """The AI providers that these settings name; raises Wrong."""
    text = settings.ai_providers
    if not text and settings.ai_providers_secret:
        text = kept_in_secrets_manager(settings.ai_providers_secret)
    parts = (settings.ai_base_url, settings.ai_api_key, settings.ai_models)
    return [*providers_in(text), *one_provider(*parts)]


def _master_keys(settings: Settings) -> str:
    if settings.master_keys or not settings.master_keys_secret:
        return settings.master_keys
    return kept_in_secrets_manager(settings.master_keys_secret)
