"""A prepared recording has its windows and a scaler that knows training windows only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.artefacts import read_json
from neurodecode.config import validate
from neurodecode.contrastive.scaling import fit_scaler
from neurodecode.contrastive.speech.config import SentenceSplit
from neurodecode.contrastive.speech.preparation import prepare_listener, write_story
from neurodecode.faults import DataFault
from neurodecode.signals.continuous import ContinuousSection
from neurodecode.signals.robust import RobustScaler
from neurodecode.signals.store import open_store


def parts_of(windows, n_samples, n_times):
    """Return which samples of a recording each part's windows cover."""
    covered = {part: np.zeros(n_times, bool) for part in ("train", "valid", "test")}
    for row in windows.itertuples():
        covered[row.part][row.start : row.start + n_samples] = True
    return covered


def test_the_scaler_does_not_see_test_or_validation_windows(study):
    settings = study.config.signals
    store = open_store(study.heard.folders["01"] / "0")
    covered = parts_of(store.trials, settings.n_samples, store.signals.shape[1])
    assert (covered["test"] & ~covered["train"]).any()
    changed = np.array(store.signals)
    changed[:, ~covered["train"]] = 1e6
    args = (store.trials, settings)
    for signals in (np.array(store.signals), changed):
        found = fit_scaler(signals, *args, seed=1, where="")
        assert found.to_dict() == store.info["scaler"]
    changed[:, covered["train"]] *= 2
    assert fit_scaler(changed, *args, seed=1, where="").to_dict() != store.info["scaler"]


def test_the_scaler_is_fitted_on_as_many_random_windows_as_asked_for(study):
    store = open_store(study.heard.folders["01"] / "0")
    few = study.config.signals.model_copy(update={"scaler_windows": 5})
    found = [fit_scaler(np.array(store.signals), store.trials, few, seed=s, where="")
             for s in (1, 1, 2)]  # fmt: skip
    assert [one.n_windows for one in found] == [5, 5, 5]
    assert found[0].to_dict() == found[1].to_dict() != found[2].to_dict()


def test_the_scaler_fits_baseline_corrected_windows(study):
    settings = study.config.signals
    store = open_store(study.heard.folders["02"] / "0")
    starts = store.trials.query("part == 'train'")["start"]
    cut = np.stack([store.signals[:, s : s + settings.n_samples] for s in starts]).astype(float)
    cut -= cut[..., : settings.n_baseline].mean(axis=-1, keepdims=True)
    expected = RobustScaler.fit(cut)
    np.testing.assert_allclose(store.info["scaler"]["median"], expected.median, atol=1e-4)
    np.testing.assert_allclose(store.info["scaler"]["iqr"], expected.iqr, rtol=1e-4)


def test_a_recording_without_training_windows_is_named(study):
    store = open_store(study.heard.folders["01"] / "0")
    windows = store.trials.query("part == 'test'")
    with pytest.raises(DataFault, match=r"no training window \[here\] -> leave this recording out"):
        fit_scaler(store.signals, windows, study.config.signals, seed=1, where="here")


def test_a_participants_summary_lists_recordings_channels_and_windows(study):
    summary = read_json(study.heard.folders["02"] / "store.json")
    store = open_store(study.heard.folders["02"] / "0")
    assert summary["recordings"] == ["0"]
    assert summary["channels"] == ["Cz", "Pz", "T8"]
    assert summary["windows"] == store.trials["part"].value_counts().to_dict()
    assert summary["shape"] == [len(store.trials), 3, 41]
    assert store.info["words_not_in_story"] == 0
    assert store.info["measured_sfreq"] == 50.0


def test_everybody_has_the_same_sentences_in_the_same_part(study):
    tables = [open_store(folder / "0").trials for folder in study.heard.folders.values()]
    known = pd.concat(tables).explode("sentences").groupby("sentences")["part"].nunique()
    assert (known == 1).all()


def test_a_story_with_an_empty_part_is_refused_before_anything_is_prepared(
    study, new_listener, tmp_path
):
    people = [new_listener(study.audio, "01")]
    split = validate(SentenceSplit, {"test": 1e-9, "min_duration": 0})
    with pytest.raises(DataFault, match=r"40 blocks of sentences, none of them in: test ->"):
        write_story(tmp_path / "story.parquet", people, split)
    assert not (tmp_path / "story.parquet").exists()


def test_a_participant_without_a_recording_is_named(study, tmp_path):
    with pytest.raises(DataFault, match=r"no recording \[07\]"):
        prepare_listener(tmp_path / "07", [], study.story, ContinuousSection(), seed=1)
