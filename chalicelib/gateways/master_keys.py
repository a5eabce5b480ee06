"""The master keys where AWS keeps them."""

from __future__ import annotations


def kept_in_secrets_manager(arn: str) -> str:
    """The text of a Secrets Manager secret; to be read once per cold start.

    Raises botocore's errors, whose texts name the secret and never its value.
    """
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "secretsmanager",
        config=Config(
            connect_timeout=3,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 3},
        ),
    )
    text: str = client.get_secret_value(SecretId=arn)["SecretString"]
    return text
