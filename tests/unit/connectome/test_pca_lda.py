"""PCA-LDA through the Gram matrix; parity with scikit-learn 1.9 (PCA, LDA)."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from neurodecode.connectome import PCALDA, SCALINGS, check_subjects, scale_maps
from neurodecode.faults import ConfigFault, DataFault


def maps(n=40, n_voxels=300, n_classes=2):
    rng = np.random.default_rng(0)
    y = np.arange(n) % n_classes
    X = rng.standard_normal((n, n_voxels)) * np.linspace(0.1, 3, n_voxels)
    return X + 0.5 * y[:, None] * (np.arange(n_voxels) % 3 == 0), y


@parametrize_with_checks([PCALDA(), PCALDA(2, shrinkage="auto", priors="equal")])
def test_the_classifier_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("n_components", [5, 0.8, 0.99])
@pytest.mark.parametrize("shrinkage", [None, 0.3, "auto"])
@pytest.mark.parametrize("priors", ["empirical", "equal"])
def test_decisions_are_those_of_pca_and_lda(n_classes, n_components, shrinkage, priors):
    X, y = maps(n_classes=n_classes)
    train = np.arange(len(y)) < 31
    equal = np.full(n_classes, 1 / n_classes) if priors == "equal" else None
    solver = "svd" if shrinkage is None else "lsqr"
    reference = make_pipeline(
        PCA(n_components, svd_solver="full"),
        LinearDiscriminantAnalysis(solver=solver, shrinkage=shrinkage, priors=equal),
    ).fit(X[train], y[train])
    ours = PCALDA(n_components, shrinkage=shrinkage, priors=priors).fit(X[train], y[train])
    assert ours.n_components_ == reference[0].n_components_
    for method in ("decision_function", "predict_proba"):
        expected = getattr(reference, method)(X[~train])
        np.testing.assert_allclose(getattr(ours, method)(X[~train]), expected, atol=1e-6)
    assert (ours.predict(X[~train]) == reference.predict(X[~train])).all()


def test_weights_per_voxel_give_the_decision():
    X, y = maps()
    model = PCALDA(6).fit(X, y)
    decision = (X - model.mean_) @ model.coef_[0] + model.lda_.intercept_[0]
    np.testing.assert_allclose(decision, model.decision_function(X), atol=1e-9)


def test_components_never_exceed_the_rank():
    X, y = maps(12)
    assert PCALDA(400).fit(X, y).n_components_ == 11
    assert PCALDA(None).fit(X, y).n_components_ == 11


def test_scalings_look_at_one_subject_at_a_time():
    X = np.abs(maps()[0]) + 1
    for name in SCALINGS:
        np.testing.assert_allclose(scale_maps(X, name)[3], scale_maps(X[3:4], name)[0])
    np.testing.assert_allclose(scale_maps(X, "log1p"), np.log1p(X))
    assert scale_maps(X, "max").max(axis=1).tolist() == [1.0] * 40
    np.testing.assert_allclose(scale_maps(X, "zscore").std(axis=1), 1)
    assert not scale_maps(np.ones((2, 4)), "zscore").any()


def test_log_refuses_what_has_no_logarithm():
    with pytest.raises(DataFault, match="log"):
        scale_maps(np.full((1, 2), -1.0), "log1p")


@pytest.mark.parametrize("options", [{"scaling": "z-score"}, {"priors": "equals"},
                                     {"n_components": 1.5}, {"n_components": 0}])  # fmt: skip
def test_settings_that_cannot_be_used_are_refused(options):
    with pytest.raises(ConfigFault, match=r"did you mean|n_components"):
        PCALDA(**options).fit(*maps())


def test_a_single_class_is_refused():
    with pytest.raises(DataFault, match="a single class"):
        PCALDA().fit(maps()[0], np.zeros(40, int))


def test_a_duplicate_subject_is_named():
    check_subjects(["0010001", "0010002"])
    with pytest.raises(DataFault, match="0010001"):
        check_subjects(["0010001", "0010002", "0010001"])
