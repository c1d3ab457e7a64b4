"""Simulated integrate-and-fire circuits: cells, wiring and drives are what the model states."""

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
from neurodecode.datasets.simulate.circuit import simulate_session
from neurodecode.datasets.simulate.circuit_dynamics import simulate_spikes
from neurodecode.datasets.simulate.circuit_settings import CircuitSettings
from neurodecode.datasets.simulate.circuit_truth import CircuitTruth
from neurodecode.datasets.simulate.spiking_truth import SpikingTruth
from neurodecode.datasets.spiking import spiking_loader
from neurodecode.faults import ConfigFault, DataFault

CATALOG = Path(__file__).parents[3] / "data" / "catalog"
SMALL = {"n_units": 12, "seconds": 20.0, "n_hubs": 2, "step_seconds": 0.001}
ALONE = {"coupling": 0.0, "stimulus_gain": 0.0, "behaviour_gain": 0.0, "n_stimuli": 0}
read = spiking_loader("simulated-circuit")


@pytest.fixture(scope="module")
def drawn():
    """Two minutes of 40 cells, with their truth."""
    return simulate_session(CircuitSettings(
        n_units=40, n_hubs=4, hub_reach=0.3, chain_share=0.02, seconds=120.0, step_seconds=0.001
    ))  # fmt: skip


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_the_files_give_back_session_and_truth(tmp_path):
    SIMULATORS["circuit"](tmp_path, **SMALL)
    (session,) = read(tmp_path, "01")
    made, truth = simulate_session(CircuitSettings(**SMALL))
    np.testing.assert_array_equal(session.times, made.times)
    np.testing.assert_array_equal(session.units, made.units)
    assert session.trials["stimulus"].value_counts().tolist() == [1, 1, 1, 1]
    stored = CircuitTruth.read(tmp_path, "01", "01")
    np.testing.assert_array_equal(stored.connections, truth.connections)
    np.testing.assert_array_equal(session.series("speed").values, stored.speed)
    assert (stored.threshold_mv, stored.subject) == (15.0, "01")
    with pytest.raises(DataFault, match=r"truth of another form: .*bin_seconds"):
        SpikingTruth.read(tmp_path, "01", "01")


def test_the_seed_decides_and_further_sessions_leave_the_first_ones_as_they_are(tmp_path):
    few, many, other = tmp_path / "few", tmp_path / "many", tmp_path / "other"
    SIMULATORS["circuit"](few, **SMALL)
    SIMULATORS["circuit"](many, n_subjects=2, n_sessions=2, **SMALL)
    SIMULATORS["circuit"](other, random_state=1, **SMALL)
    first, all_of_them, another = hashes(few), hashes(many), hashes(other)
    assert len(all_of_them) == 4 * len(first)
    assert first.items() <= all_of_them.items()
    name = "sub-01/ses-01/spikes.npz"
    spikes = {all_of_them[f"sub-0{a}/ses-0{b}/spikes.npz"] for a in (1, 2) for b in (1, 2)}
    assert len(spikes | {another[name]}) == 5


def test_the_card_fetches_the_simulation(tmp_path):
    fetch(find_card("simulated-circuit", [CATALOG]), root=tmp_path, options=SMALL)
    assert read(tmp_path / "simulated-circuit", "01")[0].n_units == 12


def test_cells_fire_a_few_times_per_second_and_hubs_more(drawn):
    session, truth = drawn
    rates = np.bincount(session.units, minlength=40) / session.duration
    others = np.delete(rates, truth.hubs)
    assert 1 < np.median(others) < 6
    assert rates.min() > 0.2
    assert rates.max() < 20
    assert rates[truth.hubs].mean() > 1.5 * others.mean()


@pytest.mark.parametrize("step_seconds", [0.0005, 0.001])
def test_a_cell_alone_has_the_rate_that_was_asked_for(step_seconds):
    settings = CircuitSettings(
        n_units=201, n_hubs=200, seconds=16.0, step_seconds=step_seconds, **ALONE
    )
    session, truth = simulate_session(settings)
    rates = np.bincount(session.units, minlength=201) / session.duration
    # 200 hubs at 6 Hz for 16 s are 19,200 spikes: a standard error below 1 %
    assert rates[truth.hubs].mean() == pytest.approx(3 * settings.rate_hz, rel=0.03)


def test_no_interval_is_shorter_than_the_refractoriness():
    fast = {"n_units": 20, "n_hubs": 2, "seconds": 10.0, "rate_hz": 33.0, **ALONE}
    shortest = []
    for refractory in (0.0, 0.01):
        session, _ = simulate_session(
            CircuitSettings(**fast, noise_mv=8.0, refractory_seconds=refractory)
        )
        shortest.append(min(np.diff(train).min() for train in session.trains()))
    assert shortest[0] < 0.01 < shortest[1]


@pytest.mark.parametrize(("share", "answers"), [(0.97, False), (1.03, True)])
def test_a_potential_has_the_peak_and_the_delay_of_its_connection(share, answers):
    _, truth = simulate_session(CircuitSettings(n_units=2, n_hubs=1, seconds=20.0))
    hub = int(truth.hubs[0])
    target, weights, delays = 1 - hub, np.zeros((2, 2)), np.zeros((2, 2), dtype=np.int64)
    weights[target, hub], delays[target, hub] = share * truth.threshold_mv, 40
    still = replace(
        truth, weights=weights, delays=delays, noise_mv=1e-9, loadings=np.zeros(2),
        drive=np.zeros_like(truth.drive),
        baseline=np.where(np.arange(2) == hub, truth.threshold_mv + 0.01, 0.0),
    )  # fmt: skip
    times, units = simulate_spikes(still, np.random.default_rng(0))
    sent, got = times[units == hub][:-1], times[units == target]
    assert sent.size > 100
    assert (got.size > 0) == answers
    if answers:
        latency = got[: sent.size] - sent
        assert latency.min() > 40 * truth.step_seconds
        # the potential peaks 9.2 ms after its current starts
        assert latency.max() < 40 * truth.step_seconds + 0.0105


def forward_against_backward(session, seconds=0.02):
    """Return z of i (row) firing after j (column) rather than before, (n_units, n_units)."""
    trains = session.trains()
    after, before = np.zeros((2, len(trains), len(trains)))
    for row, target in enumerate(trains):
        for column, source in enumerate(trains):
            now = np.searchsorted(target, source)
            after[row, column] = np.sum(np.searchsorted(target, source + seconds) - now)
            before[row, column] = np.sum(now - np.searchsorted(target, source - seconds))
    return (after - before) / np.sqrt(after + before + 1)


def test_spikes_follow_those_of_cells_that_drive_them_and_of_no_others(drawn):
    session, truth = drawn
    z, wired = forward_against_backward(session), truth.connections
    assert z[wired & (truth.weights > 0)].mean() > 2
    assert z[wired & (truth.weights < 0)].mean() < -1
    reached = np.linalg.matrix_power(np.eye(40) + wired, 40) > 0
    unrelated = np.triu(~reached & ~reached.T)
    assert unrelated.sum() > 500
    assert abs(z[unrelated].mean()) < 0.2
    assert np.mean(np.abs(z[unrelated]) > 2.58) < 0.02


def test_hubs_reach_many_after_the_asked_delays_and_no_loop_exists(drawn):
    _, truth = drawn
    wired = truth.connections
    assert wired[:, truth.hubs].sum(axis=0).min() > np.delete(wired, truth.hubs, 1).sum(0).max()
    assert set(truth.delays[wired]) == {1, 2, 3, 4}
    assert not np.linalg.matrix_power(wired.astype(float), 40).any()
    assert (truth.weights[:, truth.hubs[2]][wired[:, truth.hubs[2]]] < 0).all()
    np.testing.assert_allclose(np.abs(truth.weights[wired]), 1.5, rtol=0.2501)


def test_common_input_makes_correlation_without_connection():
    session, truth = simulate_session(CircuitSettings(
        n_units=24, n_hubs=1, seconds=60.0, step_seconds=0.001, rate_hz=5.0,
        **{**ALONE, "behaviour_gain": 2.5},
    ))  # fmt: skip
    counts = session.counts(np.arange(0, 60.1, 0.5))
    together = np.sign(np.outer(truth.loadings, truth.loadings))
    correlation = np.corrcoef(counts)
    pairs = np.triu(np.ones((24, 24), dtype=bool), 1)
    assert correlation[pairs & (together > 0)].mean() > 0.2
    assert correlation[pairs & (together < 0)].mean() < -0.1
    assert abs(correlation[pairs & (together == 0)].mean()) < 0.05


def test_another_run_of_one_truth_repeats_the_rates_and_not_the_spikes(drawn):
    session, truth = drawn
    times, units = simulate_spikes(truth, np.random.default_rng(5))
    again = np.bincount(units, minlength=40)
    counts = np.bincount(session.units, minlength=40)
    assert np.corrcoef(counts, again)[0, 1] > 0.97
    assert np.intersect1d(times, session.times).size == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_hubs": 300}, "300 hubs among 300 units"),
        ({"step_seconds": 0.0007}, "does not divide a frame"),
        ({"reset_mv": 20.0}, "reset_mv 20 is not below threshold_mv"),
        ({"synapse_seconds": 0.02}, "give less than 0.02"),
        ({"refractory_seconds": 0.0012}, "give a multiple of step_seconds, 0.0005"),
        ({"delay_seconds": (0.0, 0.004)}, "the shortest and the longest"),
        ({"delay_seconds": (0.004, 0.001)}, "the shortest and the longest"),
        ({"noise_mv": 0.0}, "give more than 0"),
        ({"rate_hz": 50.0}, "give 33 or less"),
        ({"n_units": 20000, "seconds": 3600.0}, r"need \d+\.\d GiB"),
        ({"n_subjects": 0}, "give 1 or more"),
    ],
)
def test_options_out_of_range_are_told_before_anything_is_drawn(tmp_path, options, words):
    with pytest.raises(ConfigFault, match=words):
        SIMULATORS["circuit"](tmp_path, **options)


def test_a_cell_that_never_fires_is_told():
    with pytest.raises(DataFault, match=r"unit-\d+ has no spike"):
        simulate_session(CircuitSettings(**{**SMALL, "rate_hz": 0.001}))


def test_three_hundred_cells_take_seconds():
    started = time.process_time()
    simulate_session(CircuitSettings(seconds=20.0))
    assert time.process_time() - started < 4  # 10 minutes take 30 times as long at most
