"""Every run tests once, no fold sees another's parts, and intervals are over folds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import validate
from neurodecode.datasets.catalog import card_of
from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.mindbridge.config import MindBridgeConfig
from neurodecode.mindbridge.evaluation import FORWARD, evaluate_unit
from neurodecode.mindbridge.folds import (
    compare_over_folds,
    fold_unit,
    folds_note,
    pooled_rows,
)
from neurodecode.mindbridge.study import (
    FOLD,
    Study,
    fetch_trials,
    prepare_subject,
    read_audit,
    read_subject,
    read_trials,
)
from neurodecode.mindbridge.training import train_unit
from neurodecode.mindbridge.units import unit_of

RUNS = 4


@pytest.fixture
def folded(tmp_path, run_table):
    """Return the study of one subject: four runs, each of four categories, all of them folds."""
    root = tmp_path / "study"
    base = root / "sub-1" / "sub-1"
    base.parent.mkdir(parents=True)
    rng = np.random.default_rng(0)
    centres = dict(zip("abcd", 3 * rng.standard_normal((4, 12)), strict=True))
    values = np.stack([centres[name] for name in run_table["stimulus"]])
    values += 0.1 * rng.standard_normal(values.shape)
    np.save(f"{base}_responses.npy", values.astype(np.float32))
    table = run_table[["stimulus", "run"]].assign(category=run_table["stimulus"])
    table.to_csv(f"{base}_trials.tsv", sep="\t", index=False)
    config = validate(MindBridgeConfig, {
        "description": "", "data": {"dataset": "local", "path": root},
        "split": {"protocol": "leave_runs_out", "test": 0.25, "valid": 0.3, "folds": "all"},
        "target": {"image": "category"}, "models": ["ridge"], "ridge": {"alphas": [1.0]},
        "bridge": {"pooled_size": 12}, "evaluation": {"set_size": 4, "n_sets": 1,
                                                      "n_bootstrap": 200},
    })  # fmt: skip
    trials = fetch_trials(config, card_of(config.data), ["1"], tmp_path, tmp_path / "seen")
    found = read_subject(config, card_of(config.data), "1", tmp_path)
    prepare_subject(tmp_path / "1", found, trials)
    return Study(config, {"1": tmp_path / "1"}, *read_trials(tmp_path / "seen"), tmp_path / "cache")


def test_every_run_tests_once_and_trains_in_no_fold_that_it_tests(folded):
    tested = []
    for fold in range(RUNS):
        trials = folded.of_fold(fold).trials
        parts = trials.groupby("run")["part"].agg(set)
        assert all(len(part) == 1 for part in parts)
        tested += parts.index[parts == {"test"}].tolist()
        assert (parts == {"valid"}).sum() == 1
    assert sorted(tested) == sorted(folded.trials["run"].unique())


def test_models_read_the_parts_of_their_fold_only(folded):
    store = folded.store("1")
    for fold in range(RUNS):
        study = folded.of_fold(fold)
        for part in ("train", "valid", "test"):
            mine = study.trials_of(store, part)
            assert mine["run"].tolist() == store.trials.loc[
                store.trials[f"{FOLD}{fold}"] == part, "run"
            ].tolist()  # fmt: skip
            assert mine.index.tolist() == (
                study.trials.index[study.trials["part"] == part].tolist()
            )


def test_without_a_fold_a_study_is_as_it_is(folded):
    assert folded.of_fold(None) is folded
    first = folded.of_fold(0)
    assert first.trials["part"].tolist() == folded.trials["part"].tolist()


def test_each_fold_is_audited(folded, tmp_path):
    rows = read_audit(tmp_path / "seen")
    assert {row.fold.partition(",")[0] for row in rows} == {f"fold {k}" for k in range(RUNS)}
    assert all(row.overlap == 0 and row.unit == "run" for row in rows)


def test_each_fold_is_trained_and_tested_by_itself(folded, tmp_path):
    tables = []
    for name in folded.config.units(["1"]):
        unit = unit_of(name, ["1"])
        study = folded.of_fold(unit.fold)
        train_unit(study, unit, tmp_path / name)
        tables.append(evaluate_unit(study, unit, tmp_path / name).predictions)
    found = pd.concat(tables)
    assert found.groupby("fold").size().tolist() == [8] * RUNS
    rows = pooled_rows(found, "run", 100, seed=0)
    assert {(row.n, row.unit, row.chance) for row in rows} == {(RUNS, "run", 0.25)}
    assert min(row.value for row in rows) == 1


def predictions_of(hits, model="ridge", subject="1", seed=42, *, optimal=np.nan):
    """Return one test stimulus per value and fold; rows are folds."""
    rows = [
        {"model": model, "subject": subject, "metric": FORWARD, "seed": seed, "fold": fold,
         "stimulus": f"{i}", "hit": hit, "chance": 0.25, "optimal_hit": optimal, "kind": "model",
         "split": "leave_runs_out"}
        for fold, values in enumerate(hits) for i, hit in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(rows)


HITS = [[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1], [0, 1, 0, 1]]


def test_the_interval_resamples_folds_not_stimuli():
    (row,) = pooled_rows(predictions_of(HITS, optimal=0.9), "run", 500, seed=3)
    means = np.mean(HITS, axis=1)
    expected = mean_ci(means, n_resamples=500, expand=True, random_state=3, unit="run")
    assert (row.value, row.ci_low, row.ci_high) == pytest.approx(
        (means.mean(), expected.low, expected.high)
    )
    assert (row.n, row.unit, row.level, row.ceiling) == (5, "run", "subject", pytest.approx(0.9))
    assert pooled_rows(predictions_of(HITS), "run", 100, seed=3)[0].ceiling is None


def test_new_subjects_and_synthesis_are_not_pooled_with_models():
    other = predictions_of(HITS).assign(kind="synthesis", model="bridge")
    rows = pooled_rows(pd.concat([predictions_of(HITS), other]), "run", 100, seed=0)
    assert [row.model for row in rows] == ["ridge"]


def test_models_are_compared_on_the_same_folds():
    worse = [[0, *values[1:]] for values in HITS]
    both = pd.concat([predictions_of(HITS, "single"), predictions_of(worse, "ridge")])
    (row,) = compare_over_folds(both, "single", "run").to_dict("records")
    assert (row["model"], row["n"], row["unit"]) == ("ridge", 5, "run")
    assert row["difference"] == pytest.approx(np.mean(HITS) - np.mean(worse))
    assert "share training data" in row["note"]


def test_the_unit_is_a_run_only_where_a_fold_tests_one(folded):
    assert fold_unit(folded.trials, range(RUNS)) == "run"
    two = folded.trials.assign(**{f"{FOLD}1": "test"})
    assert fold_unit(two, range(RUNS)) == "fold"
    assert folds_note((), "run") == []
    assert "4 folds" in folds_note(range(RUNS), "run")[0]
