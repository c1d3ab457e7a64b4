"""Windows lie at the right samples; what does not fit the recording is left out and told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.artefacts import read_json
from neurodecode.config import validate
from neurodecode.contrastive.image.config import ViewingSignals
from neurodecode.contrastive.image.preparation import make_windows, prepare_viewer
from neurodecode.contrastive.image.recordings import read_viewer
from neurodecode.contrastive.scaling import fit_scaler
from neurodecode.datasets.catalog import card_of
from neurodecode.faults import DataFault
from neurodecode.signals.store import open_store

SETTINGS = validate(ViewingSignals, {"sfreq": 120})


def trials_at(onsets, part="train"):
    return pd.DataFrame({"onset": onsets, "image": "a.png", "category": "", "part": part,
                         "test_set": "", "block": "x"})  # fmt: skip


@pytest.mark.parametrize(
    ("onset", "start"), [(0.5, 0), (1.0, 60), (1.004, 60), (1.0042, 61), (8.75, 990)]
)
def test_a_window_begins_half_a_second_before_its_picture(onset, start):
    assert make_windows(trials_at([onset]), 5000, SETTINGS)["start"].tolist() == [start]


def test_windows_that_reach_beyond_the_recording_are_left_out():
    n = 1200  # 10 s
    found = make_windows(trials_at([0.49, 0.5, 8.99, 8.9917, 9.0]), n, SETTINGS)
    assert found["start"].tolist() == [0, 1019, 1019]
    assert (found["start"] + SETTINGS.n_samples <= n).all()


def test_trials_that_the_split_leaves_out_have_no_window():
    trials = pd.concat([trials_at([2.0]), trials_at([4.0], part=""), trials_at([6.0], "test")])
    found = make_windows(trials, 5000, SETTINGS)
    assert found["onset"].tolist() == [2.0, 6.0]
    assert found["block"].tolist() == ["x", "x"]


@pytest.fixture
def prepared(seen, tmp_path):
    """Return a preparer of participant 01 with other trials: its store and its summary."""

    def prepare(change, **signals):
        config = seen.config
        (recording,) = read_viewer(config, card_of(config.data), "01", tmp_path)
        trials = change(seen.trials.query("participant == '01'"), recording.seconds)
        settings = config.signals.model_copy(update=signals)
        stores = prepare_viewer(tmp_path / "01", [recording], trials, settings, seed=1)
        return stores[0], read_json(tmp_path / "01" / "store.json")

    return prepare


def test_windows_outside_the_recording_are_told(prepared):
    def late(trials, seconds):
        onset = trials["onset"].to_numpy().copy()
        onset[-2:] = [seconds - 0.5, seconds - 0.1]
        return trials.assign(onset=onset)

    store, summary = prepared(late)
    assert store.info["trials_outside"] == 2
    (remarks,) = summary["mended"].values()
    assert "2 windows reach beyond the recording, left out" in remarks


def test_a_recording_without_training_windows_is_scaled_by_its_own_and_told(prepared):
    store, summary = prepared(lambda trials, _: trials.assign(part="test"))
    assert store.info["scaled_by_own"]
    assert (store.trials["part"] == "test").all()
    (remarks,) = summary["mended"].values()
    assert any(line.startswith("no training window: scaled by its own") for line in remarks)


def test_the_scaler_sees_training_windows_alone(seen):
    settings = seen.config.signals
    store = open_store(seen.folders["01"] / read_json(seen.folders["01"] / "store.json")
                       ["recordings"][0])  # fmt: skip
    assert not store.info["scaled_by_own"]
    covered = np.zeros(store.signals.shape[1], bool)
    for start in store.trials.query("part == 'train'")["start"]:
        covered[start : start + settings.n_samples] = True
    signals = np.array(store.signals)
    assert (~covered).sum() > 100
    signals[:, ~covered] = 1e6
    found = fit_scaler(signals, store.trials, settings, seed=1, where="")
    assert found.to_dict() == store.info["scaler"]


def test_the_summary_counts_windows_by_part(seen):
    summary = read_json(seen.folders["02"] / "store.json")
    mine = seen.trials.query("participant == '02'")
    assert summary["windows"] == mine["part"].value_counts().to_dict()
    assert summary["shape"][2] == 46
    assert summary["sfreq"] == 30


def test_a_participant_without_recording_is_named(seen, tmp_path):
    with pytest.raises(DataFault, match=r"no recording \[07\]"):
        prepare_viewer(tmp_path / "07", [], seen.trials, SETTINGS, seed=1)
