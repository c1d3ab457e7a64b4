"""Simulated populations: files, wiring and drives are what the model states; ceilings hold."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurodecode.datasets import find_card
from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.simulate import SIMULATORS
from neurodecode.datasets.simulate.spiking import simulate_session
from neurodecode.datasets.simulate.spiking_circuit import REFRACTORY
from neurodecode.datasets.simulate.spiking_dynamics import bin_session, true_rates
from neurodecode.datasets.simulate.spiking_optimal import (
    frame_log_likelihood,
    latent_grid,
    optimal_counts,
    optimal_speed,
    optimal_windows,
)
from neurodecode.datasets.simulate.spiking_settings import Settings
from neurodecode.datasets.simulate.spiking_truth import SpikingTruth
from neurodecode.datasets.spiking import spiking_loader
from neurodecode.evaluation import bits_per_spike, pearson_r, r_squared
from neurodecode.faults import ConfigFault, DataFault

CATALOG = Path(__file__).parents[3] / "data" / "catalog"
SMALL = {"n_units": 12, "seconds": 40.0, "n_hubs": 2}
read = spiking_loader("simulated-spiking")


@pytest.fixture(scope="module")
def drawn():
    """Two minutes of 30 units, with their truth."""
    return simulate_session(Settings(n_units=30, seconds=120.0, n_hubs=4, bin_seconds=0.01))


def test_the_files_give_back_session_and_truth(tmp_path):
    SIMULATORS["spiking"](tmp_path, n_sessions=2, **SMALL)
    first, second = read(tmp_path, "01")
    assert (first.n_units, first.duration) == (12, 40.0)
    assert first.trials["stimulus"].value_counts().tolist() == [2, 2, 2, 2]
    assert not np.array_equal(first.times[:50], second.times[:50])
    made, truth = simulate_session(Settings(**SMALL))
    np.testing.assert_array_equal(first.times, made.times)
    stored = SpikingTruth.read(tmp_path, "01", "01")
    np.testing.assert_array_equal(stored.weights, truth.weights)
    assert (stored.bin_seconds, stored.session) == (0.005, "01")
    with pytest.raises(DataFault, match="file not found"):
        SpikingTruth.read(tmp_path, "01", "03")


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path):
    hashes = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        SIMULATORS["spiking"](tmp_path / name, random_state=seed, **SMALL)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        hashes.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def test_the_card_fetches_the_simulation(tmp_path):
    fetch(find_card("simulated-spiking", [CATALOG]), root=tmp_path, options=SMALL)
    assert read(tmp_path / "simulated-spiking", "01")[0].n_units == 12


def test_the_wiring_has_hubs_signs_and_no_loop(drawn):
    _, truth = drawn
    wired = truth.connections
    assert not wired[truth.hubs].any()
    n_driven = wired.sum(axis=0)
    assert n_driven[truth.hubs].min() > np.delete(n_driven, truth.hubs).max()
    for source in range(30):
        signs = np.sign(truth.weights[wired[:, source], source])
        assert len(set(signs)) <= 1
    assert np.sign(truth.weights[wired[:, truth.hubs[2]], truth.hubs[2]]).tolist() == [-1] * int(
        n_driven[truth.hubs[2]]
    )
    assert (np.diag(truth.weights) == REFRACTORY).all()
    power = np.linalg.matrix_power(wired.astype(float), 30)
    assert not power.any()


def test_spikes_follow_the_rates_that_the_truth_states(drawn):
    session, truth = drawn
    counts, expected = optimal_counts(truth, session)
    assert counts.sum() == len(session.times)
    total, wanted = counts.sum(axis=0), expected.sum(axis=0)
    assert np.max(np.abs(total - wanted) / np.sqrt(wanted)) < 4
    high = expected > np.quantile(expected, 0.95)
    assert counts[high].sum() == pytest.approx(expected[high].sum(), rel=0.05)


def test_a_spike_of_a_hub_moves_its_targets_after_the_delay_and_nothing_else(drawn):
    _, truth = drawn
    hub = int(truth.hubs[0])
    silent = np.zeros((truth.n_bins, 30), dtype=np.int64)
    one = silent.copy()
    one[100, hub] = 1
    ratio = np.log(true_rates(truth, one) / true_rates(truth, silent))
    for unit in np.flatnonzero(truth.connections[:, hub]):
        delay = truth.delays[unit, hub]
        assert not ratio[: 100 + delay, unit].any()
        assert ratio[100 + delay, unit] == pytest.approx(truth.weights[unit, hub])
        assert ratio[101 + delay, unit] == pytest.approx(truth.weights[unit, hub] / np.e)
    untouched = ~truth.connections[:, hub] & (np.arange(30) != hub)
    assert not ratio[:, untouched].any()


def test_drives_have_the_asked_strength_and_can_be_left_out():
    _, truth = simulate_session(Settings(n_units=20, seconds=60.0, n_hubs=2, stimulus_gain=0.5))
    shown = truth.drive[truth.drive.any(axis=1)]
    sees = truth.fields.any(axis=(1, 2))
    assert 0 < sees.sum() < 20
    np.testing.assert_allclose(shown[:, sees].std(axis=0), 0.5, rtol=0.1)
    assert set(np.round(np.abs(truth.loadings), 6)) == {0.0, 0.6}
    plain, bare = simulate_session(
        Settings(n_units=20, seconds=9.0, n_stimuli=0, coupling=0.0, behaviour_gain=0.0)
    )
    assert plain.trials is None
    assert plain.stimulus is None
    assert not bare.drive.any()
    off = bare.weights - np.diag(np.diag(bare.weights))
    assert not off.any()


def test_no_constant_or_partial_model_beats_the_true_intensity(drawn):
    session, truth = drawn
    counts, expected = optimal_counts(truth, session)
    mean = counts.mean(axis=0)
    best = bits_per_spike(counts, expected, mean)
    assert best > 0.2
    for change in ({"loadings": truth.loadings * 0}, {"drive": truth.drive * 0}):
        partial = true_rates(replace(truth, **change), counts) * truth.bin_seconds
        partial *= mean / partial.mean(axis=0)
        assert bits_per_spike(counts, partial, mean) < best


def test_more_evidence_decodes_the_speed_better_and_none_decodes_its_mean(drawn):
    session, truth = drawn
    scores = [
        r_squared(truth.speed, optimal_speed(truth, session, n_frames=1)),
        r_squared(truth.speed, optimal_speed(truth, session)),
        r_squared(truth.speed, optimal_speed(truth, session, smooth=True)),
    ]
    assert scores == sorted(scores)
    assert scores[0] > 0.2
    blind = optimal_speed(replace(truth, loadings=truth.loadings * 0), session, n_frames=1)
    assert np.ptp(blind) < 1e-6
    with pytest.raises(ConfigFault, match="together with smooth"):
        optimal_speed(truth, session, n_frames=2, smooth=True)


def test_the_posterior_is_that_of_bayes_rule(drawn):
    session, truth = drawn
    grid = latent_grid(truth)
    evidence = frame_log_likelihood(truth, session, grid)
    counts = bin_session(truth, session.times, session.units)
    frame, per_frame = 700, truth.bins_per_frame
    rows = slice(frame * per_frame, (frame + 1) * per_frame)
    by_hand = []
    for value in grid[[20, 45, 60]]:
        latent = truth.latent.copy()
        latent[frame] = value
        mean = true_rates(replace(truth, latent=latent), counts)[rows] * truth.bin_seconds
        by_hand.append(np.sum(counts[rows] * np.log(mean) - mean))
    difference = evidence[frame, [20, 45, 60]] - by_hand
    np.testing.assert_allclose(difference, difference[0], atol=1e-8)


def test_windows_drawn_from_the_truth_have_its_rates(drawn):
    session, truth = drawn
    starts = np.arange(1.0, 118.0, 0.5)
    rng = np.random.default_rng(0)
    windows = np.mean([optimal_windows(truth, session, starts, 0.05, rng) for _ in range(40)], 0)
    _, expected = optimal_counts(truth, session)
    first = expected[np.round(starts / 0.01).astype(int)]
    assert windows.shape == (len(starts), 5, 30)
    assert windows[:, 0].sum() == pytest.approx(first.sum(), rel=0.03)
    assert pearson_r(windows[:, 0].ravel(), first.ravel()) > 0.8
    with pytest.raises(ConfigFault, match="the session lasts 120 s"):
        optimal_windows(truth, session, np.array([119.99]), 0.05, rng)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_hubs": 60}, "60 hubs among 60 units"),
        ({"bin_seconds": 0.004}, "does not divide a frame"),
        ({"seconds": 10.0}, "no room for one trial of each stimulus"),
        ({"tuned_share": 1.5}, "give 0 to 1"),
        ({"coupling": -1.0}, "give 0 or more"),
        ({"n_units": 2000, "seconds": 3600.0}, r"need \d+\.\d GiB"),
        ({"n_sessions": 0}, "give 1 or more"),
    ],
)
def test_options_out_of_range_are_told_before_anything_is_drawn(tmp_path, options, words):
    with pytest.raises(ConfigFault, match=words):
        SIMULATORS["spiking"](tmp_path, **options)


def test_sixty_units_take_seconds():
    started = time.process_time()
    simulate_session(Settings(seconds=60.0))
    assert time.process_time() - started < 5  # 20 minutes take 20 times as long at most
