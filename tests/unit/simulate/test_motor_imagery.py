"""The simulation plants what it states, and its ceiling is that of the optimal decoder."""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from neurodecode.datasets.simulate.motor_imagery import (
    CHANNELS,
    CLASSES,
    MONTAGES,
    OPTIMAL,
    SFREQ,
    Effects,
    _Anatomy,
    _record,
    class_spectra,
    simulate_motor_imagery,
)

N = 512
NEAR_LEFT_HAND = ("C1", "C3", "C5", "FC1", "FC3", "CP1", "CP3", "Cz", "FCz", "CPz")


@cache
def anatomy(seed=0):
    drawn = _Anatomy.draw(np.random.default_rng(seed))
    return drawn, drawn.lead_field(np.random.default_rng(seed + 1))


def spectra(label, seed=0, **effects):
    given = {"desynchronisation": 0.0, "peak_shift": 0.0, "snr": 0.8, "lapses": 0.0, **effects}
    subject, gains = anatomy(seed)
    return class_spectra(subject.mu_hz, subject.strength, gains, Effects(**given), label, N)


def covariance(S, lag=0, band=(8.0, 35.0)):
    """Expected covariance of the band-passed signals with themselves ``lag`` samples later."""
    hz = np.fft.rfftfreq(N, 1 / SFREQ)[1:-1]
    inside = (hz >= band[0]) & (hz <= band[1])
    wave = np.cos(2 * np.pi * hz[inside] * lag / SFREQ)
    return np.einsum("k,kij->ij", wave, S[inside]) * 2 / N


def contrast(lag=0, seed=0, **effects):
    """Difference of the classes' covariances relative to their size."""
    left, right = (covariance(spectra(c, seed, **effects), lag) for c in CLASSES)
    scale = covariance(spectra("rest", seed, **effects))
    return np.linalg.norm(left - right) / np.linalg.norm(scale)


def ceiling(n_trials=200, seeds=(0, 1), **effects):
    """AUC of the optimal decoder, one per simulated subject."""
    given = {"desynchronisation": 0.0, "peak_shift": 0.0, "snr": 0.8, "lapses": 0.0, **effects}
    scores = []
    for seed in seeds:
        _, labels, _, optimal = _record(
            anatomy(seed)[0], Effects(**given), n_trials, np.random.default_rng(seed)
        )
        right = [label == "right_hand" for label in labels]
        scores.append(roc_auc_score(right, optimal[:, 1] - optimal[:, 0]))
    return np.array(scores)


@pytest.mark.parametrize("seed", range(5))
def test_the_peak_shift_shows_in_lagged_covariances_only(seed):
    spatial = contrast(lag=0, seed=seed, peak_shift=1.0)
    lagged = max(contrast(lag=lag, seed=seed, peak_shift=1.0) for lag in (4, 8, 12))
    assert spatial < 0.005
    assert lagged > 10 * spatial
    assert lagged > 0.01


@pytest.mark.parametrize("seed", range(5))
def test_desynchronisation_shows_in_spatial_covariances(seed):
    assert contrast(lag=0, seed=seed, desynchronisation=0.25) > 0.02


def test_without_effects_the_classes_are_the_same():
    np.testing.assert_array_equal(spectra("left_hand"), spectra("right_hand"))
    np.testing.assert_array_equal(spectra("left_hand"), spectra("rest"))


def test_imagining_a_hand_lowers_the_power_over_the_other_side():
    left, right, rest = (
        np.diag(covariance(spectra(c, desynchronisation=0.5), band=(8, 14)))
        for c in (*CLASSES, "rest")
    )
    c3, c4 = CHANNELS.index("C3"), CHANNELS.index("C4")
    assert right[c3] / rest[c3] < left[c3] / rest[c3]
    assert left[c4] / rest[c4] < right[c4] / rest[c4]


def test_cross_spectra_are_positive_definite():
    assert np.linalg.eigvalsh(spectra("left_hand", desynchronisation=0.9)).min() > 0


def test_without_effects_the_ceiling_is_chance():
    """The log-likelihoods tie exactly."""
    assert ceiling().tolist() == [0.5, 0.5]


def test_effects_raise_the_ceiling():
    weak = ceiling(desynchronisation=0.1)
    strong = ceiling(desynchronisation=0.4, peak_shift=2.0)
    assert (strong > weak).all()
    assert (weak > 0.5).all()


@pytest.mark.parametrize("lapses", [0.1, 0.3])
def test_lapses_bound_the_ceiling(lapses):
    """With every imagined hand recognised, the cue is told by a bit that is right 1 - lapses."""
    scores = ceiling(lapses=lapses, desynchronisation=0.9, peak_shift=4.0, snr=3.0)
    error = np.sqrt(lapses * (1 - lapses) / (200 * len(scores)))
    assert abs(scores.mean() - (1 - lapses)) < 4 * error + 0.01


def test_labels_are_balanced_and_onsets_lie_one_trial_apart():
    signals, labels, onsets, _ = _record(
        anatomy()[0], Effects(0.2, 1.0, 0.8, 0.0), 20, np.random.default_rng(0)
    )
    assert [labels.count(c) for c in CLASSES] == [10, 10]
    assert len(set(np.round(np.diff(onsets), 6))) == 1
    assert onsets[-1] + 3.0 <= signals.shape[1] / SFREQ
    assert 1 < signals.std() < 100  # microvolts


def hashes(folder):
    files = [p for p in sorted(folder.rglob("*")) if p.suffix in {".eeg", ".csv"}]
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = []
    for seed in (1, 1, 2):
        found.append(tmp_path_factory.mktemp("sim") / "data")
        simulate_motor_imagery(found[-1], n_subjects=2, n_sessions=1, n_trials=6, random_state=seed)
    return found


def test_the_same_seed_writes_the_same_signals(folders):
    first, second, other = map(hashes, folders)
    assert len(first) == 3
    assert first == second
    assert not set(first.values()) & set(other.values())


def test_every_trial_has_its_optimal_scores(folders):
    table = pd.read_csv(folders[0] / OPTIMAL, dtype={"subject": str, "session": str})
    assert table.groupby(["subject", "session"]).size().to_dict() == {
        ("01", "0"): 6,
        ("02", "0"): 6,
    }
    assert set(table["label"]) == set(CLASSES)


def test_more_subjects_leave_the_first_ones_as_they_are(folders, tmp_path):
    simulate_motor_imagery(
        tmp_path / "data", n_subjects=1, n_sessions=1, n_trials=6, random_state=1
    )
    first = hashes(folders[0])
    alone = {k: v for k, v in hashes(tmp_path / "data").items() if k.suffix == ".eeg"}
    assert len(alone) == 1
    assert alone.items() <= first.items()


def test_64_channels_carry_the_same_sources_at_the_same_mean_gain():
    drawn, few = anatomy()
    many = drawn.lead_field(np.random.default_rng(1), MONTAGES[64])
    assert many.shape == (64, few.shape[1])
    np.testing.assert_allclose(np.square(many).mean(axis=0), np.square(few).mean(axis=0))
    assert set(CHANNELS) < set(MONTAGES[64])
    assert len(set(MONTAGES[64])) == 64
    site = MONTAGES[64].index("C3")
    assert np.abs(many[:, 0]).argmax() in [MONTAGES[64].index(n) for n in NEAR_LEFT_HAND]
    assert np.abs(many[site, 0]) > np.abs(many[MONTAGES[64].index("C4"), 0])
