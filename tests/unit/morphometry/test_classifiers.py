"""The presets are what their names say, and all of them learn."""

import sys
import warnings

import numpy as np
import pytest
from imblearn.ensemble import RUSBoostClassifier

from neurodecode.faults import ConfigFault
from neurodecode.morphometry import CLASSIFIERS, classifier_table, make_classifier
from neurodecode.morphometry.spaces import Choice, draw_settings


def two_groups(n=80, p=6, seed=0, share=0.5):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < share * n).astype(int)
    return rng.standard_normal((n, p)) + 3.0 * y[:, None], y


@pytest.mark.parametrize("name", [n for n in CLASSIFIERS if n != "all control"])
def test_every_preset_and_a_draw_of_its_space_learns_what_is_easy(name):
    X, y = two_groups()
    drawn = draw_settings(CLASSIFIERS[name].space, np.random.default_rng(0))
    scores = []
    for parameters in ({}, drawn):
        model = make_classifier(name, n_train=40, n_features=6, random_state=0, **parameters)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*failed to converge.*")
            scores.append(model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]))
        assert hasattr(model, "predict_proba") or hasattr(model, "decision_function")
    assert scores[0] > 0.8 or name == "coarse knn"  # whose 100 neighbours are everybody here
    assert scores[1] > 0.7


def test_rusboost_is_pinned_to_the_preset_of_the_app():
    model = make_classifier("rusboost", n_train=40, n_features=6)
    assert isinstance(model, RUSBoostClassifier)
    assert model.n_estimators == 30
    assert model.learning_rate == 0.1
    assert model.estimator.max_leaf_nodes == 21
    X, y = two_groups(share=0.2)
    model.fit(X, y)
    for sampler in model.samplers_:
        assert np.bincount(y[sampler.sample_indices_]).tolist() == [16, 16]


def test_rusboost_finds_converters_that_boosting_passes_over():
    rng = np.random.default_rng(0)
    y = (np.arange(600) % 7 == 0).astype(int)
    X = rng.standard_normal((600, 5)) + 0.8 * y[:, None]
    recall = {}
    for name in ("rusboost", "boosted trees"):
        model = make_classifier(name, n_train=300, n_features=5).fit(X[::2], y[::2])
        recall[name] = model.predict(X[1::2])[y[1::2] == 1].mean()
    assert recall["rusboost"] > recall["boosted trees"]


@pytest.mark.parametrize(
    ("name", "kernel_scale"),
    [("fine gaussian svm", 0.5), ("medium gaussian svm", 2.0), ("coarse gaussian svm", 8.0)],
)
def test_gaussian_kernels_have_the_scale_of_the_app(name, kernel_scale):
    model = make_classifier(name, n_train=40, n_features=4)
    assert model[-1].gamma == pytest.approx(1 / kernel_scale**2)


def test_neighbours_are_never_more_than_the_people():
    model = make_classifier("coarse knn", n_train=30, n_features=4)
    assert model[-1].n_neighbors == 30


def test_the_table_names_every_preset_and_range():
    table = classifier_table().set_index("classifier")
    assert set(table.index) == set(CLASSIFIERS)
    assert table.loc["rusboost", "preset"] == "n_learners=30, max_splits=20, rate=0.1"
    assert table.loc["logistic", "search"] == "C: 0.001 to 1000 (log)"
    for entry in CLASSIFIERS.values():
        assert set(entry.space) <= set(entry.preset)


def test_a_choice_draws_all_its_values():
    rng = np.random.default_rng(0)
    assert {Choice(("a", "b")).draw(rng) for _ in range(20)} == {"a", "b"}


def test_unknown_names_and_missing_packages_are_named(monkeypatch):
    with pytest.raises(ConfigFault, match="did you mean 'kernel nb'"):
        make_classifier("kernal nb", n_train=9, n_features=2)
    with pytest.raises(ConfigFault, match=r"parameter of 'logistic' 'c'.*did you mean 'C'"):
        make_classifier("logistic", n_train=9, n_features=2, c=1)
    for module in [m for m in sys.modules if m.partition(".")[0] == "imblearn"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ConfigFault, match=r"neurodecode\[mci\]"):
        make_classifier("rusboost", n_train=9, n_features=2)
