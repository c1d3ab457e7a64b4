"""Scores of diagnoses against scikit-learn and against what they must not see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, recall_score, roc_auc_score

from neurodecode.evaluation.diagnosis_scores import (
    DiagnosisSettings,
    balanced_hits,
    p_within_sites,
    score_diagnoses,
)

SETTINGS = DiagnosisSettings(n_resamples=300, n_permutations=199, seed=0)


def answers(seed=0, n=120, strength=1.0):
    """Return answers of a model that knows a little, in three folds and two sites."""
    rng = np.random.default_rng(seed)
    true = (rng.random(n) < 0.35).astype(int)
    score = strength * true + rng.standard_normal(n)
    return pd.DataFrame({
        "subject": np.arange(n).astype(str), "site": np.where(np.arange(n) % 2, "a", "b"),
        "fold": [f"fold {k % 3}" for k in range(n)], "y_true": true,
        "y_pred": (score > 0.5).astype(int), "score": score, "model": "m", "split": "s",
    })  # fmt: skip


def by_metric(table, settings=SETTINGS):
    return {row.metric: row for row in score_diagnoses(table, settings)}


def test_rates_are_those_of_scikit_learn():
    table = answers()
    rows = by_metric(table)
    true, called = table["y_true"], table["y_pred"]
    assert rows["balanced_accuracy"].value == pytest.approx(balanced_accuracy_score(true, called))
    assert rows["sensitivity"].value == pytest.approx(recall_score(true, called))
    assert rows["specificity"].value == pytest.approx(recall_score(true, called, pos_label=0))
    assert rows["accuracy"].chance == pytest.approx(1 - true.mean())
    assert rows["sensitivity"].chance == pytest.approx(called.mean())
    assert rows["balanced_accuracy"].p_value == pytest.approx(1 / 200)
    for row in rows.values():
        assert row.ci_low < row.value < row.ci_high
        assert row.n == len(table)


def test_auc_compares_people_of_one_fold_only():
    table = answers()
    pairs = [(part["y_true"].sum() * (1 - part["y_true"]).sum(),
              roc_auc_score(part["y_true"], part["score"]))
             for _, part in table.groupby("fold")]  # fmt: skip
    expected = sum(n * auc for n, auc in pairs) / sum(n for n, _ in pairs)
    assert by_metric(table)["roc_auc"].value == pytest.approx(expected)
    offset = table["fold"].map({"fold 0": 0.0, "fold 1": 50.0, "fold 2": -50.0})
    moved = table.assign(score=table["score"] + offset)
    assert by_metric(moved)["roc_auc"].value == pytest.approx(expected)


def test_a_model_that_knows_the_site_alone_is_not_significant_within_sites():
    table = answers()
    rng = np.random.default_rng(1)
    share = np.where(table["site"] == "a", 0.8, 0.2)
    true = (rng.random(len(table)) < share).astype(int)
    table = table.assign(y_true=true, y_pred=(table["site"] == "a").astype(int))
    assert by_metric(table)["balanced_accuracy"].p_value < 0.05
    assert p_within_sites(table, SETTINGS) == 1.0
    assert p_within_sites(answers(strength=3.0), SETTINGS) < 0.05


def test_hits_of_people_average_to_the_balanced_accuracy():
    table = answers()
    expected = balanced_accuracy_score(table["y_true"], table["y_pred"])
    assert balanced_hits(table).mean() == pytest.approx(expected)


def test_a_site_of_one_group_has_accuracy_alone():
    rows = by_metric(answers().assign(y_true=0))
    assert list(rows) == ["accuracy"]
    assert rows["accuracy"].chance == 1.0


def test_where_no_fold_has_both_groups_there_is_no_auc():
    table = answers()
    assert "roc_auc" not in by_metric(table.assign(fold=table["y_true"].astype(str)))
