"""Simulated animals on a track: movement and cells are what the model states; ceilings hold."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import poisson

from neurodecode.datasets import find_card
from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.simulate import SIMULATORS
from neurodecode.datasets.simulate.spiking_settings import FRAME_S
from neurodecode.datasets.simulate.track import simulate_session
from neurodecode.datasets.simulate.track_optimal import (
    optimal_counts,
    optimal_position,
    optimal_speed,
    state_rates,
)
from neurodecode.datasets.simulate.track_settings import TrackSettings
from neurodecode.datasets.simulate.track_truth import TrackTruth
from neurodecode.datasets.spiking import spiking_loader
from neurodecode.evaluation import bits_per_spike, r_squared
from neurodecode.faults import ConfigFault
from neurodecode.spikes.baselines.position import BayesianPositionDecoder

CATALOG = Path(__file__).parents[3] / "data" / "catalog"
SMALL = {"n_units": 8, "seconds": 60.0, "floor_hz": 1.0}
SHORT = {"n_units": 5, "seconds": 20.0, "track_cm": 20.0, "rest_seconds": 0.5, "floor_hz": 2.0}
read = spiking_loader("simulated-track")


@pytest.fixture(scope="module")
def drawn():
    """Five minutes of 30 cells, with their truth."""
    return simulate_session(TrackSettings(n_units=30, seconds=300.0, track_cm=120.0))


@pytest.fixture(scope="module")
def position(drawn):
    """The posterior mean of the position given 0.2 s, and given all the past."""
    return {n: optimal_position(drawn[1], drawn[0], n_frames=n) for n in (4, None)}


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def error(truth, decoded):
    return np.sqrt(np.mean((decoded - truth.position) ** 2))


def test_the_files_give_back_session_and_truth(tmp_path):
    SIMULATORS["track"](tmp_path, **SMALL)
    (session,) = read(tmp_path, "01")
    made, _ = simulate_session(TrackSettings(**SMALL))
    np.testing.assert_array_equal(session.times, made.times)
    stored = TrackTruth.read(tmp_path, "01", "01")
    np.testing.assert_array_equal(session.series("position").values, stored.position)
    np.testing.assert_array_equal(session.series("speed").values, stored.speed)
    np.testing.assert_allclose(np.diff(session.series("speed").times), 0.05)
    assert (stored.track_cm, stored.fields.shape) == (200.0, (8, 2, 201))


def test_the_seed_decides_and_further_sessions_leave_the_first_ones_as_they_are(tmp_path):
    few, many, other = tmp_path / "few", tmp_path / "many", tmp_path / "other"
    SIMULATORS["track"](few, **SMALL)
    SIMULATORS["track"](many, n_subjects=2, n_sessions=2, **SMALL)
    SIMULATORS["track"](other, random_state=1, **SMALL)
    first, all_of_them, another = hashes(few), hashes(many), hashes(other)
    assert len(all_of_them) == 4 * len(first)
    assert first.items() <= all_of_them.items()
    name = "sub-01/ses-01/spikes.npz"
    spikes = {all_of_them[f"sub-0{a}/ses-0{b}/spikes.npz"] for a in (1, 2) for b in (1, 2)}
    assert len(spikes | {another[name]}) == 5


def test_the_card_fetches_the_simulation(tmp_path):
    fetch(find_card("simulated-track", [CATALOG]), root=tmp_path, options=SMALL)
    assert read(tmp_path / "simulated-track", "01")[0].n_units == 8


def test_laps_run_from_end_to_end_in_turn(drawn):
    session, truth = drawn
    laps = session.trials
    assert len(laps) > 20
    assert (laps["direction"].to_numpy()[1:] != laps["direction"].to_numpy()[:-1]).all()
    first = np.round(laps["start"] / FRAME_S).astype(int)
    last = np.round(laps["stop"] / FRAME_S).astype(int)
    out = (laps["direction"] == "out").to_numpy()
    np.testing.assert_array_equal(truth.position[first], np.where(out, 0.0, 120.0))
    np.testing.assert_array_equal(truth.position[last], np.where(out, 120.0, 0.0))
    for start, stop in zip(first, last, strict=True):
        assert (truth.speed[start:stop] > 0).all()
        assert truth.speed[stop] == 0


def test_speed_is_how_fast_the_position_changes(drawn):
    _, truth = drawn
    moved, expected = np.abs(np.diff(truth.position)), truth.speed[:-1] * FRAME_S
    assert moved.sum() == pytest.approx(expected.sum(), rel=0.02)
    middle = np.abs(truth.position - 60) < 40
    assert np.median(truth.speed[middle]) == pytest.approx(30.0, rel=0.15)
    near = truth.speed[(truth.position < 5) & (truth.speed > 0)]
    assert near.max() < 0.5 * truth.speed.max()


def test_the_chain_moves_as_the_animal_does(drawn):
    movement = drawn[1].movement
    state = np.zeros(movement.shape)
    state[0, 50, 8] = 1
    after = movement.after_a_frame(state.reshape(1, -1)).reshape(movement.shape)
    assert after.sum() == pytest.approx(1)
    mean = after[0].sum(axis=1) @ np.arange(movement.n_places)
    assert mean == pytest.approx(50 + movement.speeds[50, 8] * FRAME_S)
    np.testing.assert_allclose(after[0].sum(axis=0), movement.pace_kernel[8])
    rest = np.zeros(movement.shape)
    rest[0, -1, 3] = 1
    after = movement.after_a_frame(rest.reshape(1, -1)).reshape(movement.shape)
    assert after[1, 0].sum() == pytest.approx(1 - np.exp(-FRAME_S / 3.0))
    assert after[0, -1].sum() == pytest.approx(np.exp(-FRAME_S / 3.0))


def test_the_path_is_as_often_in_a_place_as_the_stationary_distribution_says(drawn):
    movement = drawn[1].movement
    same = movement.after_a_frame(movement.stationary[None])[0]
    np.testing.assert_allclose(same, movement.stationary, atol=1e-12)
    path = movement.draw(40000, np.random.default_rng(0))
    likely = movement.stationary.reshape(movement.shape)
    assert np.mean(path.place == 120) == pytest.approx(likely[:, -1].sum(), rel=0.1)
    assert np.mean(path.direction) == pytest.approx(0.5, abs=0.05)
    seen = np.bincount(path.pace, minlength=17) / 40000
    np.testing.assert_allclose(seen, likely.sum(axis=(0, 1)), atol=0.02)


def test_place_cells_fire_in_their_fields_and_a_share_in_one_direction(drawn):
    _, truth = drawn
    placed = np.isfinite(truth.centres)
    assert 0 < placed.sum() < 30
    assert not truth.loadings[placed].any()
    assert set(np.abs(truth.loadings[~placed])) == {0.8}
    assert np.ptp(truth.fields[~placed], axis=(1, 2)).max() == 0
    peaks = truth.fields[placed].max(axis=2)
    both = peaks.min(axis=1) > 0.31
    assert 0.1 < both.mean() < 0.8
    out = truth.fields[placed][peaks[:, 0] > 0.31, 0]
    centres = truth.centres[placed][peaks[:, 0] > 0.31]
    np.testing.assert_allclose(out.argmax(axis=1), centres, atol=0.5)
    half = np.sum(out[0] - 0.3 > (out[0].max() - 0.3) * np.exp(-0.5))
    assert half <= 31


@pytest.mark.parametrize("refractory", [0.0, 0.02])
def test_spikes_follow_the_stated_rates_outside_refractoriness(refractory):
    session, truth = simulate_session(TrackSettings(
        n_units=40, seconds=200.0, refractory_seconds=refractory
    ))  # fmt: skip
    shortest = min(np.diff(train).min() for train in session.trains())
    assert shortest > refractory
    assert refractory or shortest < 0.002
    counts, expected = optimal_counts(truth, session)
    assert counts.sum() == len(session.times)
    total, wanted = counts.sum(axis=0), expected.sum(axis=0)
    assert np.max(np.abs(total - wanted) / np.sqrt(wanted)) < 4
    assert total.sum() == pytest.approx(wanted.sum(), abs=3 * np.sqrt(wanted.sum()))
    mean = counts.mean(axis=0)
    assert bits_per_spike(counts, expected, mean) > 0.3


def test_the_posterior_is_that_of_bayes_rule():
    session, truth = simulate_session(TrackSettings(**SHORT, refractory_seconds=0.0))
    movement, rates = truth.movement, state_rates(truth)
    counts, _ = optimal_counts(truth, session)
    kernel = movement.after_a_frame(np.eye(len(movement.stationary)))
    likely = poisson.pmf(counts[:3, :, None], rates * FRAME_S).prod(axis=1)
    state = movement.stationary * likely[0]
    for each in likely[1:]:
        state = (state @ kernel) * each
    state /= state.sum()
    places = np.broadcast_to(movement.positions[..., None], movement.shape).ravel()
    speeds = np.broadcast_to(movement.speeds, movement.shape).ravel()
    assert optimal_position(truth, session)[2] == pytest.approx(state @ places)
    assert optimal_speed(truth, session)[2] == pytest.approx(state @ speeds)


def test_windows_as_long_as_the_session_give_what_all_the_past_gives():
    session, truth = simulate_session(TrackSettings(**SHORT))
    whole = optimal_position(truth, session)
    assert whole.shape == (400,)
    np.testing.assert_allclose(optimal_position(truth, session, n_frames=400), whole, atol=1e-8)


def test_more_evidence_decodes_better(drawn, position):
    session, truth = drawn
    errors = [error(truth, optimal_position(truth, session, n_frames=1)),
              error(truth, position[4]), error(truth, position[None])]  # fmt: skip
    assert errors == sorted(errors, reverse=True)
    assert errors[0] < np.std(truth.position)
    assert errors[2] < 6
    speed = [optimal_speed(truth, session, n_frames=n) for n in (1, None)]
    assert r_squared(truth.speed, speed[1]) > r_squared(truth.speed, speed[0]) > 0


def test_each_estimate_is_best_by_its_own_measure(drawn, position):
    session, truth = drawn
    found = {name: optimal_position(truth, session, estimate=name) - truth.position
             for name in ("median", "mode")}  # fmt: skip
    mean = position[None] - truth.position
    assert np.mean(mean**2) < np.mean(found["mode"] ** 2)
    assert np.mean(np.abs(found["median"])) < np.mean(np.abs(mean))
    assert np.mean(found["mode"] == 0) > 0.9 * np.mean(found["median"] == 0)
    assert abs(mean.mean()) < 0.3


def test_no_decoder_of_windows_beats_the_posterior(drawn, position):
    session, truth = drawn
    counts, _ = optimal_counts(truth, session)
    summed = np.cumsum(np.vstack([np.zeros((4, 30)), counts]), axis=0)
    windows = summed[4:] - summed[:-4]
    train, test = np.arange(len(windows)) < 4000, np.arange(len(windows)) > 4100
    decoder = BayesianPositionDecoder(30).fit(windows[train], truth.position[train])
    mean = decoder.predict_proba(windows[test]) @ decoder.positions_
    rival = np.sqrt(np.mean((mean - truth.position[test]) ** 2))
    best = np.sqrt(np.mean((position[4] - truth.position)[test] ** 2))
    assert best < rival < 2.5 * best


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_units": 0}, "give 1 or more"),
        ({"directional_share": 1.2}, "give 0 to 1"),
        ({"floor_hz": 0.0}, "give more than 0"),
        ({"speed_gain": -1.0}, "give 0 or more"),
        ({"refractory_seconds": 0.05}, "give 0 to less than 0.05"),
        ({"track_cm": 10.0}, "give whole cm, 20 or more"),
        ({"seconds": 1.0}, "no lap from end to end in 1 s"),
        ({"n_units": 20000, "seconds": 3600.0}, r"need \d+\.\d GiB"),
        ({"n_sessions": 0}, "give 1 or more"),
    ],
)
def test_options_out_of_range_are_told(tmp_path, options, words):
    with pytest.raises(ConfigFault, match=words):
        SIMULATORS["track"](tmp_path, **{"floor_hz": 50.0, **options})


def test_an_unknown_estimate_or_an_empty_window_is_told(drawn):
    session, truth = drawn
    with pytest.raises(ConfigFault, match="median"):
        optimal_position(truth, session, estimate="medain")
    with pytest.raises(ConfigFault, match="give 1 or more, or None"):
        optimal_position(truth, session, n_frames=0)
