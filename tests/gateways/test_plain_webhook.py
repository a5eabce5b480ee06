"""Posting alerts to addresses that are no robots'."""

from __future__ import annotations

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.gateways.plain_webhook import send
from chalicelib.gateways.robots import Receipt, Robot
from tests.loopback import serving

PAYLOAD = {"kind": "alert", "title": "任务失败"}


def post(url: str, allow: str) -> Receipt:
    return send(Robot("webhook", url), PAYLOAD, uuid="u" * 32, allow=[allow])


@pytest.mark.parametrize(
    ("answered", "status"),
    [(200, "sent"), (204, "sent"), (400, "failed"), (404, "failed"), (302, "failed")]
    + [(429, "later"), (500, "later"), (503, "later")],
)
def test_only_2xx_means_that_it_came(answered: int, status: str) -> None:
    got = []

    @Request.application
    def hook(request: Request) -> Response:
        got.append((request.get_json(), request.headers["Idempotency-Key"]))
        return Response(status=answered)

    with serving(hook) as origin:
        receipt = post(f"{origin}/x?token=hidden", f"{origin}/")

    assert receipt.status == status
    assert got == [(PAYLOAD, "u" * 32)]
    assert "hidden" not in receipt.words


def test_an_address_inside_the_network_is_refused_for_good() -> None:
    receipt = post("http://10.0.0.1/hook", "https://elsewhere.example/")

    assert (receipt.status, receipt.errcode) == ("failed", None)
