"""Master keys in Secrets Manager, which moto plays."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from chalicelib.domain.cipher import Cipher, new_key
from chalicelib.gateways.master_keys import kept_in_secrets_manager


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


def test_what_is_sealed_under_a_kept_key_opens_under_it(aws: None) -> None:
    made = boto3.client("secretsmanager").create_secret(Name="keys", SecretString=new_key())

    one, other = (Cipher(lambda: kept_in_secrets_manager(made["ARN"])) for _ in range(2))

    assert other.open(one.seal("s3cret", "here"), "here") == "s3cret"


def test_a_secret_that_is_not_there_is_an_error_that_may_pass(aws: None) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-abcdef"

    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        kept_in_secrets_manager(arn)
