"""The rivals decode, generate and find wiring as well as they should, and not better."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import PoissonRegressor

from neurodecode.datasets.simulate.spiking import simulate_session
from neurodecode.datasets.simulate.spiking_dynamics import bin_session
from neurodecode.datasets.simulate.spiking_optimal import optimal_counts, optimal_speed
from neurodecode.datasets.simulate.spiking_settings import Settings
from neurodecode.evaluation import (
    bits_per_spike,
    connection_auc,
    direction_accuracy,
    pearson_r,
    r_squared,
)
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.spikes.baselines.behaviour import BEHAVIOUR, make_behaviour_decoder
from neurodecode.spikes.baselines.connectivity import CONNECTIVITY, estimate_connectivity
from neurodecode.spikes.baselines.coupling_basis import filtered_past, raised_cosines
from neurodecode.spikes.baselines.poisson_glm import PopulationGLM
from neurodecode.spikes.baselines.position import BayesianPositionDecoder
from neurodecode.spikes.baselines.windows import last_values, window_counts


@pytest.fixture(scope="module")
def drawn():
    return simulate_session(Settings(
        n_units=20, seconds=240.0, n_hubs=3, bin_seconds=0.01, coupling=1.2, behaviour_gain=0.8
    ))  # fmt: skip


@pytest.fixture(scope="module")
def speed(drawn):
    """Return counts of the last 0.5 s and the speed at its end, every 0.2 s."""
    session, _ = drawn
    starts = np.arange(0, 239.4, 0.2)
    counts = window_counts(session, starts, 0.5, n_bins=5)
    values = last_values(session.series("speed"), starts, starts + 0.5)
    return counts, values


def test_windows_hold_the_spikes_between_their_ends(drawn):
    session, _ = drawn
    starts = np.array([200.0, 3.0, 3.05])
    counts = window_counts(session, starts, 0.1, n_bins=2)
    assert counts.shape == (3, 2, 20)
    for row, start in enumerate(starts):
        for place in range(2):
            low = start + place * 0.05
            inside = (session.times >= low) & (session.times < low + 0.05)
            wanted = np.bincount(session.units[inside], minlength=20)
            np.testing.assert_array_equal(counts[row, place], wanted)
    np.testing.assert_array_equal(counts[1, 1], counts[2, 0])


def test_the_target_is_the_last_sample_of_a_window_or_none(drawn):
    session, _ = drawn
    series = session.series("speed")
    found = last_values(series, np.array([1.0, 500.0]), np.array([1.05, 500.05]))
    assert found[0] == series.values[20]
    assert np.isnan(found[1])


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_every_decoder_finds_the_speed_and_stays_below_the_ceiling(drawn, speed, name):
    session, truth = drawn
    counts, values = speed
    train, test = slice(0, 800), slice(825, None)
    decoder = make_behaviour_decoder(name, random_state=0).fit(counts[train], values[train])
    decoded = decoder.predict(counts[test])
    assert pearson_r(values[test], decoded) > 0.6
    best = optimal_speed(truth, session, n_frames=10)
    ceiling = r_squared(truth.speed[3300:], best[3300:])
    assert r_squared(values[test], decoded) < ceiling + 0.02
    shuffled = np.random.default_rng(0).permutation(values[train])
    blind = make_behaviour_decoder(name).fit(counts[train], shuffled).predict(counts[test])
    assert r_squared(values[test], blind) < 0.05


def test_networks_repeat_themselves_by_seed(speed):
    counts, values = (part[:300] for part in speed)
    first, again, other = (
        make_behaviour_decoder("bi-GRU", random_state=seed).set_params(epochs=2)
        .fit(counts, values).predict(counts[:5])
        for seed in (0, 0, 1)
    )  # fmt: skip
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    with pytest.raises(ConfigFault, match="did you mean 'bi-GRU'"):
        make_behaviour_decoder("biGRU")
    with pytest.raises(DataFault, match="5 windows"):
        make_behaviour_decoder("MLP").fit(counts[:5], values[:5])


def test_the_bayesian_decoder_inverts_place_cells():
    rng = np.random.default_rng(0)
    where = np.abs((np.arange(6000) / 200) % 2 - 1) * 100
    centres = np.linspace(0, 100, 15)
    rates = 3 * np.exp(-((where[:, None] - centres) ** 2) / 200)
    counts = rng.poisson(rates)
    decoder = BayesianPositionDecoder().fit(counts[:4000], where[:4000])
    error = np.abs(decoder.predict(counts[4000:]) - where[4000:])
    assert np.median(error) < 6
    assert decoder.tuning_[7].argmax() == pytest.approx(25, abs=2)
    np.testing.assert_allclose(decoder.predict_proba(counts[:3]).sum(axis=1), 1)
    silent = decoder.predict_proba(np.zeros((1, 15)))
    flat = BayesianPositionDecoder(prior=False).fit(counts, where).predict_proba(np.zeros((1, 15)))
    assert not np.allclose(silent, flat)
    with pytest.raises(DataFault, match="do not vary"):
        decoder.fit(counts[:10], np.ones(10))


def test_filters_see_the_past_alone():
    basis = raised_cosines(8, 3)
    np.testing.assert_allclose(basis.sum(axis=1), 1)
    assert basis[0].argmax() == 0
    assert basis[2].argmax() == 7
    counts = np.zeros((20, 1))
    counts[5] = 1
    past = filtered_past(counts, basis)
    assert not past[:6].any()
    np.testing.assert_allclose(past[6:14, 0].T, basis, atol=1e-12)
    np.testing.assert_allclose(past[14:], 0, atol=1e-12)
    with pytest.raises(ConfigFault, match="9 basis functions of 8 lags"):
        raised_cosines(8, 9)


def test_the_population_fit_is_that_of_scikit_learn_for_every_unit(drawn):
    session, truth = drawn
    counts = bin_session(truth, session.times, session.units)[:6000, :6]
    model = PopulationGLM(n_lags=6, n_basis=2, penalty=0.01).fit(counts)
    design = filtered_past(counts, raised_cosines(6, 2)).reshape(len(counts), -1)
    scale = design.std(axis=0)
    for unit in range(6):
        # scikit-learn's penalty is per bin, ours also per mean count of the unit
        alpha = 0.01 * counts[:, unit].mean()
        reference = PoissonRegressor(alpha=alpha, solver="newton-cholesky", tol=1e-8)
        reference.fit((design - design.mean(axis=0)) / scale, counts[:, unit])
        np.testing.assert_allclose(
            model.coupling_[unit].ravel() * scale, reference.coef_, atol=2e-3
        )
        wanted = reference.predict((design - design.mean(axis=0)) / scale)
        np.testing.assert_allclose(model.predict(counts)[:, unit], wanted, rtol=1e-2)


def test_the_glm_predicts_held_out_spikes_below_the_ceiling(drawn):
    session, truth = drawn
    counts, expected = optimal_counts(truth, session)
    drives = np.repeat(np.column_stack([truth.drive, truth.latent]), truth.bins_per_frame, axis=0)
    keep = np.arange(len(counts)) < 18000
    constant = counts[keep].mean(axis=0)
    test = slice(18010, None)
    scores = {}
    for name, cov in (("past", None), ("all", drives)):
        model = PopulationGLM().fit(counts, cov, keep)
        scores[name] = bits_per_spike(counts[test], model.predict(counts, cov)[test], constant)
    ceiling = bits_per_spike(counts[test], expected[test], constant)
    assert 0 < scores["past"] < scores["all"] < ceiling
    assert scores["all"] > 0.8 * ceiling


def test_windows_of_the_glm_have_the_rates_that_it_predicts(drawn):
    session, truth = drawn
    counts = bin_session(truth, session.times, session.units)
    model = PopulationGLM().fit(counts)
    starts = np.arange(100, 20000, 50)
    windows = np.mean(
        [model.draw_windows(counts, starts, 5, random_state=seed).counts for seed in range(20)],
        axis=0,
    )
    np.testing.assert_allclose(
        windows[:, 0].sum(axis=0), model.predict(counts)[starts].sum(axis=0), rtol=0.25
    )
    assert windows[:, 0].sum() == pytest.approx(model.predict(counts)[starts].sum(), rel=0.03)


def test_only_estimates_with_lags_find_direction(drawn):
    session, truth = drawn
    counts = bin_session(truth, session.times, session.units)
    auc, direction = {}, {}
    for name in CONNECTIVITY:
        estimate = estimate_connectivity(name, counts)
        assert estimate.shape == (20, 20)
        assert not np.diag(estimate).any()
        auc[name] = connection_auc(estimate, truth.connections)
        direction[name] = direction_accuracy(estimate, truth.connections)
    assert direction["Pearson"] == direction["partial correlation"] == 0.5
    assert min(direction["lagged cross-correlation"], direction["Poisson GLM"]) > 0.8
    assert auc["Poisson GLM"] > 0.9 > auc["Pearson"] > 0.5


def test_what_cannot_be_estimated_is_told():
    silent = np.zeros((500, 3))
    silent[::7, :2] = 1
    for name in ("Pearson", "lagged cross-correlation"):
        with pytest.raises(DataFault, match="of unit 2 do not vary"):
            estimate_connectivity(name, silent)
    with pytest.raises(DataFault, match="unit 2 has no spike to fit"):
        estimate_connectivity("Poisson GLM", silent)
    with pytest.raises(ConfigFault, match="did you mean 'Pearson'"):
        estimate_connectivity("pearsn", silent)
    with pytest.raises(ConfigFault, match="no coupling to read"):
        PopulationGLM(n_basis=0).fit(silent[:, :2], np.ones((500, 1))).connectivity()
    with pytest.raises(ConfigFault, match=r"needs \d+\.\d GiB"):
        PopulationGLM(n_basis=300, n_lags=400).fit(np.ones((20000, 60)))
