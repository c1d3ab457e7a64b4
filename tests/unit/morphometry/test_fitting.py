"""A classifier is fitted and scores people, also where there is nothing to learn."""

import numpy as np
import pytest

from neurodecode.morphometry.fitting import fit_model, score_people

BOOSTED = {"n_learners": 5, "max_splits": 2, "rate": 0.1}


@pytest.mark.parametrize("name", ["rusboost", "boosted trees"])
def test_boosting_finds_what_one_measure_says(name):
    y = np.repeat([0, 1], [20, 10])
    model = fit_model(name, BOOSTED, y[:, None].astype(float), y, random_state=0)
    scores, is_posterior = score_people(model, np.array([[0.0], [1.0]]))
    assert is_posterior
    assert scores[0] < 0.5 < scores[1]


def test_boosting_that_is_worse_than_random_answers_with_the_share_of_converters():
    y = np.repeat([0, 1], [4, 16])
    same = np.zeros((20, 1))  # both groups alike: a tree of equal numbers calls all "stable"
    model = fit_model("rusboost", BOOSTED, same, y, random_state=0)
    scores, _ = score_people(model, same[:3])
    np.testing.assert_allclose(scores, 0.8)


def test_other_faults_of_a_classifier_are_not_hidden():
    with pytest.raises(ValueError, match="NaN"):
        fit_model("lda", {"shrinkage": 0.0}, np.full((4, 1), np.nan), np.array([0, 0, 1, 1]),
                  random_state=0)  # fmt: skip
