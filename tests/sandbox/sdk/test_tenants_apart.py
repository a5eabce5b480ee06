"""A tenant's script tries, by every SDK function, to reach what belongs to another tenant.

Nothing comes back but what is its own, or a clear refusal. A new function without an entry in
`ATTEMPTS` fails `test_every_function_has_an_attempt`.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

import pytest
from sandbox_runner import sdk
from sandbox_runner.frames import Channel

from chalicelib.sandbox.broker_calls import NAMES
from chalicelib.services import secrets, tenant_configs, tenants, variables
from chalicelib.services.pages import Page
from tests.sandbox.sdk.house import House, Log
from tests.services.rows import ADMIN

#: Part of all that is the other's: nobody else ever sees it.
MARK = "for-its-owner-alone"
#: What every attempt begins with: `told` gives what came back, or the refusal; `raw` asks the
#: platform past the SDK, with any arguments; `other` has the ids of the other's things.
PRELUDE = """
def told(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return f'{type(error).__name__}: {error}'

raw = get_var.__closure__[0].cell_contents
other = get_param('other')
# A script may call itself whatever it likes.
task_id, tenant_id, trace_id = other['task_id'], other['tenant_id'], other['trace_id']
"""
FORBIDDEN = (
    "CallFailed: 租户的任务只能读取本租户的配置\n"
    "a tenant's task reads its own tenant's configs only"
)
ITSELF = {"tenant_id": "umbrella", "tenant_name": "umbrella", "is_enabled": True}


@dataclass(frozen=True)
class Attempt:
    """A script, and what is in its `result` when the other is `acme`."""

    script: str
    result: Any


def asks_nothing(script: str) -> Attempt:
    """A function that does its work in the script's own process or log."""
    return Attempt(script, None)


ATTEMPTS = {
    "log": asks_nothing("log(other['log_id'])"),
    "print": asks_nothing("print(other['log_id'])"),
    # No provider is set here; what a provider is asked holds nothing but the script's own words.
    "ai": Attempt("result = 'CallFailed' in told(ai, other['log_id'] and 'hello')", True),
    "get_secret": Attempt(
        "result = ['CallFailed' in told(get_secret, key) for key in ('k', 'acme/k', '', 'K')]",
        [True] * 4,
    ),
    # No data source is its own, and there is no way to name another's.
    "db_query": Attempt(
        "result = ['CallFailed' in told(db_query, sql) for sql in"
        " ('SELECT * FROM platform_script_vars', 'SELECT 1', 'SHOW TABLES')]",
        [True] * 3,
    ),
    "exit": asks_nothing("exit()"),
    "quit": asks_nothing("quit()"),
    "get_var": Attempt("result = [get_var('k'), get_var('k', 'none')]", [None, "none"]),
    "set_var": Attempt("set_var('k', 'mine')\nresult = get_var('k')", "mine"),
    "del_var": Attempt("result = told(del_var, 'k')", None),
    "get_param": Attempt("result = [get_param('secret'), get_param('own')]", [None, 1]),
    "get_params": Attempt("result = sorted(get_params())", ["other", "own"]),
    "get_tenants": Attempt("result = get_tenants()", [ITSELF]),
    "get_tenant_config": Attempt(
        "result = [told(get_tenant_config, name, 'app', 'k')"
        " for name in (other['tenant_id'], 'umbrella', 'nobody', '', 'umbrella ')]",
        [FORBIDDEN, None, FORBIDDEN, FORBIDDEN, FORBIDDEN],
    ),
    "get_all_tenant_configs": Attempt("result = get_all_tenant_configs('app', 'k')", []),
    "http_get": Attempt(
        "result = ['HttpError' in told(http_get, address + str(other['log_id'])) for address in"
        " ('http://127.0.0.1:8000/api/task-logs/', 'http://localhost:8000/api/task-logs/',"
        " 'http://[::1]:8000/', 'http://169.254.169.254/latest/', 'file:///proc/1/environ?')]",
        [True] * 5,
    ),
    "http_post": Attempt(
        "result = 'HttpError' in told(http_post, 'http://127.0.0.1:8000/api/api-keys')", True
    ),
    # A name is no address: nothing of a channel can be asked for by its id.
    "dingtalk": Attempt("result = 'ValueError' in told(dingtalk, str(other['log_id']), 'x')", True),
    "wecom": Attempt("result = 'ValueError' in told(wecom, str(other['log_id']), 'x')", True),
}
#: Arguments by which a call might take a script for another's, and more than any call needs.
SPOOFED = """{
    **other, 'key': 'k', 'app_code': 'app', 'default': None, 'value': 'mine', 'name': 'k',
    'caller': other, 'principal': None, 'is_test': False, 'token': 'guessed', 'nonce': 'guessed',
    'sql': 'SELECT * FROM platform_script_vars', 'params': None, 'prompt': 'x', 'content': 'x',
}"""


@dataclass(frozen=True)
class Other:
    """A task that ran, with a variable, parameters, a config, a secret and a log of its own."""

    house: House
    ids: dict[str, Any]

    def state(self) -> Any:
        """All that is the other's, as its owner sees it."""
        platform, task_id = self.house.platform, self.ids["task_id"]
        kept = variables.list_vars(platform, ADMIN, task_id, None, Page())
        configs = tenant_configs.list_configs(platform, ADMIN, "acme", None, Page())
        return [self.house.log(self.ids["log_id"]).fields, kept, configs]

    def attempt(self, script: str) -> Log:
        """Have a task of `umbrella` try it; nothing of the other's shows or changes."""
        before = self.state()
        assert str(before).count(MARK) > 3
        log = self.house.run(
            PRELUDE + script, {"other": self.ids}, tenant_id="umbrella", input_params={"own": 1}
        )
        assert MARK not in str(log.fields)
        assert self.state() == before
        return log


@pytest.fixture(params=["acme", None], ids=["acme's", "the platform's"])
def other(house: House, request: pytest.FixtureRequest) -> Other:
    fields = {"tenant_id": "acme", "tenant_name": f"{MARK} name"}
    tenants.create_tenant(house.platform, ADMIN, fields)
    name = ("acme", "app", "k")
    tenant_configs.put_config(house.platform, ADMIN, name, {"value": f"{MARK} config"})
    secret = {"secret_key": "k", "value": f"{MARK} secret", "tenant_id": request.param}
    secrets.create_secret(house.platform, ADMIN, secret)
    task = house.task(
        f"set_var('k', '{MARK} variable')\nprint(get_params())\nresult = '{MARK} result'",
        tenant_id=request.param,
        input_params={"secret": f"{MARK} parameter"},
    )
    log = house.run_task(task).fields
    ids = {"task_id": task.id, "tenant_id": request.param}
    return Other(house, {**ids, "log_id": log["id"], "trace_id": log["trace_id"]})


def functions() -> set[str]:
    """The names of all that a script can call."""
    near, far = socket.socketpair()
    with near, far:
        job = {"params": {}, "task_id": 1, "tenant_id": None, "trace_id": "t"}
        names = sdk.names(job, Channel(near))
    return {name for name, it in names.items() if callable(it) and not isinstance(it, type)}


def test_every_function_has_an_attempt() -> None:
    assert functions() == ATTEMPTS.keys()


@pytest.mark.parametrize("function", ATTEMPTS)
def test_a_function_reaches_nothing_of_another_tenants(other: Other, function: str) -> None:
    attempt = ATTEMPTS[function]

    log = other.attempt(attempt.script)

    if other.ids["tenant_id"] == "acme":
        assert log.result == attempt.result


@pytest.mark.parametrize("name", NAMES)
def test_no_argument_makes_a_call_anothers(other: Other, name: str) -> None:
    other.attempt(f"result = str(told(raw, '{name}', {SPOOFED}))")


@pytest.mark.parametrize("op", ["claim", "heartbeat", "report", "deliveries", "receipts", "call"])
def test_what_only_the_sandbox_may_ask_is_no_function_of_a_script(other: Other, op: str) -> None:
    log = other.attempt(f"result = told(raw, '{op}', {SPOOFED})")

    assert log.result == "CallFailed: 没有这个函数\nThere is no such function"
