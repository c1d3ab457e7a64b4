import numpy as np
import pytest
from scipy import stats

from neurodecode.evaluation import bootstrap_ci, mean_ci
from neurodecode.evaluation.bootstrap import bca_tails, nominal_tails
from neurodecode.faults import DataFault


def _coverage(simulate, truth, n_data_sets=400):
    hits = 0
    for seed in range(n_data_sets):
        interval = simulate(np.random.default_rng(seed))
        hits += interval.low <= truth <= interval.high
    return hits / n_data_sets


@pytest.mark.parametrize("statistic", [np.mean, np.std, stats.skew])
def test_bca_equals_scipy_on_the_same_draws(statistic):
    data = np.random.default_rng(1).gamma(2.0, size=40)
    reference = stats.bootstrap(
        (data,), statistic, n_resamples=2000, method="BCa", rng=np.random.default_rng(2)
    )
    jackknifed = np.array([statistic(np.delete(data, i)) for i in range(40)])
    draws = reference.bootstrap_distribution
    tails = bca_tails(np.array([0.025, 0.975]), float(statistic(data)), draws, jackknifed)
    expected = reference.confidence_interval
    assert np.quantile(draws, tails) == pytest.approx([expected.low, expected.high], rel=1e-9)


@pytest.mark.parametrize("statistic", [np.mean, np.std, np.median])
@pytest.mark.parametrize(("ours", "theirs"), [("bca", "BCa"), ("percentile", "percentile")])
def test_interval_equals_scipy_bootstrap_within_the_noise_of_the_draws(statistic, ours, theirs):
    data = np.random.default_rng(1).normal(size=60)
    reference = stats.bootstrap(
        (data,), statistic, n_resamples=8000, method=theirs, rng=np.random.default_rng(2)
    ).confidence_interval
    interval = bootstrap_ci(statistic, data, n_resamples=8000, method=ours, random_state=3)
    width = reference.high - reference.low
    assert interval.estimate == pytest.approx(statistic(data))
    assert interval.low == pytest.approx(reference.low, abs=0.05 * width)
    assert interval.high == pytest.approx(reference.high, abs=0.05 * width)


def test_bca_counts_ties_by_half_like_scipy():
    data = np.array([0.0] * 3 + [1.0] * 9)  # hits of one decoder: a quarter of resamples tie
    reference = stats.bootstrap(
        (data,), np.mean, n_resamples=2000, method="BCa", rng=np.random.default_rng(2)
    )
    jackknifed = np.array([np.delete(data, i).mean() for i in range(12)])
    tails = bca_tails(
        np.array([0.16, 0.84]), float(data.mean()), reference.bootstrap_distribution, jackknifed
    )
    share_below = np.mean(reference.bootstrap_distribution < 0.75 - 1e-9)
    share_tied = np.mean(np.isclose(reference.bootstrap_distribution, 0.75))
    bias = stats.norm.ppf(share_below + share_tied / 2)
    acceleration = stats.skew(data) / (6 * np.sqrt(12))  # Efron (1987), for a mean
    shifted = bias + stats.norm.ppf([0.16, 0.84])
    assert tails == pytest.approx(stats.norm.cdf(bias + shifted / (1 - acceleration * shifted)))


def test_clusters_are_drawn_whole():
    values = np.random.default_rng(11).normal(size=(12, 5))
    whole = mean_ci(values.ravel(), np.repeat(np.arange(12), 5), random_state=0)
    means = mean_ci(values.mean(axis=1), random_state=0)
    assert (whole.low, whole.high) == pytest.approx((means.low, means.high))


def test_vectorised_mean_draws_the_distribution_of_the_plain_loop():
    data = np.random.default_rng(4).exponential(size=30)
    clusters = np.repeat(np.arange(10), 3)
    fast = mean_ci(data, clusters, n_resamples=8000, random_state=0)
    slow = bootstrap_ci(
        lambda x: float(np.mean(x)), data, clusters=clusters, n_resamples=8000, random_state=0
    )
    assert (fast.low, fast.high) == pytest.approx((slow.low, slow.high), rel=1e-12)


def test_bca_moves_towards_the_tail_of_skewed_data():
    data = np.random.default_rng(5).exponential(size=40)
    bca = mean_ci(data, method="bca", n_resamples=10_000, random_state=0)
    plain = mean_ci(data, method="percentile", n_resamples=10_000, random_state=0)
    assert bca.high > plain.high
    assert bca.low > plain.low


def test_95_percent_interval_covers_the_true_mean_95_percent_of_the_time():
    # 400 data sets of 40 values: 0.95 has a 99.9 % binomial band of 0.912 to 0.983.
    coverage = _coverage(
        lambda rng: mean_ci(rng.normal(size=40), n_resamples=999, random_state=rng), 0.0
    )
    assert 0.912 <= coverage <= 0.983


def test_expanded_interval_covers_with_eight_subjects_where_the_plain_one_falls_short():
    def simulate(rng, expand):
        return mean_ci(rng.normal(size=8), n_resamples=999, expand=expand, random_state=rng)

    assert 0.912 <= _coverage(lambda rng: simulate(rng, True), 0.0) <= 0.983
    assert _coverage(lambda rng: simulate(rng, False), 0.0) < 0.912


def test_expansion_is_that_of_student_t_and_vanishes_with_many_units():
    tails = stats.norm.ppf(nominal_tails(0.95, 8))
    assert tails == pytest.approx(np.array([-1, 1]) * np.sqrt(8 / 7) * stats.t.ppf(0.975, 7))
    assert nominal_tails(0.95, 10_000) == pytest.approx([0.025, 0.975], abs=1e-4)


def test_clustered_interval_covers_where_the_naive_one_does_not():
    clusters = np.repeat(np.arange(25), 12)

    def simulate(rng, labels):
        subject_effect = np.repeat(rng.normal(size=25), 12)
        values = subject_effect + rng.normal(size=300)
        return mean_ci(values, labels, n_resamples=499, random_state=rng)

    clustered = _coverage(lambda rng: simulate(rng, clusters), 0.0)
    naive = _coverage(lambda rng: simulate(rng, None), 0.0)
    assert 0.90 <= clustered <= 0.983  # 25 clusters: the known shortfall is 2 points
    assert naive < 0.75


def test_clustered_interval_is_wider_under_correlation_within_subjects():
    rng = np.random.default_rng(6)
    clusters = np.repeat(np.arange(10), 30)
    values = np.repeat(rng.normal(size=10), 30) + 0.3 * rng.normal(size=300)
    clustered = mean_ci(values, clusters, random_state=0)
    naive = mean_ci(values, random_state=0)
    assert clustered.high - clustered.low > 3 * (naive.high - naive.low)
    assert (clustered.unit, clustered.n, clustered.n_clusters) == ("subject", 300, 10)
    assert (naive.unit, naive.n, naive.n_clusters) == ("trial", 300, None)


def test_one_cluster_falls_back_to_trials_and_says_so():
    values = np.random.default_rng(7).normal(size=50)
    single = mean_ci(values, ["s1"] * 50, random_state=0)
    plain = mean_ci(values, random_state=0)
    assert (single.unit, single.n_clusters) == ("trial", 1)
    assert (single.low, single.high) == (plain.low, plain.high)


def test_equal_values_give_an_interval_of_no_width():
    interval = mean_ci([0.75] * 12, random_state=0)
    assert (interval.low, interval.estimate, interval.high) == (0.75, 0.75, 0.75)


def test_one_value_has_no_interval():
    interval = mean_ci([0.8])
    assert interval.estimate == 0.8
    assert np.isnan([interval.low, interval.high]).all()


def test_same_seed_gives_the_same_interval_and_memory_blocks_do_not_change_it():
    values = np.random.default_rng(8).normal(size=3000)
    first, second = (mean_ci(values, n_resamples=1500, random_state=9) for _ in range(2))
    assert first == second
    error = values.std() / np.sqrt(values.size)
    assert first.high - first.low == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_rows_of_all_arrays_are_drawn_together():
    x = np.random.default_rng(10).normal(size=60)
    interval = bootstrap_ci(lambda a, b: float(np.corrcoef(a, b)[0, 1]), x, 2 * x, n_resamples=50)
    assert interval.low == pytest.approx(1.0)


def test_bad_input_is_one_clear_fault():
    with pytest.raises(DataFault, match="different length: 3, 2"):
        bootstrap_ci(lambda a, b: 0.0, [1, 2, 3], [1, 2])
    with pytest.raises(DataFault, match="no values"):
        mean_ci([])
    with pytest.raises(DataFault, match="nan on the data"):
        mean_ci([1.0, np.nan])
    with pytest.raises(DataFault, match="2 cluster labels for 3 values"):
        mean_ci([1.0, 2.0, 3.0], ["a", "b"])


def test_statistic_undefined_on_many_resamples_is_a_fault():
    def needs_a_one(x):
        return 0.5 if 1 in x else float("nan")

    with pytest.raises(DataFault, match="undefined on"):
        bootstrap_ci(needs_a_one, [0, 0, 0, 1], n_resamples=200, random_state=0)
