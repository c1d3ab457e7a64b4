"""What all faults share: the command, the smallest runs, recordings that can be spoilt.

A test of a cell of :mod:`matrix` is marked ``fault(row, "pipeline")``; one that is marked
``fault(row)`` and takes ``pipeline`` answers for all pipelines of the row.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import mne
import numpy as np
import pytest

from neurodecode.config import validate
from neurodecode.datasets.catalog import card_of
from neurodecode.faults import Fault
from neurodecode.riemann.config import ACMConfig
from neurodecode.riemann.trials import read_subject

CHANNELS = ("Fz", "C3", "Cz", "C4", "Pz", "Oz")
LABELS = ("left_hand", "right_hand")
HERE = Path(__file__).parent


def load(name, path):
    """Return a module that no folder of imports holds."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


cells, in_process, smallest = (
    load(f"faults_{name}", HERE / f"{name}.py") for name in ("matrix", "in_process", "smallest")
)


def pytest_configure(config):
    """Make the mark of a cell known."""
    config.addinivalue_line(
        "markers", "fault(row, pipeline): answers a cell of tests/faults/matrix"
    )


def pytest_generate_tests(metafunc):
    """Give a test of a whole row each of its pipelines, with the mark of the cell."""
    rows = [mark.args[0] for mark in metafunc.definition.iter_markers("fault")
            if len(mark.args) == 1]  # fmt: skip
    if rows:
        each = [pytest.param(pipeline, marks=pytest.mark.fault(rows[0], pipeline), id=pipeline)
                for pipeline in cells.ROWS[rows[0]][1]]  # fmt: skip
        metafunc.parametrize("pipeline", each)


@pytest.fixture(scope="session")
def matrix():
    """Return the module that says which fault can meet which pipeline."""
    return cells


@pytest.fixture(scope="session")
def command():
    """Return the function that calls ``neurodecode`` as a user does, in its own process."""
    return load("pipelines_conftest", HERE.parent / "pipelines" / "conftest.py").call


@pytest.fixture(scope="session")
def typed():
    """Return the function that calls ``neurodecode`` as a user does, in this process."""
    return in_process.Terminal()


@pytest.fixture(autouse=True)
def _raised(request, monkeypatch, record_property):
    """Keep every fault that answers a cell, for tools/faults_table.py."""
    if request.node.get_closest_marker("fault"):
        original = Fault.__init__

        def kept(self, *what, **places):
            original(self, *what, **places)
            record_property("raised", str(self))

        call = in_process.Terminal.__call__

        def shown(self, *words, **environment):
            screen = call(self, *words, **environment)
            for line in screen.lines[:1]:
                record_property("seen", line)
            return screen

        monkeypatch.setattr(Fault, "__init__", kept)
        monkeypatch.setattr(in_process.Terminal, "__call__", shown)


@pytest.fixture
def terminal():
    """Return the function that carries out ``neurodecode`` here, job by job."""
    return in_process.Terminal()


@pytest.fixture
def seen(record_property):
    """Return a function that keeps the line a user sees, for tools/faults_table.py."""

    def keep(line):
        assert "\n" not in line
        record_property("seen", line)
        return line

    return keep


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Return a maker of trained runs, the smallest of each pipeline; do not change them."""
    folder, made = tmp_path_factory.mktemp("smallest"), {}

    def of(pipeline):
        if pipeline not in made:
            made[pipeline] = smallest.trained(pipeline, folder, in_process.Terminal())
        return made[pipeline]

    return of


@pytest.fixture
def smallest_run(pipeline, trained, tmp_path, terminal):
    """Return a copy of the pipeline's smallest run that a test may spoil."""
    return trained(pipeline).copy(tmp_path / "run", terminal)


def make_recording(names=CHANNELS, *, sfreq=100.0, seconds=50, labels=LABELS, seed=0):
    """Return noise of 10 uV with a cue every 4 s from 1 s on."""
    info = mne.create_info(list(names), sfreq, "eeg")
    data = np.random.default_rng(seed).standard_normal((len(names), int(seconds * sfreq)))
    raw = mne.io.RawArray(data * 1e-5, info, verbose="error")
    raw.info["line_freq"] = 50
    known = mne.channels.get_builtin_montages()  # MNE 1.13 renamed the template
    montage = "colin27_1020" if "colin27_1020" in known else "standard_1020"
    raw.set_montage(montage, on_missing="ignore")
    onsets = np.arange(1, seconds - 4, 4.0)
    cues = np.resize(list(labels), len(onsets))
    return raw.set_annotations(mne.Annotations(onsets, 3.0, cues))


@pytest.fixture
def recording():
    """Return the maker of recordings."""
    return make_recording


@pytest.fixture
def study(tmp_path):
    """Return a writer of recordings into a BIDS folder: ``study({("01", "0"): raw})``."""
    import mne_bids

    def write(recordings, folder="study"):
        root = tmp_path / folder
        for (subject, session), raw in recordings.items():
            path = mne_bids.BIDSPath(
                root=root, subject=subject, session=session, task="imagery", datatype="eeg"
            )
            mne_bids.write_raw_bids(
                raw, path, format="BrainVision", allow_preload=True, overwrite=True, verbose="error"
            )
        return root

    return write


@pytest.fixture
def experiment():
    """Return a maker of experiments on a BIDS folder, with settings by section."""

    def make(folder, *, data=None, **sections):
        here = {"dataset": "local", "path": folder, "events": LABELS, "interval": (0, 3)}
        small = {"evaluation": {"n_splits": 2}, "model": {"order": 2}, **sections}
        return validate(ACMConfig, {"description": "", "data": {**here, **(data or {})}, **small})

    return make


@pytest.fixture
def read(tmp_path):
    """Return ``read(config, subject)``: the trials, as the prepare step reads them."""

    def of(config, subject="01"):
        return read_subject(config, card_of(config.data), subject, tmp_path)

    return of
