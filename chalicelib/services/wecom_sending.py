"""Messages by WeCom's applications: the sandbox gets a token for them, never the secret."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chalicelib.domain.errors import Unavailable
from chalicelib.gateways.wecom_app import SOON_SECONDS, STALE_TOKEN, TokenFailed
from chalicelib.repositories import wecom_apps
from chalicelib.services import wecom_tokens
from chalicelib.services.platform import Platform

_STALE_AGAIN = "重新获取的 access_token 仍被拒绝,请检查应用的 corpid 和 Secret"


def with_tokens(
    platform: Platform, deliveries: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What can be sent, with an address that holds the token; and receipts for what cannot.

    WeCom is asked here, so the caller holds no transaction.
    """
    ready, receipts = [], []
    for delivery in deliveries:
        app_id = delivery["channel"].get("app_id")
        if app_id is None:
            ready.append(delivery)
            continue
        made = _channel(platform, app_id)
        if "status" in made:
            receipts.append({**made, "id": delivery["id"]})
        else:
            ready.append({**delivery, "channel": {**delivery["channel"], **made}})
    return ready, receipts


def _channel(platform: Platform, app_id: int) -> dict[str, Any]:
    """Address, agent and receivers; or the receipt that says why not."""
    with platform.database.transaction() as tx:
        found = wecom_apps.get(tx, app_id)
    if found is None:
        return {"status": "failed", "errmsg": "企微应用已删除"}
    try:
        token = wecom_tokens.token_of(platform, found)
    except TokenFailed as failure:
        status = "later" if failure.is_later else "failed"
        wait = SOON_SECONDS if failure.is_later else None
        said = {"errcode": failure.errcode, "errmsg": failure.words}
        return {"status": status, **said, "retry_after_seconds": wait}
    except Unavailable as failure:
        return {"status": "failed", "errmsg": failure.text.zh}
    return {
        "webhook_url": f"{found.app.base}/cgi-bin/message/send?access_token={token}",
        "app": {"agentid": found.app.agentid, **found.app.receivers},
    }


def judged(receipt: dict[str, Any], app_id: int | None, last_errcode: int | None) -> dict[str, Any]:
    """A receipt as it counts: one whose token was refused goes again `at_once`, and once."""
    is_stale = receipt.get("errcode") in STALE_TOKEN and receipt["status"] == "later"
    if app_id is None or not is_stale:
        return {key: value for key, value in receipt.items() if key != "at_once"}
    if last_errcode in STALE_TOKEN:
        words = f"{receipt.get('errmsg') or ''};{_STALE_AGAIN}"
        return {**receipt, "status": "failed", "errmsg": words}
    return {**receipt, "at_once": True}


def drop_tokens(platform: Platform, app_ids: Iterable[int]) -> None:
    """Of applications whose token was refused."""
    for app_id in app_ids:
        with platform.database.transaction() as tx:
            found = wecom_apps.get(tx, app_id)
        if found:
            wecom_tokens.drop(platform, found)
