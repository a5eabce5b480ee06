"""Tokens of WeCom's applications: fetched once by whoever needs one first, for all environments."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from chalicelib.domain.cipher import CannotOpen, context_of
from chalicelib.domain.wecom_apps import WecomApp
from chalicelib.gateways.wecom_app import get_token
from chalicelib.repositories import wecom_apps
from chalicelib.repositories.database import Row
from chalicelib.repositories.wecom_apps import TABLE, SealedApp
from chalicelib.services.platform import Platform

#: A token is given up so long before WeCom does.
MARGIN = timedelta(seconds=300)


def token_of(platform: Platform, sealed: SealedApp) -> str:
    """An access_token that is good now. Raises `TokenFailed`, or `Unavailable` without a key.

    Who has to fetch one holds its row meanwhile: others wait there, and find it. The row is
    nothing else's, and a process that dies lets it go.
    """
    secret = secret_of(platform, sealed)
    key = _key(sealed.app, secret)
    with platform.database.transaction() as tx:
        found = _good(platform, key, wecom_apps.token(tx, key))
    if found:
        return found
    with platform.database.transaction() as tx:
        wecom_apps.make_token_row(tx, key)
    with platform.database.transaction() as tx:
        found = _good(platform, key, wecom_apps.token(tx, key, lock=True))
        if found:
            return found
        app, allow = sealed.app, platform.settings.egress_allow
        fetched = get_token(app.base, app.corpid, secret, allow)
        now: datetime = platform.now()
        expires_at = now + timedelta(seconds=min(fetched.seconds, 86400)) - MARGIN
        wecom_apps.set_token(
            tx, key, platform.cipher.seal(fetched.value, _context(key)), expires_at
        )
        return fetched.value


def drop(platform: Platform, sealed: SealedApp) -> None:
    """WeCom no longer takes the token; the next who needs one fetches another."""
    key = _key(sealed.app, secret_of(platform, sealed))
    with platform.database.transaction() as tx:
        wecom_apps.drop_token(tx, key)


def secret_of(platform: Platform, sealed: SealedApp) -> str:
    return platform.cipher.open(sealed.sealed, context(sealed.app.tenant_id, sealed.app.corpid))


def context(tenant_id: str | None, corpid: str) -> str:
    """In what an application's secret is sealed."""
    return context_of(TABLE, tenant_id, corpid)


def _good(platform: Platform, key: bytes, row: Row | None) -> str | None:
    if row is None or row["token_sealed"] is None or row["expires_at"] <= platform.now():
        return None
    try:
        return platform.cipher.open(row["token_sealed"], _context(key))
    except CannotOpen:
        return None  # sealed under a key that is gone; there are more tokens


def _context(key: bytes) -> str:
    return context_of("platform_wecom_tokens", None, key.hex())


def _key(app: WecomApp, secret: str) -> bytes:
    return hashlib.sha256("\0".join([app.base, app.corpid, secret]).encode()).digest()
