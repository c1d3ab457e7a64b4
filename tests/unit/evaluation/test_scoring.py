import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from neurodecode.evaluation import METRICS, score_predictions
from neurodecode.evaluation.tally import stratified_weights
from neurodecode.faults import ConfigFault, DataFault

TRUE_AUC = float(stats.norm.cdf(1 / np.sqrt(2)))  # two unit normals one apart


def _predictions(
    seed=0, models=("csp",), subjects=3, sessions=2, folds=5, per_fold=20, effect=1.0, drift=0.0
):
    rng = np.random.default_rng(seed)
    n = folds * per_fold
    parts = []
    for model in models:
        for subject in range(subjects):
            for session in range(sessions):
                y = np.tile([0, 1], n // 2)
                fold = np.arange(n) // per_fold
                s = rng.normal(size=n) + effect * (y - 0.5) + drift * fold
                parts.append(
                    pd.DataFrame(
                        {"model": model, "split": "within_session", "subject": str(subject),
                         "session": str(session), "fold": fold, "trial": np.arange(n),
                         "y_true": np.where(y == 1, "right", "left"),
                         "y_pred": np.where(s - drift * fold > 0, "right", "left"),
                         "score_right": s}
                    )
                )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _one(rows, level):
    found = [row for row in rows if row.level == level]
    assert len(found) == 1
    return found[0]


def test_rows_are_sessions_then_subjects_then_the_group():
    rows = score_predictions(
        _predictions(models=("csp", "acm")), "roc_auc", n_resamples=50, n_permutations=19
    )
    per_model = ["session"] * 6 + ["subject"] * 3 + ["group"]
    assert [row.level for row in rows] == per_model * 2
    assert [row.model for row in rows] == ["csp"] * 10 + ["acm"] * 10
    assert {(row.level, row.unit, row.n) for row in rows} == {
        ("session", "trial", 100), ("subject", "trial", 200), ("group", "subject", 3),
    }  # fmt: skip
    assert all(row.chance == 0.5 and row.split == "within_session" for row in rows)


def test_auc_is_the_mean_over_folds_because_folds_have_their_own_scale():
    table = _predictions(drift=10.0, subjects=1, sessions=1)
    row = _one(score_predictions(table, "roc_auc", n_resamples=0, n_permutations=0), "session")
    by_fold = [
        roc_auc_score(fold["y_true"] == "right", fold["score_right"])
        for _, fold in table.groupby("fold")
    ]
    pooled = roc_auc_score(table["y_true"] == "right", table["score_right"])
    assert row.value == pytest.approx(np.mean(by_fold))
    assert row.value > pooled + 0.1


def test_group_is_the_mean_over_subjects_of_their_mean_over_sessions():
    table = _predictions()
    table = table[~((table["subject"] == "0") & (table["session"] == "1"))]
    rows = score_predictions(table, "accuracy", n_resamples=0, n_permutations=0)
    right = table["y_true"] == table["y_pred"]
    expected = right.groupby([table["subject"], table["session"]]).mean().groupby("subject").mean()
    assert _one(rows, "group").value == pytest.approx(expected.mean())
    assert [r.value for r in rows if r.level == "subject"] == pytest.approx(expected.tolist())
    assert _one(rows, "group").ci_low is None
    assert _one(rows, "group").p_value is None


def test_trial_interval_covers_the_true_auc_95_percent_of_the_time():
    # 400 subjects of one decoder with a known AUC; 99.9 % binomial band of 0.95.
    table = _predictions(subjects=400, sessions=1)
    rows = score_predictions(table, "roc_auc", n_resamples=400, n_permutations=0)
    inside = [r.ci_low <= TRUE_AUC <= r.ci_high for r in rows if r.level == "subject"]
    assert 0.912 <= np.mean(inside) <= 0.983
    assert _one(rows, "group").value == pytest.approx(TRUE_AUC, abs=0.01)


def test_small_strata_keep_the_variance_of_a_mean():
    # Plain resampling of 4 trials would give 3/4 of the unbiased variance s^2 / n.
    values = np.array([0.0, 1.0, 1.0, 3.0])
    weights = stratified_weights(np.zeros(4, dtype=int), 40_000, np.random.default_rng(0))
    assert weights.sum(axis=1) == pytest.approx(4)
    assert np.var(weights @ values / 4) == pytest.approx(values.var(ddof=1) / 4, rel=0.03)


def test_p_is_uniform_when_the_decoder_knows_nothing():
    p_values = []
    for seed in range(200):
        table = _predictions(seed, subjects=2, sessions=1, folds=2, per_fold=12, effect=0.0)
        rows = score_predictions(table, "roc_auc", n_resamples=0, n_permutations=99, seed=seed)
        p_values.append(_one(rows, "group").p_value)
    assert stats.kstest(np.array(p_values) - 0.005, "uniform").pvalue > 0.001
    assert np.sum(np.array(p_values) <= 0.05) <= stats.binom.ppf(0.9995, 200, 0.05)


def test_p_and_chance_95_agree():
    for seed in range(20):
        table = _predictions(seed, subjects=1, sessions=1, effect=0.3)
        row = _one(score_predictions(table, "accuracy", n_resamples=0, n_permutations=199), "group")
        if row.value > row.chance_95 + 1e-9:
            assert row.p_value <= 0.051
        if row.p_value <= 0.045:
            assert row.value >= row.chance_95 - 1e-9


def test_chance_95_is_near_the_binomial_threshold():
    row = _one(
        score_predictions(_predictions(subjects=1, sessions=1), "accuracy", n_resamples=0), "group"
    )
    assert row.chance_95 == pytest.approx(0.58, abs=0.021)


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_strong_decoder_is_above_chance_in_every_metric(metric):
    rows = score_predictions(_predictions(effect=2.0), metric, n_resamples=100, n_permutations=199)
    for row in rows:
        assert row.p_value == 1 / 200
        assert row.chance < row.chance_95 < row.value
        assert row.ci_low < row.value < row.ci_high


def test_one_subject_gets_an_interval_over_trials_and_says_so():
    rows = score_predictions(_predictions(subjects=1), "roc_auc", n_resamples=100, n_permutations=9)
    group, subject = _one(rows, "group"), _one(rows, "subject")
    assert (group.unit, group.n) == ("trial", 200)
    assert (group.ci_low, group.ci_high) == (subject.ci_low, subject.ci_high)


def test_perfect_score_still_has_the_binomial_lower_bound():
    table = _predictions(subjects=1, sessions=1, effect=50.0)
    row = _one(score_predictions(table, "accuracy", n_permutations=9, n_resamples=50), "session")
    exact = stats.binomtest(100, 100).proportion_ci(0.95, method="exact")
    assert (row.value, row.ci_high) == (1.0, 1.0)
    assert row.ci_low == pytest.approx(exact.low)
    kappa = _one(score_predictions(table, "cohen_kappa", n_permutations=9), "session")
    assert kappa.ci_low == pytest.approx(2 * exact.low - 1)
    auc = _one(score_predictions(table, "roc_auc", n_permutations=9), "session")
    assert auc.ci_low == pytest.approx(0.025 ** (1 / 50))


def test_chance_of_accuracy_is_the_majority_share():
    table = _predictions(subjects=1, sessions=1)
    table = table[(table["y_true"] == "left") | (table["trial"] % 4 == 1)]
    row = _one(score_predictions(table, "accuracy", n_resamples=0, n_permutations=0), "session")
    assert row.chance == pytest.approx(50 / 75)


def test_persons_as_rows_are_scored_once_for_the_group():
    table = _predictions(subjects=1, sessions=1).assign(subject=lambda t: t["trial"].astype(str))
    rows = score_predictions(table, "roc_auc", n_resamples=200, n_permutations=99, unit="subject")
    assert [(row.level, row.unit, row.n) for row in rows] == [("group", "subject", 100)]
    assert rows[0].ci_low < rows[0].value < rows[0].ci_high


def test_ceiling_is_kept_beside_the_score():
    table = _predictions()
    rows = score_predictions(
        table, "roc_auc", n_resamples=0, n_permutations=0, ceiling={"0": 0.9, "1": 0.8, "2": 0.7}
    )
    assert [r.ceiling for r in rows if r.level == "subject"] == [0.9, 0.8, 0.7]
    assert _one(rows, "group").ceiling == pytest.approx(0.8)


def test_same_seed_gives_the_same_rows():
    table = _predictions()
    first, second, other = (
        score_predictions(table, "roc_auc", n_resamples=50, n_permutations=50, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first == second
    assert first[0].ci_low != other[0].ci_low


def test_faults_of_predictions_name_the_place():
    table = _predictions()
    with pytest.raises(DataFault, match="no column y_pred"):
        score_predictions(table.drop(columns="y_pred"), "roc_auc")
    with pytest.raises(DataFault, match="no column score_right"):
        score_predictions(table.drop(columns="score_right"), "roc_auc")
    with pytest.raises(ConfigFault, match="unknown metric"):
        score_predictions(table, "auroc")
    with pytest.raises(DataFault, match=r"predicted twice.*subject 0, session 0"):
        score_predictions(pd.concat([table, table]), "accuracy")
    broken = table.copy()
    broken.loc[205, "score_right"] = np.nan
    with pytest.raises(DataFault, match=r"not finite.*subject 1, session 0, fold 0"):
        score_predictions(broken, "roc_auc", n_resamples=0, n_permutations=0)


def test_fold_without_a_class_names_subject_session_fold_and_counts():
    table = _predictions()
    gone = (table["subject"] == "1") & (table["fold"] == 3) & (table["y_true"] == "left")
    with pytest.raises(DataFault, match=r"left: 0, right: 10.*subject 1, session 0, fold 3"):
        score_predictions(table[~gone], "roc_auc", n_resamples=0, n_permutations=0)


def test_eight_models_eight_subjects_take_seconds():
    table = _predictions(models=[f"m{i}" for i in range(8)], subjects=8)
    start = time.process_time()
    score_predictions(table, "roc_auc")
    assert time.process_time() - start < 12  # 3 s when measured
