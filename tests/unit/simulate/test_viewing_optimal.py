"""The stated forward model is what is in the files, and the optimal decoder is optimal for it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import solve_triangular, toeplitz
from scipy.signal import lfilter, periodogram

from neurodecode.datasets.simulate.background import ORDER, autocovariance, line_waves
from neurodecode.datasets.simulate.forward_model import ForwardModel
from neurodecode.datasets.simulate.recording_files import read_signals
from neurodecode.datasets.simulate.viewing import simulate_viewing
from neurodecode.datasets.simulate.viewing_features import Features
from neurodecode.datasets.simulate.viewing_optimal import (
    optimal_ranks,
    optimal_scores,
    sum_by_image,
)
from neurodecode.datasets.simulate.viewing_participant import viewing_path
from neurodecode.datasets.simulate.viewing_truth import Viewer
from neurodecode.faults import ConfigFault, DataFault

OPTIONS = {
    "pictures": "drawn", "early": ["colour_histogram"], "late": "hog",
    "n_participants": 1, "n_categories": 24, "images_per_category": 4, "n_test_categories": 12,
    "test_repetitions": 5, "n_channels": 10,
}  # fmt: skip
SFREQ = 120


def simulated(folder, **options):
    simulate_viewing(folder, **{**OPTIONS, **options})
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return simulated(tmp_path_factory.mktemp("viewing"), snr=0.4, pops_per_minute=6.0)


@pytest.fixture(scope="module")
def by_level(tmp_path_factory):
    """Data sets in which only one level of features is answered."""
    return {
        level: simulated(tmp_path_factory.mktemp(level), snr=0.5, low_level_share=share)
        for level, share in (("low", 1.0), ("high", 0.0))
    }


def trials(folder, part="test"):
    table = pd.read_csv(next((folder / "sub-01").rglob("*_events.tsv")), sep="\t")
    return table[table["part"] == part].reset_index(drop=True)


def ranks(folder, part="test", **window):
    """Rank every single trial of a part among the pictures of that part."""
    shown = trials(folder, part)
    candidates = sorted(shown["image"].unique())
    scores = optimal_scores(folder, "01", shown, candidates, **window)
    return optimal_ranks(scores, shown["image"], candidates)


@pytest.fixture(scope="module")
def without_alpha(tmp_path_factory):
    return simulated(tmp_path_factory.mktemp("calm"), snr=1.0, pops_per_minute=6.0, alpha_uv=0.0)


def residual(folder):
    """The recording without what the truth explains, whitened in time and space."""
    viewer, features = Viewer.read(folder, "01"), Features.read(folder)
    signals = read_signals(viewing_path(folder, "01"))
    n_samples = signals.shape[1]
    rest = signals - viewer.pop_signal(n_samples)
    rest -= viewer.gains @ viewer.activity(features, n_samples)
    _, innovation = autocovariance(viewer.coefficients, 1)
    white = lfilter(viewer.coefficients, [innovation], rest)[:, ORDER:]
    white = solve_triangular(np.linalg.cholesky(viewer.covariance), white, lower=True)
    waves = line_waves(n_samples, SFREQ)[:, ORDER:]
    return white - white @ np.linalg.pinv(waves) @ waves


def test_what_the_truth_leaves_over_is_white(without_alpha):
    white = residual(without_alpha)
    n_channels, n_samples = white.shape
    tolerance = 5 / np.sqrt(n_samples)
    deviation = white @ white.T / n_samples - np.eye(n_channels)
    assert np.abs(deviation).max() < np.sqrt(2) * tolerance
    for lag in range(1, 40):
        assert np.abs((white[:, lag:] * white[:, :-lag]).mean(axis=1)).max() < tolerance


def test_with_alpha_it_is_not(folder):
    """It is white but for one peak, near 10 Hz."""
    white = residual(folder)
    hz, power = periodogram(white, SFREQ)
    smooth = power.reshape(len(white), -1)[:, : len(hz) // 40 * 40]
    smooth = smooth.reshape(len(white), -1, 40).mean(axis=-1).max(axis=0)
    middle = hz[: len(hz) // 40 * 40].reshape(-1, 40).mean(axis=-1)
    assert middle[smooth.argmax()] == pytest.approx(10, abs=2.5)
    assert smooth.max() > 3 * np.median(smooth)


def test_without_the_response_it_is_not(without_alpha, monkeypatch):
    """The check above would notice a wrong forward model."""
    folder = without_alpha
    monkeypatch.setattr(Viewer, "activity", lambda viewer, _, n: np.zeros((12, n)))
    white = residual(folder)
    deviation = white @ white.T / white.shape[1] - np.eye(len(white))
    assert np.abs(deviation).max() > 10 * np.sqrt(2 / white.shape[1])


@pytest.mark.parametrize("window", [(-0.1, 0.3), (0.4, 0.8), (0.7, 1.2)])
def test_the_log_likelihood_is_that_of_the_gaussian_density(folder, window):
    """Against the plain formula, with a line of any amplitude as a part of the covariance."""
    viewer, features = Viewer.read(folder, "01"), Features.read(folder)
    shown = trials(folder).iloc[::20]
    candidates = features.images[::12]
    scores = optimal_scores(folder, "01", shown, candidates, tmin=window[0], tmax=window[1])
    signals = read_signals(viewing_path(folder, "01"))
    signals = signals - viewer.pop_signal(signals.shape[1])
    first, n = round(window[0] * SFREQ), round((window[1] - window[0]) * SFREQ) + 1
    time = toeplitz(autocovariance(viewer.coefficients, n)[0])
    waves = line_waves(n, SFREQ)
    covariance = np.kron(viewer.covariance, time)
    covariance += np.kron(np.eye(len(signals)), 1e5 * waves.T @ waves)
    rhythm = toeplitz(autocovariance(viewer.alpha_coefficients, n)[0])
    covariance += np.kron(viewer.alpha @ viewer.alpha.T, rhythm)
    inverse = np.linalg.inv(covariance)
    evoked = np.pad(viewer.gains @ viewer.sources(features.rows(candidates)),
                    [(0, 0), (0, 0), (SFREQ, 2 * SFREQ)])  # fmt: skip
    for i, onset in enumerate(shown["onset"]):
        start = round(onset * SFREQ) + first
        expected = evoked[..., SFREQ + first : SFREQ + first + n]
        errors = (signals[:, start : start + n] - expected).reshape(len(candidates), -1)
        plain = -np.einsum("ci,ij,cj->c", errors, inverse, errors, optimize=True) / 2
        difference = scores[i] - plain
        np.testing.assert_allclose(difference, difference[0], atol=0.02)


def test_a_strong_response_is_always_found(tmp_path):
    strong = simulated(tmp_path, snr=4.0)
    assert (ranks(strong) == 1).all()
    assert (ranks(strong, "train") == 1).all()


def test_a_vanishing_response_leaves_chance(tmp_path):
    found = ranks(simulated(tmp_path, snr=1e-6, n_test_categories=24, images_per_category=1))
    error = np.sqrt((24**2 - 1) / 12 / len(found))
    assert abs(found.mean() - 12.5) < 4 * error
    assert np.ptp(found) > 20


def test_no_response_ties_all_candidates(tmp_path):
    assert set(ranks(simulated(tmp_path, snr=0.0))) == {1 + 12 // 2}


def test_before_the_picture_and_long_after_it_there_is_nothing_to_tell(folder):
    assert set(ranks(folder, tmin=-0.5, tmax=0.04)) == {1 + 12 // 2}
    assert set(ranks(folder, tmin=0.95, tmax=1.3)) == {1 + 12 // 2}


def test_a_longer_window_is_ranked_better(folder):
    means = [ranks(folder, tmin=0.0, tmax=tmax).mean() for tmax in (0.08, 0.15, 0.3, 1.0)]
    assert means == sorted(means, reverse=True)
    assert means[-1] < 0.6 * means[0]


@pytest.mark.parametrize(
    ("level", "strong", "weak"),
    [
        ("low", (0.05, 0.2), (0.3, 0.5)),
        ("high", (0.3, 0.5), (0.05, 0.15)),
        ("low", (0.6, 0.75), (0.3, 0.5)),
        ("high", (0.6, 0.75), (0.75, 0.85)),
    ],
)
def test_low_level_features_are_seen_early_high_level_ones_late_and_both_at_the_offset(
    by_level, level, strong, weak
):
    better, worse = (
        ranks(by_level[level], tmin=tmin, tmax=tmax).mean() for tmin, tmax in (strong, weak)
    )
    assert better < worse - 0.5


def test_repetitions_together_are_ranked_better(tmp_path):
    faint = simulated(tmp_path, snr=0.25)
    shown = trials(faint)
    candidates = sorted(shown["image"].unique())
    scores = optimal_scores(faint, "01", shown, candidates)
    sums, images = sum_by_image(scores, shown["image"])
    assert images == list(shown["image"].unique())
    np.testing.assert_allclose(
        sums[0], scores[(shown["image"] == images[0]).to_numpy()].sum(axis=0)
    )
    single = optimal_ranks(scores, shown["image"], candidates)
    together = optimal_ranks(sums, images, candidates)
    assert together.mean() < 0.75 * single.mean()


def test_what_other_trials_evoke_is_taken_out_where_responses_overlap(tmp_path):
    crowded = simulated(tmp_path, snr=4.0, soa=0.3, jitter=0.05, duration=0.1)
    viewer = Viewer.read(crowded, "01")
    assert np.diff(viewer.onsets).min() < viewer.kernels.shape[2]
    inside = {"tmin": -0.1, "tmax": 0.5}
    assert (ranks(crowded, **inside) == 1).all()


def test_no_simple_decoder_ranks_better(tmp_path):
    """Ridge regression from epochs to the features that the brain follows, both parts of it."""
    from sklearn.linear_model import RidgeCV

    size = {"n_categories": 150, "images_per_category": 3, "test_repetitions": 3}
    folder = simulated(tmp_path, **size, snr=0.4)
    features = Features.read(folder)
    signals = read_signals(viewing_path(folder, "01"))
    seen, tested = trials(folder, "train"), trials(folder)
    seen = seen[~seen["category"].isin(tested["category"])]

    def epochs(shown):
        first = np.rint(shown["onset"].to_numpy() * SFREQ).astype(int)
        cut = np.stack([signals[:, at - 12 : at + SFREQ] for at in first])
        cut = cut - cut[..., :12].mean(axis=-1, keepdims=True)
        return np.clip(cut[..., 12::3].reshape(len(cut), -1), -200, 200)

    ridge = RidgeCV(np.logspace(0, 8, 9)).fit(epochs(seen), features.rows(seen["image"])[:, 1:])
    candidates = sorted(tested["image"].unique())
    predicted = ridge.predict(epochs(tested))
    scores = predicted @ features.rows(candidates)[:, 1:].T
    simple = optimal_ranks(scores, tested["image"], candidates)
    assert simple.mean() < 6
    assert ranks(folder, tmin=-0.1, tmax=1.0).mean() < 0.8 * simple.mean()


def test_a_decoder_that_does_not_know_of_the_alpha_rhythm_ranks_worse(tmp_path, monkeypatch):
    loud = simulated(tmp_path, snr=0.2, alpha_uv=40.0)
    right = ranks(loud)
    monkeypatch.setattr(Viewer, "rhythm", ForwardModel.rhythm)
    assert ranks(loud).mean() > right.mean() + 0.3


def test_a_wrong_head_ranks_worse(folder, monkeypatch):
    right = ranks(folder)
    viewer = Viewer.read(folder, "01")
    wrong = dataclasses.replace(viewer, kernels=viewer.kernels[::-1])
    monkeypatch.setattr(Viewer, "read", lambda *_: wrong)
    assert ranks(folder).mean() > right.mean() + 0.5


def test_ranks_are_among_the_candidates_given():
    scores = np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 0.0]])
    assert optimal_ranks(scores, ["b", "a"], ["a", "b", "c"]).tolist() == [3, 2]
    with pytest.raises(DataFault, match="unknown candidate 'cat-1', did you mean 'cat_1'"):
        optimal_ranks(scores[:1], ["cat-1"], ["cat_1", "dog", "owl"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"onset": 0.5}, "does not appear at 0.500 s .*subject 01.*from the recording's events"),
        ({"image": "category-001/category-001_01.png"}, "'category-001/category-001_01.png' does"),
        ({"candidates": ["category-01/category-01_01.png"]}, "unknown picture .* did you mean"),
        ({"subject": "1"}, "did you mean '01'"),
        ({"tmax": 1e4}, "leaves the recording"),
    ],
)
def test_wrong_trials_are_refused(folder, change, message):
    shown = trials(folder).iloc[:1]
    for name in ("onset", "image"):
        if name in change:
            shown = shown.assign(**{name: change[name]})
    candidates = change.get("candidates", list(Features.read(folder).images[:2]))
    with pytest.raises(DataFault, match=message):
        optimal_scores(
            folder, change.get("subject", "01"), shown, candidates, tmax=change.get("tmax", 1.0)
        )


def test_a_window_that_ends_before_it_begins_is_refused(folder):
    with pytest.raises(ConfigFault, match=r"window from 0\.5 to 0\.2 s"):
        optimal_scores(folder, "01", trials(folder), ["a"], tmin=0.5, tmax=0.2)
