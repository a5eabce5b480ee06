"""The builder function: makes bundles of packages; no database, no secret, no package's code.

Lambda loads this module itself, without `app.py`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from chalice.app import Blueprint

from chalicelib.builder.bundling import Builder
from chalicelib.config import read_settings
from chalicelib.gateways.bundles import bundles_from

#: API Gateway gives up after 29 s; the archive has to be written and stored after these.
SECONDS = 20.0

bp = Blueprint(__name__)


@cache
def _builder() -> Builder:
    settings = read_settings()
    return Builder(bundles_from(settings), settings.pip, SECONDS)


@bp.lambda_function(name="builder")
def builder(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer `{"requirements": [normal forms], "pure": bool}` (see `Builder.answer`)."""
    return _builder().answer(event)
