"""The builder as Lambda has it: settings from its environment, bundles into S3 (moto plays it)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import boto3
import pytest
from chalice.app import Chalice
from moto import mock_aws

from chalicelib.builder import function
from tests.builder.index import serving_index


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("BUNDLE_BUCKET", "bundles")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with serving_index() as index, mock_aws():
        index.publish("good")
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        boto3.client("s3").create_bucket(Bucket="bundles")
        function._builder.cache_clear()
        yield "bundles"
        function._builder.cache_clear()


def test_an_event_puts_its_bundle_into_the_bucket(bucket: str) -> None:
    event = {"requirements": ["good"], "pure": True}

    answer = json.loads(json.dumps(function.builder(event, None)))

    stored = boto3.client("s3").get_object(Bucket=bucket, Key=f"bundles/{answer['key']}.zip")
    assert answer["ok"]
    assert hashlib.sha256(stored["Body"].read()).hexdigest() == answer["key"]
    assert [package["name"] for package in answer["packages"]] == ["good"]


def test_the_function_is_registered_where_lambda_finds_it_without_the_app() -> None:
    app = Chalice("zhundian")
    app.register_blueprint(function.bp)

    (found,) = app.pure_lambda_functions
    assert (found.name, found.handler_string) == ("builder", "chalicelib.builder.function.builder")


def test_a_bucket_that_is_away_is_no_fault_of_the_author(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLE_BUCKET", "elsewhere")

    answer = function._builder().answer({"requirements": ["good"]})

    assert (answer["ok"], answer["kind"]) == (False, "unavailable")
