"""A local BIDS folder is read by MOABB's paradigms."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.datasets import bids_dataset, bids_events, bids_subjects
from neurodecode.faults import DataFault

EVENTS = {"left_hand": "left", "right_hand": "right"}
ARGUMENTS = {"events": EVENTS, "interval": (0, 1), "paradigm": "imagery"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write 2 subjects x 2 sessions (pre, post) of 20 s with 4 left and 4 right trials."""
    import mne
    import mne_bids

    root = tmp_path_factory.mktemp("bids") / "my study"
    rng = np.random.default_rng(0)
    for subject in ("01", "02"):
        for session in ("pre", "post"):
            info = mne.create_info(["C3", "Cz", "C4"], 100.0, "eeg")
            info["line_freq"] = 50
            raw = mne.io.RawArray(rng.standard_normal((3, 2000)) * 1e-5, info, verbose="ERROR")
            onsets = np.arange(1, 17, 2.0)
            raw.set_annotations(mne.Annotations(onsets, 1.0, ["left", "right"] * 4))
            path = mne_bids.BIDSPath(
                subject=subject, session=session, task="imagery", datatype="eeg", root=root
            )
            mne_bids.write_raw_bids(
                raw, path, format="BrainVision", allow_preload=True, verbose="ERROR"
            )
    return root


def test_subjects_are_listed_from_the_folders(folder, tmp_path):
    assert bids_subjects(folder) == ("01", "02")
    with pytest.raises(DataFault, match="not a BIDS data set"):
        bids_subjects(tmp_path)


def test_events_are_counted(folder):
    assert bids_events(folder, ["01"]) == {"left": 8, "right": 8}


def test_moabb_paradigms_read_trials_and_sessions(folder):
    from moabb.paradigms import LeftRightImagery

    dataset = bids_dataset(folder, **ARGUMENTS)
    assert dataset.n_sessions == 2
    x, labels, meta = LeftRightImagery(fmin=8, fmax=30).get_data(dataset, ["01", "02"])
    assert x.shape[:2] == (32, 3)
    assert dict(zip(*np.unique(labels, return_counts=True), strict=True)) == {
        "left_hand": 16,
        "right_hand": 16,
    }
    assert sorted(set(meta["session"])) == ["0post", "1pre"]
    assert set(meta["subject"]) == {"01", "02"}


def test_one_subject_can_be_chosen(folder):
    assert bids_dataset(folder, ["sub-02"], **ARGUMENTS).subject_list == ["02"]
    with pytest.raises(DataFault, match="did you mean '02'"):
        bids_dataset(folder, ["2"], **ARGUMENTS)


def test_a_missing_event_is_answered_with_those_found_and_the_nearest(folder):
    wrong = {**ARGUMENTS, "events": {"left_hand": "lefft"}}
    with pytest.raises(DataFault, match=r"found: left \(16\), right \(16\).*mean 'left'"):
        bids_dataset(folder, **wrong)


def test_numbered_sessions_keep_their_names():
    from neurodecode.datasets.bids import _moabb_keys

    assert _moabb_keys(iter(["01", "02"])) == {"01": "01", "02": "02"}
    assert _moabb_keys(iter([None])) == {None: "0"}
    assert _moabb_keys(iter(["1", "01"])) == {"01": "0", "1": "1"}
