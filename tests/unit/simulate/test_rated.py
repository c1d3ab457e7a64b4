"""Simulated viewers of clips: files, ratings and nuisances are what the model states."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from neurodecode.datasets import find_card
from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.rated import rated_loader
from neurodecode.datasets.rated.epoc import CHANNELS
from neurodecode.datasets.simulate import SIMULATORS
from neurodecode.datasets.simulate.forward_model import TRUTH
from neurodecode.datasets.simulate.rated import simulate_rated
from neurodecode.datasets.simulate.rated_latents import rate
from neurodecode.datasets.simulate.rated_sources import LOADINGS, RATINGS, SOURCES
from neurodecode.datasets.simulate.rated_truth import RatedViewer
from neurodecode.faults import ConfigFault, DataFault

CATALOG = Path(__file__).parents[3] / "data" / "catalog"
SMALL = {"n_subjects": 2, "n_clips": 6, "seconds": 3.0, "baseline_seconds": 2.0}
SILENT = {"clip_identity": 0.0, "drift": 0.0}
BANDS_HZ = ((4, 8), (8, 13), (14, 29), (30, 45))
read = rated_loader("simulated-rated")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("rated")
    simulate_rated(path, **SMALL)
    return path


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }


def clips_of(folder):
    return pd.read_parquet(folder / TRUTH / "clips.parquet").set_index("clip")


def test_the_files_hold_what_was_asked_for(folder):
    for subject in ("01", "02"):
        (recording,) = read(folder, subject)
        assert recording.channel_names == list(CHANNELS)
        assert {array.shape for array in recording.signals} == {(14, 384)}
        assert {array.shape for array in recording.baselines} == {(14, 256)}
        assert sorted(recording.table["clip"]) == [f"clip-{k:02d}" for k in range(1, 7)]
        assert set(recording.table[list(RATINGS)].to_numpy().ravel()) <= {1, 2, 3, 4, 5}
        spread = np.std(recording.signals[0], axis=1)
        assert (spread > 3).all()
        assert (spread < 100).all()


def test_the_card_fetches_it_and_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    fetch(find_card("simulated-rated", [CATALOG]), root=tmp_path, options=SMALL)
    again = hashes(tmp_path / "simulated-rated")
    again.pop("manifest.json", None)
    assert again == hashes(folder)
    other = tmp_path / "other"
    SIMULATORS["rated"](other, **SMALL, random_state=1)
    changed = hashes(other)
    assert all(changed[name] != again[name] for name in again if name != "description.json")


def test_further_subjects_leave_the_first_ones_as_they_are(folder, tmp_path):
    simulate_rated(tmp_path, **{**SMALL, "n_subjects": 1})
    found, whole = hashes(tmp_path), hashes(folder)
    assert found.items() <= whole.items()
    assert len(found) < len(whole)


def test_ratings_are_the_fifths_of_what_was_felt(folder):
    viewer = RatedViewer.read(folder, "01")
    (recording,) = read(folder, "01")
    assert recording.table["clip"].tolist() == list(viewer.clips)
    np.testing.assert_array_equal(recording.table[list(RATINGS)], rate(viewer.felt))
    assert rate(np.array([-9, -0.85, -0.84, 0.25, 0.26, 9])).tolist() == [1, 1, 2, 3, 4, 5]
    with pytest.raises(DataFault, match="unknown participant"):
        RatedViewer.read(folder, "03")


def test_log_power_is_own_felt_and_the_signature_of_the_clip(folder):
    viewer, clips = RatedViewer.read(folder, "02"), clips_of(folder)
    signatures = clips.loc[list(viewer.clips), [source.name for source in SOURCES]].to_numpy()
    expected = viewer.offsets + viewer.effect * viewer.felt @ LOADINGS.T + signatures
    np.testing.assert_allclose(viewer.log_power, expected)


def test_people_agree_about_a_clip_as_far_as_their_deviation_says(tmp_path):
    options = {"n_subjects": 2, "n_clips": 400, "seconds": 0.1, "baseline_seconds": 0.0}
    for deviation in (0.0, 0.3, 1.0):
        folder = tmp_path / str(deviation)
        simulate_rated(folder, **options, deviation=deviation)
        felt = [
            pd.DataFrame(viewer.felt, viewer.clips).sort_index()[0]
            for viewer in (RatedViewer.read(folder, label) for label in ("01", "02"))
        ]
        assert np.corrcoef(felt)[0, 1] == pytest.approx(1 - deviation, abs=0.1)
        counts = np.bincount(rate(felt[0].to_numpy()), minlength=6)[1:]
        np.testing.assert_allclose(counts / 400, 0.2, atol=0.06)


@pytest.mark.parametrize("name", ["clip_identity", "drift", "subject_gain"])
def test_each_nuisance_has_the_strength_that_is_asked_for_and_no_other(tmp_path, name):
    silent = {"clip_identity": 0.0, "drift": 0.0, "subject_gain": 0.0}
    simulate_rated(
        tmp_path,
        n_subjects=8,
        n_clips=40,
        seconds=30.0,
        baseline_seconds=0.0,
        **{**silent, name: 0.6},
    )
    viewers = [RatedViewer.read(tmp_path, f"{k:02d}") for k in range(1, 9)]
    found = {
        "clip_identity": clips_of(tmp_path)[[source.name for source in SOURCES]].to_numpy(),
        "drift": np.stack([viewer.drift for viewer in viewers]),
        "subject_gain": np.stack([viewer.offsets for viewer in viewers]),
    }
    for key, values in found.items():
        assert values.std() == pytest.approx(0.6 if key == name else 0.0, rel=0.2)


def test_rhythms_of_the_recording_have_the_power_of_the_truth(tmp_path):
    simulate_rated(tmp_path, n_subjects=1, n_clips=24, seconds=20.0, baseline_seconds=0.0)
    viewer, (recording,) = RatedViewer.read(tmp_path, "01"), read(tmp_path, "01")
    alpha = [place for place, source in enumerate(SOURCES) if source.band == "alpha"]
    unmixing = np.linalg.pinv(viewer.gains[:, alpha])
    felt = []
    for signals in recording.signals:
        spectra = (
            np.abs(np.fft.rfft(unmixing @ (signals - signals.mean(axis=1, keepdims=True)))) ** 2
        )
        hertz = np.fft.rfftfreq(signals.shape[1], 1 / 128)
        felt.append(np.log(spectra[:, (hertz > 8) & (hertz < 12)].mean(axis=1)))
    for place, measured in zip(alpha, np.transpose(felt), strict=True):
        assert np.corrcoef(measured, viewer.log_power[:, place])[0, 1] > 0.8


def features(signals, n_samples=128):
    """Return the log power of each channel in each band, by window of a second."""
    windows = signals[:, : signals.shape[1] // n_samples * n_samples].reshape(14, -1, n_samples)
    windows = (windows - windows.mean(axis=-1, keepdims=True)) * np.hanning(n_samples)
    power = np.abs(np.fft.rfft(windows)) ** 2
    hertz = np.fft.rfftfreq(n_samples, 1 / 128)
    bands = [power[..., (hertz >= low) & (hertz < high)].mean(axis=-1) for low, high in BANDS_HZ]
    return np.log(np.concatenate(bands)).T


def accuracy(folder, subject, n_folds=5):
    """Return the accuracy of a linear classifier in folds of time blocks, and of whole clips."""
    (recording,) = read(folder, subject)
    by_clip = [features(signals) for signals in recording.signals]
    n_clips, n_windows = len(by_clip), len(by_clip[0])
    windows, levels = np.concatenate(by_clip), np.repeat(recording.table["valence"], n_windows)
    levels = levels.to_numpy()
    blocks = np.tile(np.arange(n_windows) * n_folds // n_windows, n_clips)
    order = np.random.default_rng(0).permutation(n_clips) % n_folds
    found = []
    for folds in (blocks, np.repeat(order, n_windows)):
        hits = []
        for fold in range(n_folds):
            train, test = folds != fold, folds == fold
            model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
            model.fit(windows[train], levels[train])
            hits.append(model.predict(windows[test]) == levels[test])
        found.append(np.concatenate(hits).mean())
    return found


def mean_accuracy(folder, subjects):
    return np.mean([accuracy(folder, subject) for subject in subjects], axis=0)


def test_time_blocks_flatter_where_clips_have_an_identity(tmp_path):
    simulate_rated(tmp_path, n_subjects=3, seconds=20.0, baseline_seconds=0.0)
    blocks, clips = mean_accuracy(tmp_path, ("01", "02", "03"))
    assert blocks > 0.65
    assert clips < 0.45
    assert blocks - clips > 0.3


def test_the_gap_vanishes_with_the_nuisances(tmp_path):
    options = {"n_subjects": 2, "n_clips": 120, "seconds": 5.0, "baseline_seconds": 0.0}
    gaps, honest = {}, {}
    for name, nuisance in (("loud", {}), ("silent", SILENT)):
        simulate_rated(tmp_path / name, **options, **nuisance)
        blocks, honest[name] = mean_accuracy(tmp_path / name, ("01", "02"))
        gaps[name] = blocks - honest[name]
    assert gaps["loud"] > 0.1
    assert abs(gaps["silent"]) < 0.05
    assert min(honest.values()) > 0.3  # above the chance level of a fifth


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_subjects": 0}, "n_subjects 0"),
        ({"n_clips": 0}, "n_clips 0"),
        ({"seconds": 0.001}, "clips of 0.001 s"),
        ({"baseline_seconds": -1.0}, "baseline_seconds -1"),
        ({"deviation": 1.2}, "deviation 1.2 -> give 0 to 1"),
        ({"clip_identity": -0.1}, "clip_identity -0.1 -> give 0 or more"),
        ({"drift": -1.0}, "drift -1"),
        ({"effect": -1.0}, "effect -1"),
    ],
)
def test_options_out_of_range_are_refused(tmp_path, options, words):
    with pytest.raises(ConfigFault, match=words):
        simulate_rated(tmp_path, **{**SMALL, **options})
