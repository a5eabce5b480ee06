"""Settings, read from the environment once; the only module that reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """One function's settings. A function is given those that it needs and no more."""

    #: `mysql://user:password@host:port/name`, or with `?unix_socket=/path`.
    database_url: str = ""
    #: The master keys `id:base64 …`, the first of which seals; or the ARN of a Secrets Manager
    #: secret that holds them (`chalicelib/domain/cipher.py`).
    master_keys: str = field(default="", repr=False)
    master_keys_secret: str = ""
    #: The SQS queue that `launch` reads.
    runs_queue_url: str = ""
    #: Names or ARNs of the functions that others invoke.
    sandbox_function: str = ""
    broker_function: str = ""
    #: Where the broker listens on one machine; stands in for `broker_function`.
    broker_socket: str = ""
    #: URL prefixes that users may name although they are not global, space-separated.
    egress_allow: tuple[str, ...] = ()
    #: Where data sources may be although it is not on the public internet: `host:port`, networks
    #: as `10.0.0.0/8`, paths of sockets (`chalicelib/domain/data_source_places.py`).
    data_source_allow: tuple[str, ...] = ()
    #: Where people reach the console and the API, for links in messages; empty if unknown.
    public_url: str = ""
    #: The platform's own AI providers: a JSON list (`chalicelib/domain/ai_settings.py`), or the ARN
    #: of a Secrets Manager secret that holds it, or one provider by its parts.
    ai_providers: str = field(default="", repr=False)
    ai_providers_secret: str = ""
    ai_base_url: str = ""
    ai_api_key: str = field(default="", repr=False)
    ai_models: str = ""
    #: Tokens that each tenant may use in a month at the platform's expense; 0: no limit.
    ai_monthly_tokens: int = 0
    #: Seconds that one call of `ai()` may take, 300 at most.
    ai_timeout_seconds: float = 120.0
    #: How many runs of one tenant may go on at once; 0 is no limit.
    tenant_max_running: int = 0
    #: Days that logs of ended runs are kept, with their deliveries; 0 is for ever.
    log_retention_days: int = 90
    #: The interpreter, and the folder of `sandbox_runner`, that scripts live in.
    sandbox_python: str = ""
    sandbox_layer: str = "/opt/python"
    #: The most memory that one script may have, in MiB.
    sandbox_memory_mb: int = 256
    #: Layers of protection without which no script runs, by name, separated by commas or spaces;
    #: empty: what the regime found at start-up needs (`chalicelib/sandbox/protection.py`).
    sandbox_required_layers: tuple[str, ...] = ()
    #: Where bundles of packages are kept, and the function that makes them.
    bundle_bucket: str = ""
    builder_function: str = ""
    #: What `script_deps` may name: `any` package, or `pure`, without compiled modules, where the
    #: sandbox has the fd-jail alone.
    script_packages: str = "any"
    #: What pip is told, of all that this process is told; the index may want a password.
    pip: Mapping[str, str] = field(default_factory=dict, repr=False)


#: The variables that name a package index, a proxy and the certificates of both.
_OF_PIP = frozenset(
    {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"}
    | {"requests_ca_bundle", "ld_library_path", "home", "xdg_config_home"}
)


def pip_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What of an environment is pip's business (pip's documentation, "Configuration")."""
    return {
        name: value
        for name, value in environ.items()
        if name.startswith("PIP_") or name.lower() in _OF_PIP
    }


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of this process, or of the mapping given."""
    env = os.environ if environ is None else environ
    return Settings(
        database_url=env.get("DATABASE_URL", ""),
        master_keys=env.get("MASTER_KEYS", ""),
        master_keys_secret=env.get("MASTER_KEYS_SECRET", ""),
        runs_queue_url=env.get("RUNS_QUEUE_URL", ""),
        sandbox_function=env.get("SANDBOX_FUNCTION", ""),
        broker_function=env.get("BROKER_FUNCTION", ""),
        broker_socket=env.get("BROKER_SOCKET", ""),
        egress_allow=tuple(env.get("EGRESS_ALLOW", "").split()),
        data_source_allow=tuple(env.get("DATA_SOURCE_ALLOW", "").split()),
        public_url=env.get("PUBLIC_URL", "").rstrip("/"),
        ai_providers=env.get("AI_PROVIDERS", ""),
        ai_providers_secret=env.get("AI_PROVIDERS_SECRET", ""),
        ai_base_url=env.get("AI_BASE_URL", ""),
        ai_api_key=env.get("AI_API_KEY", ""),
        ai_models=env.get("AI_MODELS", ""),
        ai_monthly_tokens=int(env.get("AI_MONTHLY_TOKENS", "0")),
        ai_timeout_seconds=float(env.get("AI_TIMEOUT_SECONDS", "120")),
        tenant_max_running=int(env.get("TENANT_MAX_RUNNING", "0")),
        log_retention_days=int(env.get("LOG_RETENTION_DAYS", "90")),
        sandbox_python=env.get("SANDBOX_PYTHON", ""),
        sandbox_layer=env.get("SANDBOX_LAYER", "/opt/python"),
        sandbox_memory_mb=int(env.get("SANDBOX_MEMORY_MB", "256")),
        sandbox_required_layers=tuple(
            env.get("SANDBOX_REQUIRED_LAYERS", "").replace(",", " ").split()
        ),
        bundle_bucket=env.get("BUNDLE_BUCKET", ""),
        builder_function=env.get("BUILDER_FUNCTION", ""),
        script_packages=env.get("SCRIPT_PACKAGES", "any"),
        pip=pip_environment(env),
    )
