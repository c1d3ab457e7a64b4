"""Delay and dimension of systems whose embedding is known."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.riemann.embedding import (
    TakensACM,
    TrialEmbeddings,
    cao_dimension,
    false_neighbour_dimension,
    fold_embedding,
    regular_order,
    select_embedding,
)
from neurodecode.riemann.mdop import _false_share, mdop
from neurodecode.riemann.mutual_information import (
    delayed_information,
    first_minimum,
    information_delay,
)
from neurodecode.riemann.neighbours import cao_e1, false_neighbours, nearest_neighbours


def integrate(field, step, n=2500, skip=1000):
    times = np.arange(n + skip) * step
    return solve_ivp(field, (0, times[-1]), (1, 1, 1), t_eval=times, rtol=1e-8).y[:, skip:]


@pytest.fixture(scope="module")
def lorenz():
    return integrate(
        lambda _, s: (
            10 * (s[1] - s[0]),
            s[0] * (28 - s[2]) - s[1],
            s[0] * s[1] - 8 / 3 * s[2],
        ),
        0.02,
    )


@pytest.fixture(scope="module")
def roessler():
    return integrate(lambda _, s: (-s[1] - s[2], s[0] + 0.2 * s[1], 0.2 + s[2] * (s[0] - 5.7)), 0.1)


def test_information_of_a_gaussian_process_is_the_closed_form():
    rng, x = np.random.default_rng(0), np.zeros(8000)
    noise = rng.standard_normal(8000)
    for t in range(1, 8000):
        x[t] = 0.9 * x[t - 1] + np.sqrt(1 - 0.81) * noise[t]
    found = delayed_information(x, [1, 5])
    expected = -0.5 * np.log(1 - 0.81 ** np.array([1, 5]))
    np.testing.assert_allclose(found, expected, rtol=0.15)  # adaptive cells overfit a little
    assert delayed_information(noise, [1, 2, 3]).max() < 0.02


def test_delay_of_lorenz_and_roessler_is_the_published_one(lorenz, roessler):
    assert 0.14 <= 0.02 * information_delay(lorenz[0]) <= 0.20  # about 0.16 to 0.18
    assert 1.1 <= 0.1 * information_delay(roessler[0]) <= 1.7  # about a quarter of a turn of 5.9


@pytest.mark.parametrize("system", ["lorenz", "roessler"])
def test_three_dimensions_unfold_lorenz_and_roessler(request, system):
    x = request.getfixturevalue(system)[0]
    delay = information_delay(x)
    shares = false_neighbours(x, delay, max_dimension=6, theiler=2 * delay)
    assert shares[0] > 0.5
    assert false_neighbour_dimension(shares, 0.01) in (3, 4)
    assert cao_dimension(cao_e1(x, delay, max_dimension=6, theiler=2 * delay)) in (3, 4)


def test_noise_has_no_dimension():
    x = np.random.default_rng(0).standard_normal(1500)
    assert false_neighbours(x, 1, max_dimension=4).min() > 0.05


@pytest.mark.parametrize("system", ["lorenz", "roessler"])
def test_mdop_unfolds_a_system_from_one_channel(request, system):
    found = mdop(request.getfixturevalue(system)[:1])
    assert 3 <= found.order <= 6
    assert found.delays[0] == 0
    assert found.false_shares[-1] <= 0.05 or found.false_shares[-1] > found.false_shares[-2]
    assert len(found.false_shares) == found.order


def test_mdop_picks_the_channel_that_carries_the_other_coordinate():
    """Of a coupled pair of logistic maps and a copy, the copy adds nothing."""
    x = np.zeros((3, 1200))
    x[:, 0] = 0.3, 0.7, 0.3
    for t in range(1, 1200):
        a, b = x[0, t - 1], x[1, t - 1]
        x[0, t] = 3.9 * a * (1 - a)
        x[1, t] = 3.8 * (0.9 * b + 0.1 * a) * (1 - 0.9 * b - 0.1 * a)
    x[2] = 2 * x[0] + 1
    found = mdop(x, max_delay=1, theiler=1)
    assert {found.channels[0] % 2, found.channels[1] % 2} == {0, 1}
    assert mdop(x, max_delay=1, theiler=1) == found


def test_neighbours_equal_brute_force_outside_the_window():
    points = np.random.default_rng(0).standard_normal((200, 3)).cumsum(axis=0)
    index, distance = nearest_neighbours(points, 9)
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    apart[np.abs(np.subtract.outer(np.arange(200), np.arange(200))) <= 9] = np.inf
    np.testing.assert_array_equal(index, apart.argmin(axis=1))
    np.testing.assert_allclose(distance, apart.min(axis=1))


def test_first_minimum_prefers_the_first_and_counts_a_plateau():
    assert first_minimum([5, 3, 4, 1, 2]) == 1
    assert first_minimum([5, 3, 3, 4]) == 1
    assert first_minimum([3, 2, 1]) == 2
    assert first_minimum([3, 2, 1], default=-1) == -1


@pytest.mark.parametrize("method", ["mdop", "ami_fnn", "ami_cao"])
def test_selection_is_per_trial_and_deterministic(make_trials, method):
    X, _ = make_trials(4, 3, 300)
    all_four = select_embedding(X, method)
    last_two = select_embedding(X[2:], method)
    np.testing.assert_array_equal(all_four.orders[2:], last_two.orders)
    np.testing.assert_array_equal(all_four.lags[2:], last_two.lags)


def test_fold_embedding_averages_training_trials_and_stays_regular():
    chosen = TrialEmbeddings(np.array([2.0, 3.0, 50.0]), np.array([4.0, 5.0, 0.0]), "mdop")
    assert fold_embedding(chosen, [0, 1], 22, 1001) == (3, 5)
    assert fold_embedding(chosen, [2], 22, 1001) == (43, 1)
    order, lag = fold_embedding(chosen, [0, 1, 2], 60, 250)
    assert order * 60 < 250 - order * lag
    with pytest.raises(DataFault):
        fold_embedding(chosen, [], 22, 1001)


@pytest.mark.parametrize("classifier", ["svm", "mdm"])
def test_takens_decoder_fits_at_the_chosen_point(make_trials, classifier):
    X, y = make_trials(24, 3, 300)
    decoder = TakensACM(classifier=classifier).fit(X, y)
    features = decoder.best_estimator_.named_steps["features"]
    assert (features.order, features.lag) == (decoder.order_, decoder.lag_)
    assert (decoder.predict(X) == y).mean() > 0.6
    relabelled = TakensACM(classifier=classifier).fit(X, np.roll(y, 1))
    assert (relabelled.order_, relabelled.lag_) == (decoder.order_, decoder.lag_)


def test_wrong_method_and_short_trials_are_refused(make_trials):
    X, _ = make_trials(2, 3, 60)
    with pytest.raises(ConfigFault, match="mdop"):
        select_embedding(X, "mdopp")
    with pytest.raises(DataFault):
        select_embedding(X, "mdop")


def test_the_order_is_lowered_until_band_limited_matrices_are_regular():
    """512 samples at 128 Hz of a band 8 Hz wide hold some 64 degrees of freedom, not 512."""
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft(rng.standard_normal((3, 20, 512)))
    hz = np.fft.rfftfreq(512, 1 / 128)
    spectrum[..., (hz < 8) | (hz > 16)] *= 1e-9
    X = np.fft.irfft(spectrum)
    assert regular_order(X, 9, 2) < 4
    assert regular_order(rng.standard_normal((3, 20, 512)), 9, 2) == 9


def test_a_neighbour_lost_to_another_one_as_near_is_not_false():
    before, after = np.array([0.1, 0.1, 0.1, 0.9]), np.array([0.1, 0.15, 0.3, 9.0])
    assert _false_share(before, after, 2.0) == pytest.approx(1 / 3)
    assert _false_share(np.ones(3), np.full(3, 9.0), 2.0) == 0.0
