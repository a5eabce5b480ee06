"""`get_tenants`, `get_tenant_config`, `get_all_tenant_configs`."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.services import tenant_configs, tenants
from tests.sandbox.sdk.house import House
from tests.services.rows import ADMIN

ALL = """
result = {
    'tenants': get_tenants(),
    'one': get_tenant_config('acme', 'report', 'robot'),
    'none': [get_tenant_config('acme', 'report', 'x'), get_tenant_config('nobody', 'a', 'b')],
    'all': get_all_tenant_configs('report', 'robot'),
    'nobody': get_all_tenant_configs('report', 'x'),
}
"""


def config(house: House, tenant_id: str, value: Any) -> None:
    name = (tenant_id, "report", "robot")
    tenant_configs.put_config(house.platform, ADMIN, name, {"value": value})


@pytest.fixture
def tenanted(house: House) -> House:
    """Three tenants: one with a config, one disabled with a config of `null`, one without."""
    for fields in (
        {"tenant_id": "acme", "tenant_name": "艾克米"},
        {"tenant_id": "off", "is_enabled": False},
        {"tenant_id": "umbrella"},
    ):
        tenants.create_tenant(house.platform, ADMIN, fields)
    config(house, "acme", {"url": "https://example.com"})
    config(house, "off", None)
    return house


def test_a_global_task_knows_all_tenants_and_their_configs(tenanted: House) -> None:
    acme = {"tenant_id": "acme", "tenant_name": "艾克米", "is_enabled": True}
    off = {"tenant_id": "off", "tenant_name": "off", "is_enabled": False}
    umbrella = {"tenant_id": "umbrella", "tenant_name": "umbrella", "is_enabled": True}

    assert tenanted.run(ALL).result == {
        "tenants": [acme, off, umbrella],
        "one": {"url": "https://example.com"},
        "none": [None, None],
        "all": [{**acme, "value": {"url": "https://example.com"}}, {**off, "value": None}],
        "nobody": [],
    }


@pytest.mark.parametrize(
    "name",
    [
        ("acme ", "report", "robot"),
        ("acme", "report ", "robot"),
        ("acme", "report", "robot "),
        ("acme", "Report", "robot"),
    ],
)
def test_a_name_that_differs_by_a_blank_is_another(
    tenanted: House, name: tuple[str, str, str]
) -> None:
    script = f"result = [get_tenant_config(*{name}), get_all_tenant_configs(*{name[1:]})]"

    one, every = tenanted.run(script).result

    assert one is None
    assert bool(every) is (name[1:] == ("report", "robot"))


def test_a_tenants_task_knows_itself_alone(tenanted: House) -> None:
    script = """
result = [get_tenants(), get_tenant_config(tenant_id, 'report', 'robot'),
          get_all_tenant_configs('report', 'robot')]
"""
    itself = {"tenant_id": "acme", "tenant_name": "艾克米", "is_enabled": True}
    own = {"url": "https://example.com"}

    log = tenanted.run(script, tenant_id="acme")

    assert log.result == [[itself], own, [{**itself, "value": own}]]


@pytest.mark.parametrize("other", ["acme", "nobody"])
def test_another_tenants_config_is_refused_as_that_of_none_is(tenanted: House, other: str) -> None:
    script = f"""
try:
    get_tenant_config('{other}', 'report', 'robot')
except CallFailed as error:
    result = [str(error), error.kind]
"""

    words, kind = tenanted.run(script, tenant_id="umbrella").result

    assert kind == "forbidden"
    assert words.splitlines() == [
        "租户的任务只能读取本租户的配置",
        "a tenant's task reads its own tenant's configs only",
    ]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("get_tenant_config(None, 'a', 'b')", "tenant_id 须为文本,现为 NoneType"),
        ("get_tenant_config('acme', 5, 'b')", "app_code 须为文本,现为 int"),
        ("get_all_tenant_configs('a', ['b'])", "key 须为文本,现为 list"),
        ("get_tenants('acme')", "takes 0 positional arguments"),
    ],
)
def test_wrong_arguments_are_told(house: House, call: str, words: str) -> None:
    log = house.run(call)

    assert words in log.error
    assert "TypeError" in log.error


def test_more_than_an_answer_may_hold_is_refused_with_the_way_out(house: House) -> None:
    with house.platform.database.transaction() as tx:
        many = [{"id": f"t{number}"} for number in range(300)]
        tx.many(
            "INSERT INTO platform_tenants (tenant_id, tenant_name) VALUES (%(id)s, %(id)s)", many
        )
        tx.many(
            "INSERT INTO platform_tenant_configs"
            " (tenant_id, app_code, config_key, config_value, created_at, updated_at)"
            " VALUES (%(id)s, 'report', 'robot', CONCAT('\"', REPEAT('x', 16000), '\"'),"
            "  UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
            many,
        )

    log = house.run("get_all_tenant_configs('report', 'robot')")

    assert "get_tenant_config" in log.error
    assert "300" in log.error
    assert len(house.run("result = get_tenants()").result) == 300
