"""Scores of spikes, rates, behaviour and wiring are the stated formulas, with their chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.evaluation import (
    behaviour_scores,
    bits_per_spike,
    bits_per_spike_ci,
    chance_sets,
    connection_auc,
    connectivity_scores,
    direction_accuracy,
    pearson_r,
    psth_correlation,
    pulse_score,
    r_squared,
    set_scores,
    set_scores_ci,
    trial_correlation,
    unit_correlations,
)
from neurodecode.faults import ConfigFault, DataFault


def test_sets_are_compared_as_stated():
    real = np.array([[2, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]])
    made = np.array([[1, 0, 1, 0], [3, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]])
    plain = set_scores(made, real)
    assert plain.rows.tolist() == [0, 1, 3, 4]
    np.testing.assert_allclose(plain.precision, [0.5, 1, 0, 0])
    np.testing.assert_allclose(plain.recall, [0.5, 1 / 3, 0, 0])
    np.testing.assert_allclose(plain.f1, [0.5, 0.5, 0, 0])
    released = set_scores(made, real, rule="released")
    np.testing.assert_allclose(released.f1, [0.5, 1, 0, 0, 0])
    with pytest.raises(ConfigFault, match="did you mean 'released'"):
        set_scores(made, real, rule="release")


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_the_released_rule_is_never_stricter_and_swaps_with_the_sides(seed):
    rng = np.random.default_rng(seed)
    made, real = rng.random((2, 8, 6)) < 0.4
    real[0, 0] = True
    plain, released = set_scores(made, real), set_scores(made, real, rule="released")
    assert (released.f1[plain.rows] >= plain.f1 - 1e-12).all()
    turned = set_scores(real, made)
    np.testing.assert_allclose(turned.precision, plain.recall)
    np.testing.assert_allclose(turned.f1, plain.f1)


def test_intervals_of_sets_are_over_blocks_and_chance_is_below():
    rng = np.random.default_rng(0)
    rates = rng.uniform(0.05, 0.6, 20)
    real = rng.random((300, 20)) < rates
    noisy = np.where(rng.random(real.shape) < 0.3, rng.random(real.shape) < rates, real)
    blocks = np.arange(300) // 30
    scores = set_scores_ci(set_scores(noisy, real), blocks, random_state=0)
    chance = set_scores(chance_sets(real, rates, random_state=1), real).f1.mean()
    assert scores["f1"].n_clusters == 10
    assert scores["f1"].unit == "block"
    assert chance < scores["f1"].low < scores["f1"].estimate < scores["f1"].high


def test_bits_per_spike_is_the_stated_formula():
    counts, expected = np.array([[1, 0], [0, 2]]), np.array([[0.8, 0.2], [0.1, 1.5]])
    constant = np.array([0.5, 1.0])
    by_hand = np.log(0.8 / 0.5) + 2 * np.log(1.5) - expected.sum() + 2 * constant.sum()
    value = bits_per_spike(counts, expected, constant)
    assert value == pytest.approx(by_hand / 3 / np.log(2))
    assert bits_per_spike(counts, np.tile(constant, (2, 1)), constant) == 0


def test_bits_per_spike_is_highest_for_the_true_rates_and_has_an_interval():
    rng = np.random.default_rng(0)
    rates = np.exp(rng.normal(-1, 0.7, (4000, 5)))
    counts = rng.poisson(rates)
    constant = counts.mean(axis=0)
    true = bits_per_spike(counts, rates, constant)
    assert true > 0.1
    assert bits_per_spike(counts, rates**1.3, constant) < true
    assert bits_per_spike(counts, rates[::-1], constant) < 0
    found = bits_per_spike_ci(counts, rates, constant, np.arange(4000) // 200, random_state=0)
    assert found.estimate == pytest.approx(true)
    assert found.low < true < found.high
    assert found.unit == "block"


def test_a_spike_where_none_could_be_is_a_fault():
    with pytest.raises(DataFault, match="1 spikes where the prediction is 0"):
        bits_per_spike([[1.0]], [[0.0]], [1.0])
    with pytest.raises(DataFault, match="no spike to score"):
        bits_per_spike([[0.0]], [[0.5]], [1.0])


def test_rate_correlation_is_pearsons_by_unit():
    rng = np.random.default_rng(0)
    one, other = rng.random((2, 50, 3))
    one[:, 2] = 1.0
    found = unit_correlations(one, other)
    assert found[0] == pytest.approx(np.corrcoef(one[:, 0], other[:, 0])[0, 1])
    assert np.isnan(found[2])


def test_a_perfect_generator_reaches_the_ceiling_and_a_shuffled_one_none_of_it():
    rng = np.random.default_rng(1)
    rates = rng.gamma(1.0, 2.0, (40, 8))
    real, perfect = rng.poisson(rates, (20, 40, 8)), rng.poisson(rates, (20, 40, 8))
    for score in (psth_correlation, trial_correlation):
        made, ceiling = score(perfect, real).mean
        assert made == pytest.approx(ceiling, abs=0.03)
        assert ceiling > 0.5
        shuffled, _ = score(perfect[:, rng.permutation(40)], real).mean
        assert abs(shuffled) < 0.2
    assert psth_correlation(perfect, real).mean[1] > trial_correlation(perfect, real).mean[1]
    with pytest.raises(DataFault, match="1 real trial of this stimulus has no ceiling"):
        psth_correlation(perfect, real[:1])


def test_pulses_overlap_by_their_distance():
    train = np.array([1.0, 2.0, 3.5])
    same = pulse_score(train, train, 0.2)
    assert (same.score, same.precision, same.recall) == (1, 1, 1)
    half = pulse_score(train + 0.1, train, 0.2)
    assert half.score == pytest.approx(0.25, abs=0.02)  # two triangles, shifted by half a width
    assert pulse_score(train + 0.2, train, 0.2).score == pytest.approx(0, abs=1e-9)
    more = pulse_score(np.append(train, 9.0), train, 0.2)
    assert (more.precision, more.recall) == (pytest.approx(0.75), pytest.approx(1))
    assert pulse_score([], train, 0.2).score == 0
    with pytest.raises(DataFault, match="two empty spike trains"):
        pulse_score([], [], 0.2)


def test_behaviour_scores_are_numpys_and_penalise_offsets():
    rng = np.random.default_rng(0)
    true = np.cumsum(rng.standard_normal(400))
    decoded = true + rng.standard_normal(400)
    assert pearson_r(true, decoded) == pytest.approx(np.corrcoef(true, decoded)[0, 1])
    assert r_squared(true, np.full(400, true.mean())) == pytest.approx(0)
    assert r_squared(true, decoded + 50) < 0 < r_squared(true, decoded)
    assert pearson_r(true, np.ones(400)) == 0
    found = behaviour_scores(true, decoded, np.arange(400) // 40, random_state=0)
    assert found["r"].n_clusters == 10
    assert found["r"].low < found["r"].estimate <= found["r"].high
    with pytest.raises(DataFault, match="do not vary"):
        pearson_r(np.ones(5), np.arange(5.0))


def test_blocks_make_wider_intervals_than_windows_of_a_slow_variable():
    rng = np.random.default_rng(0)
    slow = np.repeat(rng.standard_normal(20), 30)
    decoded = slow + np.repeat(rng.standard_normal(20), 30)
    blocked = behaviour_scores(slow, decoded, np.arange(600) // 30, random_state=0)["r"]
    naive = behaviour_scores(slow, decoded, np.arange(600), random_state=0)["r"]
    assert blocked.high - blocked.low > 2 * (naive.high - naive.low)


def test_wiring_scores_know_direction():
    wired = np.zeros((6, 6), dtype=bool)
    wired[1:5, 0] = True
    wired[5, 3] = True
    assert connection_auc(wired * 2.0, wired) == 1
    assert direction_accuracy(wired * -2.0, wired) == 1
    both = (wired | wired.T).astype(float)
    assert direction_accuracy(both, wired) == 0.5
    assert connection_auc(both, wired) < 1
    assert direction_accuracy(wired.T, wired) == 0
    noise = np.random.default_rng(0).random((2, 80, 80))
    assert connection_auc(noise[0], noise[1] > 0.9) == pytest.approx(0.5, abs=0.05)
    assert direction_accuracy(noise[0], noise[1] > 0.9) == pytest.approx(0.5, abs=0.06)
    found = connectivity_scores(noise[0], noise[1] > 0.9, random_state=0)
    assert found["auc"].low < 0.5 < found["auc"].high
    assert found["direction"].unit == "source unit"


def test_wiring_that_cannot_be_scored_is_told():
    with pytest.raises(DataFault, match="rows are driven, columns drive"):
        connection_auc(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(DataFault, match="an estimate of unit 1 is not finite"):
        connection_auc(np.array([[0, 1.0], [np.nan, 0]]), np.array([[0, 1], [0, 0]]))
    with pytest.raises(DataFault, match="no connection in one direction alone"):
        direction_accuracy(np.ones((2, 2)), np.ones((2, 2)))
