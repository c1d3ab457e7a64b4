"""What the jobs of a run left becomes the rows of its report: seeds, folds, comparisons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import validate
from neurodecode.evaluation.group_scores import group_rows, over_seeds
from neurodecode.mindbridge.config import MindBridgeConfig
from neurodecode.mindbridge.evaluation import BACKWARD, FORWARD, Result, metric_rows
from neurodecode.mindbridge.models import SHUFFLED
from neurodecode.mindbridge.results import _compare, load_evaluations
from neurodecode.mindbridge.sections import retrieval_section, tuning_section, tuning_table

N, RUNS = 20, {"protocol": "leave_runs_out", "test": 0.25, "folds": "all"}


def config_of(**sections):
    tree = {"description": "", "data": {"dataset": "simulated-responses"},
            "evaluation": {"n_bootstrap": 100}, **sections}  # fmt: skip
    return validate(MindBridgeConfig, tree)


def predictions_of(model="bridge", seed=42, fold=0, *, subjects=("01", "02"), kind="model", best=1):
    """Return hits of twenty stimuli of each subject; the ceiling is that of image retrieval."""
    rng = np.random.default_rng([seed, fold, len(model)])
    tables = [
        pd.DataFrame({"stimulus": [f"{i}" for i in range(N)], "hit": rng.integers(0, 2, N) * 1.0})
        .assign(subject=subject, metric=metric, optimal_hit=best if metric == FORWARD else np.nan)
        for subject in subjects for metric in (FORWARD, BACKWARD)
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True).assign(
        model=model, kind=kind, seed=seed, fold=fold, chance=0.1, set_size=10, split="shared_test"
    )


@pytest.fixture
def left(tmp_path):
    """Return a function that saves predictions as jobs do, and returns their folders."""

    def save(*tables):
        folders = [tmp_path / f"job-{i}" for i in range(len(tables))]
        for table, folder in zip(tables, folders, strict=True):
            Result(table, metric_rows(table, 100, seed=1), "").save(folder)
        return folders

    return save


def mean_of(table, subject, metric=FORWARD):
    return table.query("subject == @subject and metric == @metric")["hit"].mean()


def test_seeds_are_averaged_before_subjects(left):
    tables = [predictions_of(seed=1), predictions_of(seed=2), predictions_of("ridge", seed=1)]
    _, rows = load_evaluations(left(*tables), config_of(), "fold")
    each = over_seeds(rows).set_index(["model", "subject", "metric"])["value"]
    for subject in ("01", "02"):
        expected = np.mean([mean_of(table, subject) for table in tables[:2]])
        assert each["bridge", subject, FORWARD] == pytest.approx(expected)
        assert each["ridge", subject, FORWARD] == pytest.approx(mean_of(tables[2], subject))
    (group,) = (row for row in group_rows(rows, n_resamples=100, seed=0, unit="subject")
                if (row.model, row.metric) == ("bridge", FORWARD))  # fmt: skip
    assert group.value == pytest.approx(each["bridge", :, FORWARD].mean())
    assert (group.n, group.unit, group.ceiling, group.chance) == (2, "subject", 1.0, 0.1)


def test_new_subjects_have_no_row_among_the_models(left):
    folders = left(predictions_of(), predictions_of("reset", kind="tuning"))
    predictions, rows = load_evaluations(folders, config_of(), "fold")
    assert set(rows["model"]) == {"bridge"}
    assert set(predictions["model"]) == {"bridge", "reset"}


def test_folds_are_pooled_with_an_interval_over_runs(left):
    tables = [predictions_of("single", fold=fold, subjects=("1",)) for fold in range(4)]
    _, rows = load_evaluations(left(*tables), config_of(split=RUNS, models=["single"]), "run")
    found = rows.set_index("metric").loc[FORWARD]
    each = [mean_of(table, "1") for table in tables]
    assert found["value"] == pytest.approx(np.mean(each))
    assert (found["n"], found["unit"]) == (4, "run")
    assert found["ci_low"] < np.mean(each) < found["ci_high"]
    (group,) = (row for row in group_rows(rows, n_resamples=100, seed=0)
                if row.metric == FORWARD)  # fmt: skip
    assert (group.n, group.unit, group.ci_low) == (4, "run", found["ci_low"])


def shown_of(tables, config):
    rows = pd.DataFrame([vars(row) for t in tables for row in metric_rows(t, 100, seed=1)])
    forward = pd.concat(tables).query("metric == @FORWARD")
    return rows[rows["metric"] == FORWARD], forward, config


def test_the_main_model_is_compared_over_subjects_but_not_with_the_control():
    subjects = ("01", "02", "03")
    tables = [predictions_of(m, subjects=subjects) for m in ("bridge", "ridge", SHUFFLED)]
    found = _compare(*shown_of(tables, config_of(models=["bridge", "ridge", SHUFFLED])), "fold")
    assert found["model"].tolist() == ["ridge"]
    assert (found["n"].tolist(), found["unit"].tolist()) == ([3], ["subject"])
    alone = _compare(*shown_of(tables[:1], config_of(models=["bridge"])), "fold")
    assert alone.empty


def test_models_of_one_subject_are_compared_over_its_runs():
    tables = [predictions_of(m, fold=fold, subjects=("1",))
              for m in ("single", "ridge") for fold in range(4)]  # fmt: skip
    found = _compare(*shown_of(tables, config_of(models=["single", "ridge"], split=RUNS)), "run")
    assert (found["n"].tolist(), found["unit"].tolist()) == ([4], ["run"])
    expected = np.mean([mean_of(t, "1") for t in tables[:4]]) - np.mean(
        [mean_of(t, "1") for t in tables[4:]]
    )
    assert found["difference"].tolist() == pytest.approx([expected])


def test_both_directions_of_every_model_are_in_the_table(left):
    _, rows = load_evaluations(left(predictions_of(), predictions_of("ridge")), config_of(), "fold")
    group = pd.DataFrame([vars(row) for row in group_rows(rows, n_resamples=100, seed=0)])
    section = retrieval_section(group, (FORWARD, BACKWARD), config_of(seeds=[1, 2]))
    (table,) = (block for block in section.blocks if hasattr(block, "rows"))
    assert {row[:2] for row in table.rows} == {
        (model, metric) for model in ("bridge", "ridge") for metric in (FORWARD, BACKWARD)
    }
    best = {row[1]: row[table.columns.index("best possible")] for row in table.rows}
    assert best == {FORWARD: "1.000", BACKWARD: "-"}
    assert any("seeds 1, 2" in block for block in section.blocks if isinstance(block, str))


def test_the_learning_curve_averages_seeds_and_gives_their_range():
    tables = [predictions_of("reset", seed=seed, kind="tuning", subjects=("03",))
              for seed in (1, 2)]  # fmt: skip
    tuning = pd.concat(tables).query("metric == @FORWARD").assign(length=10)
    (row,) = tuning_table(tuning).to_dict("records")
    each = sorted(mean_of(table, "03") for table in tables)
    assert (row["seeds_low"], row["seeds_high"]) == pytest.approx(tuple(each))
    assert row["value"] == pytest.approx(np.mean(each))
    assert row["ci_low"] <= row["value"] <= row["ci_high"]
    assert [section.title for section in tuning_section(tuning)] == ["A new subject"]
    assert tuning_section(tuning.iloc[:0]) == []
