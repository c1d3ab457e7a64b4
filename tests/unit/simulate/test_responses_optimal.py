"""The ceiling of simulated responses: the exact likelihood, above what can be learnt."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from neurodecode.datasets.responses import responses_loader
from neurodecode.datasets.simulate.optimal import ranks_of
from neurodecode.datasets.simulate.responses import simulate_responses
from neurodecode.datasets.simulate.responses_model import VoxelModel
from neurodecode.datasets.simulate.responses_optimal import (
    noise_ceiling,
    optimal_ranks,
    optimal_scores,
    read_features,
)
from neurodecode.faults import DataFault


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ceiling")
    simulate_responses(
        folder, pictures="none", n_subjects=1, n_voxels=(120,), n_latent=4, n_train=200,
        n_shared_test=60, n_repetitions=4, ncsnr=0.5, random_state=3,
    )  # fmt: skip
    return folder, responses_loader("local")(folder, "01")


def averaged(found):
    """Return the mean over the repetitions of each test stimulus, and its name."""
    test = found.trials[found.trials["part"] == "test"]
    groups = test.groupby("stimulus").indices
    means = [found.responses[test.index[rows]].mean(axis=0) for rows in groups.values()]
    return np.stack(means), list(groups)


def test_the_likelihood_is_that_of_the_stated_gaussian(study):
    folder, found = study
    model = VoxelModel.read(folder, "01")
    candidates = ["shared-0001", "shared-0002", "s01-0007"]
    means = model.answers(read_features(folder, candidates))
    covariance = model.white * np.eye(120) + model.noise @ model.noise.T
    for n_repetitions in (1, 3):
        scores = optimal_scores(
            folder, "01", found.responses[:5], candidates, n_repetitions=n_repetitions
        )
        exact = np.stack(
            [
                multivariate_normal.logpdf(found.responses[:5], mean, covariance / n_repetitions)
                for mean in means
            ],
            axis=1,
        )
        np.testing.assert_allclose(
            scores - scores[:, :1], exact - exact[:, :1], rtol=1e-5, atol=1e-5
        )


def test_repetitions_help_and_shuffled_stimuli_are_at_chance(study):
    folder, found = study
    test = found.trials[found.trials["part"] == "test"]
    single = found.responses[test.index]
    once = optimal_ranks(folder, "01", single, test["stimulus"].tolist())
    mean, names = averaged(found)
    often = optimal_ranks(folder, "01", mean, names, n_repetitions=4)
    assert (often == 1).mean() > (once == 1).mean() > 5 / 60
    turned = np.roll(names, 7).tolist()
    assert (optimal_ranks(folder, "01", mean, turned, n_repetitions=4) == 1).mean() < 0.1


def test_no_ridge_regression_is_above_the_ceiling(study):
    from sklearn.linear_model import Ridge

    folder, found = study
    mean, names = averaged(found)
    train = found.trials[found.trials["part"] == "train"]
    targets = read_features(folder, train["stimulus"].tolist())
    best = (optimal_ranks(folder, "01", mean, names, n_repetitions=4) == 1).mean()
    truth = read_features(folder, names)
    learnt = []
    for alpha in (1e1, 1e2, 1e3, 1e4):
        model = Ridge(alpha).fit(found.responses[train.index], targets)
        guess = model.predict(mean)
        guess /= np.linalg.norm(guess, axis=1, keepdims=True)
        scores = guess @ (truth / np.linalg.norm(truth, axis=1, keepdims=True)).T
        learnt.append((ranks_of(scores, np.arange(len(names))) == 1).mean())
    assert 3 / 60 < max(learnt) < best


def test_the_noise_ceiling_is_the_variance_that_repetitions_have_in_common(study):
    folder, _ = study
    model = VoxelModel.read(folder, "01")
    rng = np.random.default_rng(0)
    answers = model.answers(rng.standard_normal((5000, 4)))
    for n_repetitions in (1, 4):
        noise = np.mean([model.draw_noise(5000, rng) for _ in range(n_repetitions)], axis=0)
        explained = 1 - noise.var(axis=0) / (answers + noise).var(axis=0)
        ceiling = noise_ceiling(folder, "01", n_repetitions)
        assert ceiling.shape == (120,)
        np.testing.assert_allclose(explained, ceiling, atol=0.06)
        assert explained.mean() == pytest.approx(ceiling.mean(), abs=0.01)


def test_other_voxels_than_the_files_are_refused(study):
    folder, found = study
    with pytest.raises(DataFault, match="100 voxels, subject 01 has 120"):
        optimal_scores(folder, "01", found.responses[:, :100], ["shared-0001"])
