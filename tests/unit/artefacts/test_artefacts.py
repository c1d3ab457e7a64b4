"""An artefact is whole or absent, whatever happens while it is written."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from neurodecode.artefacts import atomic_path, read_json, sha256_file, write_json, write_text
from neurodecode.faults import DataFault, DiskFault


def full_disk(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text("old")
    return path


def only_the_old_file_is_left(path):
    return path.read_text() == "old" and list(path.parent.iterdir()) == [path]


def test_the_new_file_replaces_the_old_one_at_the_end(old):
    with atomic_path(old) as path:
        path.write_text("new")
        assert old.read_text() == "old"
    assert old.read_text() == "new"
    assert list(old.parent.iterdir()) == [old]


def test_the_old_file_survives_an_error_in_the_block(old):
    def write_half():
        with atomic_path(old) as path:
            path.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert only_the_old_file_is_left(old)


@pytest.mark.parametrize(
    ("owner", "name"),
    [(os, "fsync"), (Path, "replace"), (Path, "write_text"), ("tempfile", "mkstemp")],
)
def test_the_old_file_survives_a_full_disk(old, monkeypatch, owner, name):
    target = f"{owner}.{name}" if isinstance(owner, str) else None
    with monkeypatch.context() as patch:
        patch.setattr(target, full_disk) if target else patch.setattr(owner, name, full_disk)
        with pytest.raises(DiskFault, match=r"No space left.*scores\.json.*free space"):
            write_text(old, "new")
    assert only_the_old_file_is_left(old)


def test_the_content_is_on_disk_before_the_name_points_to_it(old, monkeypatch):
    calls = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda f: calls.append("fsync") or fsync(f))
    monkeypatch.setattr(Path, "replace", lambda *a: calls.append("replace") or replace(*a))
    write_text(old, "new")
    assert calls == ["fsync", "replace"]


def test_missing_folders_are_made(tmp_path):
    write_text(tmp_path / "a" / "b" / "c.txt", "text")
    assert (tmp_path / "a" / "b" / "c.txt").read_text() == "text"


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DiskFault, match="cannot write"):
        write_text(tmp_path / "file" / "x.txt", "text")


def test_the_file_gets_the_usual_permissions_not_those_of_a_temporary_file(tmp_path):
    (tmp_path / "usual").touch()
    write_text(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_values_without_a_number_become_null(tmp_path):
    content = {
        "nan": float("nan"),
        "inf": np.float32("inf"),
        "array": np.array([1.0, np.nan]),
        "path": tmp_path,
        1: (np.int64(2), {"deep": np.nan}),
    }
    write_json(tmp_path / "x.json", content)
    assert json.loads((tmp_path / "x.json").read_text()) == {
        "nan": None,
        "inf": None,
        "array": [1.0, None],
        "path": str(tmp_path),
        "1": [2, {"deep": None}],
    }


def test_an_absent_or_half_written_json_file_is_named(tmp_path):
    with pytest.raises(DataFault, match=r"file not found.*x\.json"):
        read_json(tmp_path / "x.json")
    (tmp_path / "x.json").write_text('{"a": 1')
    with pytest.raises(DataFault, match=r"not a whole JSON file.*x\.json"):
        read_json(tmp_path / "x.json")


def test_the_hash_is_sha256(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    assert sha256_file(tmp_path / "x") == known
