"""Rotating master keys: what is sealed under an older one is sealed anew under the first."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from chalicelib.domain.access import Principal, require_platform
from chalicelib.domain.cipher import CannotOpen, context_of
from chalicelib.repositories import sealed
from chalicelib.repositories.sealed import HOLDERS, Holder, SealedRow
from chalicelib.services.platform import Platform

log = logging.getLogger(__name__)
#: Rows that are read at once, and that one request seals anew: some seconds of work.
BATCH, MOST = 100, 1000
#: Rows that cannot be opened and are named.
NAMED = 100


def rotate(platform: Platform, principal: Principal, most: int = MOST) -> dict[str, Any]:
    """Seal anew up to `most` rows; to be asked again until `left` is 0.

    Each row is done by itself, and one that is sealed under the first key is left alone: it may
    be broken off, repeated and done by two at once. `unreadable` names rows that no key opens.
    """
    require_platform(principal)
    done, left, unreadable = 0, 0, []
    for holder, row in _others(platform):
        if not platform.cipher.can_open(row.sealed):
            unreadable.append(_named(holder, row))
        elif done == most:
            left += 1
        elif not _seal_anew(platform, holder, row):
            unreadable.append(_named(holder, row))
        else:
            done += 1
    log.info("sealed anew", extra={"rows": done, "left": left, "unreadable": len(unreadable)})
    return {
        "key_id": platform.cipher.key_id,
        "resealed": done,
        "left": left,
        "unreadable": unreadable[:NAMED],
        "unreadable_total": len(unreadable),
    }


def unreadable(platform: Platform) -> list[dict[str, Any]]:
    """Whatever is sealed under a key that is not set any more: table, id, tenant_id and name."""
    return [
        _named(holder, row)
        for holder, row in _others(platform)
        if not platform.cipher.can_open(row.sealed)
    ]


def _others(platform: Platform) -> Iterator[tuple[Holder, SealedRow]]:
    """All rows that are sealed under another key than the first, in batches of one read each."""
    for holder in HOLDERS:
        after_id = 0
        while True:
            with platform.database.transaction() as tx:
                key_id = platform.cipher.key_id
                rows = sealed.others(tx, holder, key_id, after_id=after_id, limit=BATCH)
            yield from ((holder, row) for row in rows)
            if len(rows) < BATCH:
                break
            after_id = rows[-1].id


def _seal_anew(platform: Platform, holder: Holder, row: SealedRow) -> bool:
    """False if it does not open. A row that was changed meanwhile has the first key's seal."""
    context = context_of(holder.table, row.tenant_id, row.name)
    try:
        anew = platform.cipher.seal(platform.cipher.open(row.sealed, context), context)
    except CannotOpen:
        return False
    with platform.database.transaction() as tx:
        sealed.replace(tx, holder, row, anew)
    return True


def _named(holder: Holder, row: SealedRow) -> dict[str, Any]:
    return {"table": holder.table, "id": row.id, "tenant_id": row.tenant_id, "name": row.name}
