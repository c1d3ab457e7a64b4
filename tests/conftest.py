"""Fixtures for all rooms: no test writes outside its folder or reaches the network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch):
    """Give MNE an empty home, so that the user's configuration is neither read nor written."""
    monkeypatch.setenv("_MNE_FAKE_HOME_DIR", str(tmp_path_factory.mktemp("home")))
    for name in ("MNE_DATA", "MOABB_DOWNLOAD_PROVIDER", "NEURODECODE_DATA", "NEURODECODE_OFFLINE"):
        monkeypatch.setenv(name, "set, so that its removal is undone")
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def realdata():
    """Return the folder of real recordings, or skip: NEURODECODE_REALDATA or ../shared/data."""
    folder = Path(os.environ.get("NEURODECODE_REALDATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real recordings are not here, set NEURODECODE_REALDATA")
    return folder
