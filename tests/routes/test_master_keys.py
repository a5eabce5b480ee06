"""`/api/master-keys/rotate`."""

from __future__ import annotations

from dataclasses import replace

from chalicelib import wiring
from chalicelib.domain.cipher import Cipher, new_key
from chalicelib.services.platform import Platform
from tests.routes.api import Api
from tests.routes.conftest import key
from tests.services.rows import MASTER_KEY

SECRETS = "/api/scheduled-tasks/secrets"
ROTATE = "/api/master-keys/rotate"


def test_an_administrator_rotates_over_the_api(installed: Platform, api: Api, acme: Api) -> None:
    acme.post(SECRETS, {"secret_key": "token", "value": "s3cret-value"})
    newer = new_key()
    wiring.install(replace(installed, cipher=Cipher(lambda: f"{newer} {MASTER_KEY}")))

    first, second = api.post(ROTATE), api.post(ROTATE)

    assert (first.status, first.body["resealed"], second.body["resealed"]) == (200, 1, 0)
    wiring.install(replace(installed, cipher=Cipher(lambda: newer)))
    assert [one["is_readable"] for one in acme.get(SECRETS).body["items"]] == [True]
    assert newer not in str(first.body)


def test_nobody_else_does(installed: Platform, acme: Api) -> None:
    assert acme.post(ROTATE).status == 403
    assert Api(key(installed, "acme", "admin")).post(ROTATE).status == 403
    assert Api(key(installed, None, "editor")).post(ROTATE).status == 403
