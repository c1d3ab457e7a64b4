"""Folds share covariances but never training; units keep subjects apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from neurodecode.config import apply_overrides, validate
from neurodecode.evaluation.protocols import make_folds
from neurodecode.faults import DataFault
from neurodecode.riemann import DECODERS, ACMConfig, make_decoder
from neurodecode.riemann.config import ModelSection
from neurodecode.riemann.decoders import SHUFFLED_LABELS, decision_scores
from neurodecode.riemann.folds import fit_folds, predict_folds
from neurodecode.riemann.protocols import (
    Unit,
    choose_metric,
    evaluate_unit,
    fit_unit,
    load_unit,
    optimal_score,
    unit_folds,
)

MODEL = ModelSection(order=2, lag=2, n_filters=4)
TREE = {"description": "", "data": {"dataset": "Toy"}, "model": {"order": 2, "lag": 2}}


def config(*overrides):
    fast = ["decoders=[ACM+TS+SVM, TS+SVM]", "evaluation.n_splits=2", "evaluation.n_bootstrap=100"]
    few = "evaluation.n_permutations=100"
    return validate(ACMConfig, apply_overrides(TREE, [*fast, few, *overrides]))


@pytest.mark.parametrize("name", [name for name in DECODERS if name != SHUFFLED_LABELS])
def test_shared_covariances_change_nothing(name, trials):
    X, table = trials(sessions=("0", "1"))
    labels = table["label"].to_numpy(dtype=str)
    folds = make_folds("cross_session", table)
    models = fit_folds([name], MODEL, X, labels, folds, seed=5)
    found = predict_folds(models, X, table, folds)
    for fold in folds:
        alone = make_decoder(name, MODEL, random_state=5).fit(X[fold.train], labels[fold.train])
        rows = found[found["fold"] == fold.name]
        assert rows["y_pred"].tolist() == alone.predict(X[fold.test]).tolist()
        scores = rows[[f"score_{c}" for c in alone.classes_]].to_numpy()
        np.testing.assert_allclose(scores, decision_scores(alone, X[fold.test]), rtol=1e-6)


def test_the_models_of_a_fold_decode_raw_trials_on_their_own(trials):
    X, table = trials(sessions=("0", "1"))
    folds = make_folds("cross_session", table)
    models = fit_folds(DECODERS, MODEL, X, table["label"].to_numpy(dtype=str), folds, seed=0)
    for decoders in models.values():
        for decoder in decoders.values():
            assert len(decoder.predict(X[:3])) == 3


def test_test_trials_do_not_change_what_is_learned(trials):
    X, table = trials(sessions=("0", "1"))
    labels = table["label"].to_numpy(dtype=str)
    (fold, _) = make_folds("cross_session", table)
    other = X.copy()
    other[fold.test] = other[fold.test][::-1] * 7
    probe = X[fold.train]
    for name in DECODERS:
        first, second = (
            fit_folds([name], MODEL, data, labels, [fold], seed=0)[fold.name][name]
            for data in (X, other)
        )
        np.testing.assert_array_equal(decision_scores(first, probe), decision_scores(second, probe))


def test_the_control_with_permuted_labels_knows_nothing(trials):
    X, table = trials(n_trials=80, sessions=tuple("0123"))
    folds = make_folds("cross_session", table)
    labels = table["label"].to_numpy(dtype=str)
    names = ["ACM+TS+SVM", SHUFFLED_LABELS]
    found = predict_folds(fit_folds(names, MODEL, X, labels, folds, seed=0), X, table, folds)
    hits = (found["y_true"] == found["y_pred"]).groupby(found["model"]).mean()
    assert hits["ACM+TS+SVM"] > 0.95
    assert abs(hits[SHUFFLED_LABELS] - 0.5) < 0.25


def test_predictions_name_subject_session_fold_and_trial(trials):
    X, table = trials(sessions=("0", "1"))
    folds = make_folds("cross_session", table)
    models = fit_folds(["MDM"], MODEL, X, table["label"].to_numpy(dtype=str), folds, seed=0)
    found = predict_folds(models, X, table, folds).sort_values("trial", ignore_index=True)
    for column in ("subject", "session", "trial"):
        assert found[column].tolist() == table[column].tolist()
    assert found["y_true"].tolist() == table["label"].tolist()


def test_cross_subject_folds_never_train_on_the_test_subject(trials):
    X, table = trials(subjects=("1", "2", "3"))
    (fold,) = unit_folds(config(), Unit(X, table), "2", "cross_subject")
    assert set(table["subject"].iloc[fold.train]) == {"1", "3"}
    assert set(table["subject"].iloc[fold.test]) == {"2"}


@pytest.mark.parametrize("protocol", ["within_session", "cross_session"])
def test_a_subjects_own_folds_hold_nobody_else(trials, protocol):
    X, table = trials(subjects=("1", "2", "3"), sessions=("0", "1"))
    folds = unit_folds(config(), Unit(X, table), "2", protocol)
    assert len(folds) == (4 if protocol == "within_session" else 2)
    for fold in folds:
        assert set(table["subject"].iloc[np.r_[fold.train, fold.test]]) == {"2"}


def test_a_subject_that_is_not_there_is_refused(trials):
    with pytest.raises(DataFault, match="unknown subject '02', valid: 1"):
        unit_folds(config(), Unit(*trials()), "02", "within_session")


def test_every_held_out_trial_is_predicted_once_per_decoder(store):
    settings = config("evaluation.protocols=[within_session, cross_session]")
    stores = [store("1")]
    models, info, _ = fit_unit(settings, stores, "1")
    assert info["n_folds"] == 6
    assert info["n_models"] == 12
    assert info["channels"] == ["C3", "Cz", "C4", "Pz"]
    table = evaluate_unit(settings, models, stores, "1").predictions
    assert table.groupby(["split", "model", "trial"]).size().eq(1).all()
    assert len(table) == 2 * 2 * 60


def test_stores_are_joined_over_their_common_channels_in_one_order(store):
    unit = load_unit([store("1"), store("2", channels=("Pz", "C3", "c4", "Oz"))])
    assert unit.channels == ("C3", "C4", "Pz")
    second = store("2").parent / "2" / "signals.npy"
    np.testing.assert_array_equal(unit.signals[60:], np.load(second)[:, [1, 2, 0]])


def test_stores_of_different_sampling_rates_are_refused_with_a_table(store):
    words = r"subject 1: 100 Hz, subject 88: 128 Hz\] -> set signals\.resample=100"
    with pytest.raises(DataFault, match=words):
        load_unit([store("1"), store("88", sfreq=128.0)])


@pytest.mark.parametrize(("n_classes", "metric"), [(2, "roc_auc"), (3, "accuracy")])
def test_the_metric_follows_the_number_of_classes(trials, n_classes, metric):
    unit = Unit(*trials(n_classes))
    assert choose_metric(config(), unit) == metric
    assert choose_metric(config("evaluation.metric=balanced_accuracy"), unit) == "balanced_accuracy"


def test_the_optimal_score_is_the_mean_over_sessions_of_one_subject(trials):
    X, table = trials(subjects=("1", "2"), sessions=("0", "1"))
    rng = np.random.default_rng(1)
    right = table["label"] == "left_hand"
    table["optimal_left_hand"] = right + rng.normal(size=len(table))
    table["optimal_feet"] = 0.0
    unit = Unit(X, table)
    mine = table[table["subject"] == "2"].groupby("session")
    expected = [
        roc_auc_score(rows["label"] == "left_hand", rows["optimal_left_hand"]) for _, rows in mine
    ]
    assert optimal_score(unit, "2", "roc_auc") == pytest.approx(np.mean(expected))
    hits = [((rows["optimal_left_hand"] > 0) == right[rows.index]).mean() for _, rows in mine]
    assert optimal_score(unit, "2", "accuracy") == pytest.approx(np.mean(hits))


def test_real_trials_have_no_optimal_score(trials):
    assert optimal_score(Unit(*trials()), "1", "roc_auc") is None


def test_labels_are_text_even_where_the_table_holds_numbers(trials):
    X, table = trials()
    codes = table.assign(label=pd.factorize(table["label"])[0] + 13)
    assert set(Unit(X, codes).labels) == {"13", "14"}
