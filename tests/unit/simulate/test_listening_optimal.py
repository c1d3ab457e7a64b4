"""The stated forward model is what is in the files, and the optimal decoder is optimal for it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import solve_triangular, toeplitz
from scipy.signal import lfilter

from neurodecode.datasets.simulate.background import (
    ORDER,
    autocovariance,
    draw_background,
    line_waves,
    pink_coefficients,
    time_whitener,
)
from neurodecode.datasets.simulate.listening import simulate_listening
from neurodecode.datasets.simulate.listening_files import listening_path
from neurodecode.datasets.simulate.listening_optimal import (
    optimal_log_likelihood,
    optimal_ranks,
)
from neurodecode.datasets.simulate.listening_truth import Listener, read_story
from neurodecode.datasets.simulate.optimal import ranks_of
from neurodecode.datasets.simulate.recording_files import read_signals
from neurodecode.faults import DataFault

SUBJECTS = ("01", "02")


def simulated(folder, **options):
    given = {"n_participants": 2, "n_sentences": 12, "n_channels": 8, **options}
    simulate_listening(folder, **given)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return simulated(tmp_path_factory.mktemp("listening"), snr=0.5, pops_per_minute=6.0)


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    return simulated(tmp_path_factory.mktemp("silent"), snr=1e-6)


def windows(folder, step=1.0, duration=3.0):
    """Queries every ``step`` seconds of every sound, and the same segments as candidates."""
    truth = Listener.read(folder, "01")
    rows = [
        (sound, start, start + truth.onsets[sound] / truth.sfreq)
        for sound, latents in read_story(folder).items()
        for start in np.arange(0, latents.acoustic.shape[1] / truth.sfreq - duration, step)
    ]
    table = pd.DataFrame(rows, columns=["sound", "start", "at"])
    queries = pd.DataFrame({"start": table["at"], "candidate": range(len(table))})
    return queries, table[["sound", "start"]]


def residual(folder, subject):
    """The recording without what the truth explains, whitened in time and space."""
    truth = Listener.read(folder, subject)
    signals = read_signals(listening_path(folder, subject))
    n_samples = signals.shape[1]
    rest = signals - truth.pop_signal(n_samples) - truth.response(read_story(folder), n_samples)
    _, innovation = autocovariance(truth.coefficients, 1)
    white = lfilter(truth.coefficients, [innovation], rest)[:, ORDER:]
    white = solve_triangular(np.linalg.cholesky(truth.covariance), white, lower=True)
    waves = line_waves(n_samples, truth.sfreq)[:, ORDER:]
    return white - white @ np.linalg.pinv(waves) @ waves


@pytest.mark.parametrize("subject", SUBJECTS)
def test_what_the_truth_leaves_over_is_white(folder, subject):
    white = residual(folder, subject)
    n_channels, n_samples = white.shape
    tolerance = 5 / np.sqrt(n_samples)
    deviation = white @ white.T / n_samples - np.eye(n_channels)
    assert np.abs(deviation).max() < np.sqrt(2) * tolerance
    for lag in range(1, 40):
        assert np.abs((white[:, lag:] * white[:, :-lag]).mean(axis=1)).max() < tolerance


def test_without_the_response_it_is_not(folder, monkeypatch):
    """The check above would notice a wrong forward model."""
    monkeypatch.setattr(
        "neurodecode.datasets.simulate.listening_truth.Listener.response", lambda *_: 0.0
    )
    white = residual(folder, "01")
    deviation = white @ white.T / white.shape[1] - np.eye(len(white))
    assert np.abs(deviation).max() > 10 * np.sqrt(2 / white.shape[1])


def test_pink_noise_falls_as_one_over_f_and_is_stationary():
    coefficients = pink_coefficients()
    assert np.abs(np.roots(coefficients)).max() < 1
    power = 1 / np.abs(np.fft.rfft(coefficients, 1024)) ** 2
    hz = np.fft.rfftfreq(1024, 1 / 128)
    band = (hz > 4) & (hz < 40)
    assert np.polyfit(np.log(hz[band]), np.log(power[band]), 1)[0] == pytest.approx(-1, abs=0.15)


def test_the_background_has_the_stated_covariance_in_space_and_time():
    coefficients, covariance = pink_coefficients(), np.array([[2.0, 0.9], [0.9, 1.0]])
    noise = draw_background(coefficients, covariance, 200_000, np.random.default_rng(0))
    expected, _ = autocovariance(coefficients, 4)
    for lag in range(4):
        found = noise[:, lag:] @ noise[:, : noise.shape[1] - lag].T / noise.shape[1]
        np.testing.assert_allclose(found, covariance * expected[lag], atol=0.1)


def test_the_whitener_inverts_the_autocovariance():
    coefficients = pink_coefficients()
    whitener = time_whitener(coefficients, 100)
    covariance = toeplitz(autocovariance(coefficients, 100)[0])
    np.testing.assert_allclose(whitener @ covariance @ whitener.T, np.eye(100), atol=1e-10)


def test_the_log_likelihood_is_that_of_the_gaussian_density(folder):
    """Against the plain formula, with a line of any amplitude as a part of the covariance."""
    truth, story = Listener.read(folder, "01"), read_story(folder)
    queries, candidates = windows(folder, step=8.0, duration=0.5)
    scores = optimal_log_likelihood(
        folder, "01", queries["start"].to_numpy(), candidates, duration=0.5
    )
    signals = read_signals(listening_path(folder, "01"))
    signals = signals - truth.pop_signal(signals.shape[1])
    n, waves = 64, line_waves(64, truth.sfreq)
    time = toeplitz(autocovariance(truth.coefficients, n)[0])
    covariance = np.kron(truth.covariance, time)
    covariance += np.kron(np.eye(len(signals)), 1e5 * waves.T @ waves)
    inverse = np.linalg.inv(covariance)
    (sound,) = story
    heard = truth.gains @ truth.sources(story[sound])
    for i, start in enumerate(queries["start"]):
        first = round(start * truth.sfreq)
        window = signals[:, first : first + n]
        plain = []
        for begin in candidates["start"]:
            at = round(begin * truth.sfreq)
            error = (window - heard[:, at : at + n]).ravel()
            plain.append(-error @ inverse @ error / 2)
        difference = scores[i] - np.array(plain)
        np.testing.assert_allclose(difference, difference[0], atol=0.02)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_strong_response_is_always_found(subject, tmp_path):
    strong = simulated(tmp_path, snr=5.0)
    assert (optimal_ranks(strong, subject, *windows(strong)) == 1).all()


def test_a_vanishing_response_leaves_chance(silent):
    """Windows 3 s apart are all but independent; their ranks are uniform."""
    queries, candidates = windows(silent, step=3.0)
    ranks = np.concatenate([optimal_ranks(silent, s, queries, candidates) for s in SUBJECTS])
    n = len(candidates)
    error = np.sqrt((n**2 - 1) / 12 / len(ranks))
    assert abs(ranks.mean() - (n + 1) / 2) < 4 * error


def test_no_response_ties_all_candidates(tmp_path):
    none = simulated(tmp_path, snr=0.0, n_sentences=3)
    queries, candidates = windows(none)
    assert set(optimal_ranks(none, "01", queries, candidates)) == {1 + len(candidates) // 2}


def test_a_wrong_head_ranks_worse(folder, monkeypatch):
    queries, candidates = windows(folder)
    right = optimal_ranks(folder, "01", queries, candidates)
    truth = Listener.read(folder, "01")
    wrong = dataclasses.replace(truth, gains=truth.gains[:, ::-1])
    monkeypatch.setattr(Listener, "read", lambda *_: wrong)
    assert optimal_ranks(folder, "01", queries, candidates).mean() > right.mean()


def test_ties_count_as_their_average_rounded_up():
    scores = np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 0.0], [2.0, 2.0, 2.0], [0.0, 5.0, 5.0]])
    assert ranks_of(scores, np.array([0, 0, 1, 0])).tolist() == [1, 2, 2, 3]


def test_a_segment_may_begin_before_its_sound(folder):
    queries, candidates = windows(folder, step=5.0)
    early = queries.assign(start=queries["start"] - 0.5)
    ranks = optimal_ranks(folder, "01", early, candidates.assign(start=candidates["start"] - 0.5))
    assert len(ranks) == len(candidates)
    assert ranks.mean() < len(candidates) / 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": -1.0}, "leaves the recording"),
        ({"start": 1e4}, "leaves the recording"),
        ({"sound": "chapter-1.wav"}, "did you mean 'chapter-01.wav'"),
        ({"subject": "1"}, "did you mean '01'"),
    ],
)
def test_wrong_windows_are_refused(folder, change, message):
    queries, candidates = windows(folder, step=10.0)
    if "start" in change:
        queries["start"] = change["start"]
    if "sound" in change:
        candidates["sound"] = change["sound"]
    with pytest.raises(DataFault, match=message):
        optimal_ranks(folder, change.get("subject", "01"), queries, candidates)
