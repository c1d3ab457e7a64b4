import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from neurodecode.evaluation import METRICS, MetricRow, metric_frame, score
from neurodecode.evaluation.metrics import batch_score, get_metric
from neurodecode.faults import ConfigFault, DataFault

SKLEARN = {
    "accuracy": reference.accuracy_score,
    "balanced_accuracy": reference.balanced_accuracy_score,
    "cohen_kappa": reference.cohen_kappa_score,
    "f1_macro": lambda y, p: reference.f1_score(y, p, average="macro"),
}
ROW = {"metric": "roc_auc", "value": 0.8, "n": 10, "unit": "trial", "level": "subject",
       "split": "within_session", "model": "csp"}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SKLEARN))
@pytest.mark.parametrize("n_classes", [2, 4])
def test_label_metrics_equal_scikit_learn(name, n_classes):
    rng = np.random.default_rng(n_classes)
    labels = np.array(["feet", "left", "right", "tongue"])[:n_classes]
    y, p = rng.choice(labels, 80), rng.choice(labels, 80)
    p = np.where(rng.random(80) < 0.4, y, p)
    assert score(name, y, p) == pytest.approx(SKLEARN[name](y, p))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-3, 3)), min_size=2, max_size=40))
@settings(max_examples=60)
def test_binary_auc_equals_scikit_learn_with_ties(pairs):
    y, s = np.array(pairs).T
    if np.unique(y).size < 2:
        with pytest.raises(DataFault, match="every class"):
            score("roc_auc", y, y_score=s, classes=[0, 1])
        return
    assert score("roc_auc", y, y_score=s) == pytest.approx(reference.roc_auc_score(y, s))


def test_multiclass_auc_is_the_macro_one_vs_rest_of_scikit_learn():
    rng = np.random.default_rng(0)
    y = np.tile(["a", "b", "c"], 20)
    proba = rng.dirichlet(np.ones(3), 60)
    expected = reference.roc_auc_score(y, proba, multi_class="ovr", average="macro")
    assert score("roc_auc", y, y_score=proba) == pytest.approx(expected)


def test_two_score_columns_keep_confident_trials_apart():
    positive = np.array([1e-20, 1e-18, 1e-19, 1e-17])
    proba = np.column_stack([1 - positive, positive])
    assert score("roc_auc", [0, 1, 0, 1], y_score=proba) == 1.0


def test_two_columns_of_logits_are_compared_with_each_other():
    logits = np.array([[9.0, 8.0], [1.0, 2.0], [5.0, 4.0], [0.0, 3.0]])
    assert score("roc_auc", [0, 1, 0, 1], y_score=logits) == 1.0


@pytest.mark.parametrize("name", sorted(METRICS))
def test_weights_count_like_repeated_trials(name):
    rng = np.random.default_rng(1)
    y, p, s = rng.integers(3, size=50), rng.integers(3, size=50), rng.normal(size=(50, 3))
    held_out = s if METRICS[name].needs_scores else p
    weights = rng.integers(1, 4, size=(5, 50))
    many = batch_score(METRICS[name], y[None], held_out, 3, weights.astype(float))
    for row, value in zip(weights, many, strict=True):
        assert value == pytest.approx(
            score(name, np.repeat(y, row), np.repeat(p, row), np.repeat(s, row, axis=0))
        )


def test_constant_decoder_of_one_class_has_kappa_zero():
    assert score("cohen_kappa", ["a"] * 5, ["a"] * 5) == 0.0


def test_wrong_input_is_one_clear_fault():
    with pytest.raises(ConfigFault, match="did you mean 'roc_auc'"):
        get_metric("rocauc")
    with pytest.raises(ConfigFault, match="needs y_score"):
        score("roc_auc", [0, 1], [0, 1])
    with pytest.raises(DataFault, match="2 labels for 3 predictions"):
        score("accuracy", [0, 1], [0, 1, 1])
    with pytest.raises(DataFault, match="not finite"):
        score("roc_auc", [0, 1], y_score=[0.1, np.nan])
    with pytest.raises(DataFault, match="label c is not among the classes"):
        score("accuracy", ["a", "b"], ["a", "c"], classes=["a", "b"])
    with pytest.raises(DataFault, match=r"shape \(3, 2\) for 3 classes"):
        score("roc_auc", [0, 1, 2], y_score=np.zeros((3, 2)))


def test_a_score_without_its_chance_level_cannot_be_built():
    assert MetricRow(**ROW, chance=0.5).chance == 0.5
    with pytest.raises(TypeError, match="chance"):
        MetricRow(**ROW)
    for nothing in (None, float("nan")):
        with pytest.raises(DataFault, match="no chance level"):
            MetricRow(**ROW, chance=nothing)


def test_table_of_scores_has_the_fields_of_the_metrics_file():
    table = metric_frame([MetricRow(**ROW, chance=0.5)])
    promised = ["metric", "value", "ci_low", "ci_high", "chance", "p_value", "n", "unit",
                "level", "subject", "seed", "split"]  # fmt: skip
    assert set(promised) <= set(table.columns)
    assert list(metric_frame([]).columns) == list(table.columns)


def test_importing_the_room_loads_nothing_heavy():
    code = (
        "import sys, neurodecode.evaluation as e; "
        "assert not {'numpy', 'scipy', 'sklearn', 'pandas'} & set(sys.modules); "
        "missing = [name for name in e.__all__ if not hasattr(e, name)]; "
        "assert not missing, missing"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
