"""The search against GridSearchCV over the library's pipelines, and its promises on disk."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.riemann.decoders import make_decoder
from neurodecode.riemann.search import ACMSearchCV

ORDERS, LAGS = [1, 2, 4, 40], [1, 3]
QUICK = {"orders": [1, 2, 3], "lags": [1, 2], "refit": False}


def grid_search(name, X, y, scoring):
    grid = {"features__order": ORDERS, "features__lag": LAGS}
    if name == "ACM+TS+SVM":
        grid |= {"classifier__svc__C": [0.5, 1, 1.5], "classifier__svc__kernel": ["linear", "rbf"]}
    folds = StratifiedKFold(3, shuffle=True, random_state=42)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # singular candidates and unfinished means are expected
        return GridSearchCV(make_decoder(name), grid, cv=folds, scoring=scoring).fit(X, y)


@pytest.mark.parametrize("classifier", ["svm", "mdm"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_scores_equal_grid_search(make_trials, classifier, n_classes):
    X, y = make_trials(60, 4, 150, n_classes=n_classes)
    name = {"svm": "ACM+TS+SVM", "mdm": "ACM+MDM"}[classifier]
    theirs = grid_search(name, X, y, "roc_auc" if n_classes == 2 else "accuracy")
    ours = ACMSearchCV(ORDERS, LAGS, classifier=classifier, tol=1e-4).fit(X, y)
    for key in ("mean_test_score", "std_test_score", "split0_test_score"):
        np.testing.assert_allclose(ours.cv_results_[key], theirs.cv_results_[key], atol=1e-3)
    renamed = {key.split("__")[-1]: value for key, value in theirs.best_params_.items()}
    assert ours.best_params_ == renamed
    assert ours.best_index_ == theirs.best_index_
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_the_refit_decoder_is_the_library_pipeline_at_the_best_point(trials):
    X, y = trials
    ours = ACMSearchCV([2], [1], C=[1], kernels=["rbf"]).fit(X, y)
    theirs = grid_search("ACM+TS+SVM", X, y, "roc_auc").best_estimator_
    theirs.set_params(features__order=2, features__lag=1, classifier__svc__C=1).fit(X, y)
    scores = ours.decision_function(X)
    assert repr(ours.best_estimator_.named_steps["features"]) == repr(
        theirs.named_steps["features"]
    )
    svm = theirs.named_steps["classifier"][-1]
    assert svm.kernel in ("linear", "rbf")
    assert scores.shape == (60,)
    assert ((scores > 0) == (ours.predict(X) == 1)).all()


@pytest.mark.parametrize("classifier", ["svm", "mdm"])
def test_the_shared_mode_is_labelled_and_close(make_trials, classifier):
    X, y = make_trials(120, 4, 200)
    exact = ACMSearchCV(**QUICK, classifier=classifier).fit(X, y)
    shared = ACMSearchCV(**QUICK, classifier=classifier, mode="shared").fit(X, y)
    assert (exact.mode_, shared.mode_) == ("exact", "shared")
    difference = exact.cv_results_["mean_test_score"] - shared.cv_results_["mean_test_score"]
    assert np.abs(difference).max() < 1e-2


@pytest.mark.parametrize("classifier", ["svm", "mdm"])
def test_the_log_euclidean_reference_equals_grid_search(trials, classifier):
    X, y = trials
    name = {"svm": "ACM+TS+SVM", "mdm": "ACM+MDM"}[classifier]
    decoder = make_decoder(name)
    step = decoder.named_steps["classifier"]
    other = {"svm": "map", "mdm": "distance"}[classifier]
    metric = {"mean": "logeuclid", other: "riemann"}
    (step if classifier == "mdm" else step[0]).set_params(metric=metric)
    folds = StratifiedKFold(3, shuffle=True, random_state=42)
    grid = {"features__order": [1, 2], "features__lag": [2]}
    theirs = GridSearchCV(decoder, grid, cv=folds, scoring="roc_auc").fit(X, y)
    ours = ACMSearchCV([1, 2], [2], [1], ["linear"], classifier, reference="logeuclid").fit(X, y)
    expected = theirs.cv_results_["mean_test_score"]
    np.testing.assert_allclose(ours.cv_results_["mean_test_score"], expected, atol=1e-3)


def test_singular_candidates_are_missing_with_a_reason(trials):
    search = ACMSearchCV([2, 40], [1, 3], refit=False).fit(*trials)
    singular = search.cv_results_["param_order"] == 40
    assert np.isnan(search.cv_results_["mean_test_score"][singular]).all()
    assert np.isfinite(search.cv_results_["mean_test_score"][~singular]).all()
    assert all(r.startswith("singular") for r in search.cv_results_["reason"][singular])
    assert (search.cv_results_["reason"][~singular] == "").all()
    assert search.cv_results_["rank_test_score"][singular].min() == (~singular).sum() + 1


def test_shrinkage_reaches_singular_points(trials):
    search = ACMSearchCV([40], [1], estimator="oas", refit=False).fit(*trials)
    assert np.isfinite(search.best_score_)


def test_no_candidate_at_all_is_a_fault(trials):
    with pytest.raises(DataFault, match="no candidate"):
        ACMSearchCV([40], [1]).fit(*trials)


def test_an_interrupted_search_resumes_where_it_stopped(trials, tmp_path):
    done = []

    def stop_after_two(scores):
        done.append(scores)
        if len(done) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ACMSearchCV(**QUICK, cache_dir=tmp_path, callback=stop_after_two).fit(*trials)
    resumed = ACMSearchCV(**QUICK, cache_dir=tmp_path).fit(*trials)
    fresh = ACMSearchCV(**QUICK).fit(*trials)
    assert (resumed.n_computed_, fresh.n_computed_) == (3, 5)
    for key, values in fresh.cv_results_.items():
        if key != "params":
            np.testing.assert_array_equal(resumed.cv_results_[key], values)
    assert ACMSearchCV(**QUICK, cache_dir=tmp_path).fit(*trials).n_computed_ == 0


@pytest.mark.parametrize(
    "change",
    [
        {"C": [2]},
        {"random_state": 1},
        {"mode": "shared"},
        {"classifier": "mdm"},
        {"n_splits": 4},
        {"structure": "toeplitz"},
        {"estimator": "oas"},
    ],
)
def test_saved_scores_are_not_reused_for_other_parameters(trials, tmp_path, change):
    ACMSearchCV(**QUICK, cache_dir=tmp_path).fit(*trials)
    assert ACMSearchCV(**QUICK, cache_dir=tmp_path, **change).fit(*trials).n_computed_ == 5


def test_saved_scores_are_not_reused_for_other_data_or_damaged_files(trials, tmp_path):
    X, y = trials
    ACMSearchCV(**QUICK, cache_dir=tmp_path).fit(X, y)
    assert ACMSearchCV(**QUICK, cache_dir=tmp_path).fit(X * 1.001, y).n_computed_ == 5
    assert ACMSearchCV(**QUICK, cache_dir=tmp_path).fit(X, 1 - y).n_computed_ == 5
    next(tmp_path.rglob("order-02*.json")).write_text("{")
    wider = QUICK | {"orders": [1, 2, 3, 4]}
    assert ACMSearchCV(**wider, cache_dir=tmp_path).fit(X, y).n_computed_ in (2, 3)


def test_missing_scores_survive_the_disk(trials, tmp_path):
    settings = {"orders": [2, 40], "lags": [1], "refit": False, "cache_dir": tmp_path}
    first, second = (ACMSearchCV(**settings).fit(*trials) for _ in range(2))
    assert second.n_computed_ == 0
    np.testing.assert_array_equal(
        first.cv_results_["mean_test_score"], second.cv_results_["mean_test_score"]
    )


def test_two_workers_and_the_same_seed_give_the_same_scores(trials):
    first, again, two = (ACMSearchCV(**QUICK, n_jobs=n).fit(*trials) for n in (1, 1, 2))
    for other in (again, two):
        np.testing.assert_array_equal(
            first.cv_results_["mean_test_score"], other.cv_results_["mean_test_score"]
        )
    reseeded = ACMSearchCV(**QUICK, random_state=1).fit(*trials)
    assert (reseeded.cv_results_["mean_test_score"] != first.cv_results_["mean_test_score"]).any()


def test_string_labels_and_clone(trials):
    X, y = trials
    names = np.array(["left", "right"])[y]
    search = clone(ACMSearchCV([2], [1])).fit(X, names)
    assert set(search.predict(X)) <= {"left", "right"}
    number = ACMSearchCV([2], [1]).fit(X, y)
    assert search.best_score_ == number.best_score_


def test_wrong_choices_and_trials_are_refused(trials):
    X, y = trials
    for wrong in ({"mode": "share"}, {"classifier": "svn"}, {"kernels": ["rfb"]}):
        with pytest.raises(ConfigFault, match="did you mean"):
            ACMSearchCV(**wrong).fit(X, y)
    holed = X.copy()
    holed[0, 0, 0] = np.nan
    for trial_set, labels in ((X, y[:-1]), (X, np.zeros(60)), (X[:3], y[:3]), (holed, y)):
        with pytest.raises(DataFault):
            ACMSearchCV(**QUICK).fit(trial_set, labels)


def test_progress_bar_counts_points(trials, capsys):
    ACMSearchCV(**QUICK, progress=True).fit(*trials)
    assert "order x lag" in capsys.readouterr().out


def test_a_mean_that_is_not_reached_warns(trials, monkeypatch):
    from neurodecode.riemann import refit

    far = refit.karcher_mean(np.stack([np.eye(4), 2 * np.eye(4)]), tol=1.0, max_iter=1)
    monkeypatch.setattr(refit, "karcher_mean", lambda *_, **__: far)
    monkeypatch.setattr(refit, "ACCEPTABLE", -1.0)
    with pytest.warns(RuntimeWarning, match="singular to rounding"):
        ACMSearchCV([1], [1], [1], ["linear"]).fit(*trials)
