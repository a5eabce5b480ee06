"""Secrets on one machine: nothing in its data folder shows one, and a lost key is told."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.running import Running

SECRETS = "/api/scheduled-tasks/secrets"
VALUE = "pa55w0rd-of-the-crm"
SCRIPT = """
value = get_secret('crm')
print('token', value)
result = {'title': 'done', 'content': value, 'length': len(value)}
"""


@pytest.fixture
def machine() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="zhundian-") as folder:
        # As root, the accounts of database and sandbox have to pass.
        Path(folder).chmod(0o711)
        running = Running(Path(folder)).start()
        yield running
        running.stop()


def ran(machine: Running) -> Any:
    return machine.test_script(SCRIPT, tenant_id="acme")


@pytest.mark.slow
def test_no_file_shows_a_secret_and_one_whose_key_is_lost_is_named(machine: Running) -> None:
    spec = {"tenant_id": "acme", "secret_key": "crm", "value": VALUE}
    machine.call("POST", SECRETS, spec)

    before = ran(machine)
    machine.stop()

    assert before["result"] == {"title": "done", "content": "******", "length": len(VALUE)}
    assert before["output"] == "token ******\n"
    files = [path for path in machine.data.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if VALUE.encode() in path.read_bytes()] == []
    key_file = machine.data / "master.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600

    lost_key = key_file.read_text()
    key_file.unlink()
    machine.start()
    machine.call("POST", SECRETS, {**spec, "secret_key": "other"})
    readable = {
        one["secret_key"]: one["is_readable"] for one in machine.call("GET", SECRETS)["items"]
    }
    after = ran(machine)
    log = (machine.data / "zhundian.log").read_text("utf-8")

    assert readable == {"crm": False, "other": True}
    assert after["status"] == "failed"
    assert "cannot read secret crm" in after["error"]
    assert "no master key opens platform_secrets" in log
    assert "'crm' of acme" in log

    # Found again, the old key goes behind the new one, and everything is moved to that.
    machine.stop()
    key_file.write_text(key_file.read_text() + lost_key)
    machine.start()
    moved = machine.call("POST", "/api/master-keys/rotate")

    assert (moved["resealed"], moved["unreadable"]) == (1, [])
    assert ran(machine)["result"]["length"] == len(VALUE)
