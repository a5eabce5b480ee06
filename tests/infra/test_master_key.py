"""The file with the master key of one machine."""

from __future__ import annotations

from pathlib import Path

from chalicelib.domain.cipher import Cipher, new_key, read_keys
from infra.local.master_key import ensure_master_key, keys_of, read_master_keys


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "master.key"

    ensure_master_key(path)
    first = path.read_bytes()
    ensure_master_key(path)

    assert path.read_bytes() == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*tmp_path.iterdir()] == [path]
    assert len(read_keys(read_master_keys(path))) == 1


def test_a_key_that_is_put_in_front_seals_and_the_old_one_opens(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    ensure_master_key(path)
    sealed = Cipher(lambda: read_master_keys(path)).seal("s3cret", "here")
    added = new_key()

    path.write_text(f"{added}\n{path.read_text()}")

    cipher = Cipher(lambda: read_master_keys(path))
    assert cipher.key_id == added.partition(":")[0]
    assert cipher.open(sealed, "here") == "s3cret"


def test_keys_that_are_given_come_before_the_file_and_make_none(tmp_path: Path) -> None:
    given = new_key()

    assert keys_of(tmp_path, given)() == given
    assert [*tmp_path.iterdir()] == []
    assert len(read_keys(keys_of(tmp_path, " ")())) == 1
    assert (tmp_path / "master.key").exists()
