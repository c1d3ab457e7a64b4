"""Fixtures for all rooms: no test writes outside its folder or reaches the network."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says nothing about it on a busy machine.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

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


@pytest.fixture(scope="session")
def edf_bytes():
    """Return a maker of small EDF files: ``edf_bytes(n_records, n_signals, samples)``."""
    return make_edf


@pytest.fixture(scope="session")
def fif_bytes():
    """Return a maker of small FIF tag lists: ``fif_bytes(n_tags, payload)``."""
    return make_fif


def make_edf(n_records=3, n_signals=2, samples=10, *, declared=None):
    """Return a minimal EDF file of zeros."""
    declared = n_records if declared is None else declared
    header = 256 * (1 + n_signals)
    fixed = [("0", 8), ("", 80), ("", 80), ("01.01.01", 8), ("00.00.00", 8), (str(header), 8)]
    fixed += [("", 44), (str(declared), 8), ("1", 8), (str(n_signals), 4)]
    per_signal = [("EEG", 16), ("", 80), ("uV", 8), ("-1", 8), ("1", 8), ("-32768", 8)]
    per_signal += [("32767", 8), ("", 80), (str(samples), 8), ("", 32)]
    text = "".join(value.ljust(width) for value, width in fixed)
    text += "".join(value.ljust(width) * n_signals for value, width in per_signal)
    return text.encode() + bytes(2 * samples * n_signals * n_records)


def make_fif(n_tags=4, payload=100):
    """Return tags as in a FIF file, the last one closing the list."""
    tags = struct.pack(">iiii", 100, 31, 20, 0) + bytes(20)
    tags += (struct.pack(">iiii", 300, 4, payload, 0) + bytes(payload)) * n_tags
    return tags + struct.pack(">iiii", 108, 0, 0, -1)
