"""Tenants at work: what is disabled does not run, and what is being made keeps its tenant."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, Invalid, NotFound
from chalicelib.domain.tenants import MOST_CONFIGS
from chalicelib.services import run_logs, tasks, tenant_configs, tenants
from chalicelib.services.dispatching import dispatch
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock
from tests.services.rows import ADMIN, log_rows, make_task, start_test
from tests.services.sandboxes import FAILURE, Sandbox
from tests.services.threads import at_once


def switch(platform: Platform, is_enabled: bool, tenant_id: str = "acme") -> None:
    tenants.update_tenant(platform, ADMIN, tenant_id, {"is_enabled": is_enabled})


def outcomes(platform: Platform) -> list[tuple[str, str | None]]:
    return [(row["status"], row["skip_reason"]) for row in log_rows(platform)]


def test_a_disabled_tenants_tasks_are_skipped_with_the_reason(
    platform: Platform, sandbox: Sandbox, clock: FakeClock
) -> None:
    make_task(platform, tenant_id="acme")
    other = make_task(platform, tenant_id="umbrella")
    switch(platform, False)
    clock.advance(minutes=5)
    dispatch(platform)

    ran = sandbox.run_due()

    assert [run["task_id"] for run in ran] == [other.id]
    assert sorted(outcomes(platform), key=str) == [
        ("skipped", "tenant_disabled"),
        ("success", None),
    ]


def test_nobody_starts_a_task_of_a_disabled_tenant_by_hand(
    platform: Platform, sandbox: Sandbox
) -> None:
    task = make_task(platform, tenant_id="acme")
    switch(platform, False)

    tasks.run_task(platform, ADMIN, task.id)

    assert sandbox.run_due() == []
    assert outcomes(platform) == [("skipped", "tenant_disabled")]


def test_no_script_of_a_disabled_tenant_is_tested(platform: Platform, sandbox: Sandbox) -> None:
    tenants.create_tenant(platform, ADMIN, {"tenant_id": "acme"})
    log_id = start_test(platform, tenant_id="acme")
    switch(platform, False)

    assert sandbox.run_due() == []

    assert outcomes(platform) == [("skipped", "tenant_disabled")]
    run_logs.rerun(platform, ADMIN, log_id)
    assert sandbox.run_due() == []


def test_a_retry_is_skipped_when_its_tenant_was_disabled_meanwhile(
    platform: Platform, sandbox: Sandbox, clock: FakeClock
) -> None:
    task = make_task(platform, tenant_id="acme", retry_count=3, retry_interval=5)
    tasks.run_task(platform, ADMIN, task.id)
    sandbox.run_due(FAILURE)
    switch(platform, False)
    clock.advance(seconds=5)

    assert sandbox.run_due() == []
    assert outcomes(platform) == [("failed", None), ("skipped", "tenant_disabled")]


def test_what_is_enabled_again_runs_from_then_on(
    platform: Platform, sandbox: Sandbox, clock: FakeClock
) -> None:
    task = make_task(platform, tenant_id="acme")
    switch(platform, False)
    switch(platform, True)
    clock.advance(minutes=5)
    dispatch(platform)

    assert [run["task_id"] for run in sandbox.run_due()] == [task.id]


@pytest.mark.parametrize("_", range(8))
def test_a_tenant_is_not_deleted_while_something_of_it_is_made(platform: Platform, _: int) -> None:
    tenants.create_tenant(platform, ADMIN, {"tenant_id": "acme"})

    deleted, *made = at_once(
        [
            lambda: tenants.delete_tenant(platform, ADMIN, "acme"),
            *[lambda: make_task(platform, tenant_id="acme")] * 3,
        ]
    )

    assert deleted is None or isinstance(deleted, Conflict)
    assert len({task.id for task in made}) == 3
    assert tenants.get_tenant(platform, ADMIN, "acme")["is_enabled"]


def test_two_who_create_the_same_tenant_get_one(platform: Platform) -> None:
    answers = at_once([lambda: tenants.create_tenant(platform, ADMIN, {"tenant_id": "acme"})] * 4)

    assert sum(isinstance(answer, Conflict) for answer in answers) == 3


def put(platform: Platform, number: int) -> Any:
    name = ("acme", "app", f"k{number}")
    return tenant_configs.put_config(platform, ADMIN, name, {"value": number})


def test_the_last_free_config_is_given_once(platform: Platform) -> None:
    tenants.create_tenant(platform, ADMIN, {"tenant_id": "acme"})
    with platform.database.transaction() as tx:
        tx.many(
            "INSERT INTO platform_tenant_configs (tenant_id, app_code, config_key, config_value,"
            " created_at, updated_at)"
            " VALUES ('acme', 'app', %(key)s, '1', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
            [{"key": f"k{number}"} for number in range(MOST_CONFIGS - 1)],
        )

    answers = at_once([partial(put, platform, 5000 + number) for number in range(4)])

    assert sum(isinstance(answer, Invalid) for answer in answers) == 3
    listed = tenant_configs.list_configs(platform, ADMIN, "acme", None, Page())
    assert listed["total"] == MOST_CONFIGS
    assert put(platform, 0)["value"] == 0


def test_configs_of_a_tenant_that_is_deleted_meanwhile_are_not_left_behind(
    platform: Platform,
) -> None:
    tenants.create_tenant(platform, ADMIN, {"tenant_id": "acme"})

    answers = at_once(
        [
            partial(put, platform, 1),
            lambda: tenants.delete_tenant(platform, ADMIN, "acme"),
            partial(put, platform, 2),
        ]
    )

    assert all(isinstance(one, dict | NotFound) for one in (answers[0], answers[2]))
    with platform.database.transaction() as tx:
        assert tx.all("SELECT * FROM platform_tenant_configs") == []
