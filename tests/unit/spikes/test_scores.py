"""Scores of a run are compared over subjects, or over the blocks of a single one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.artefacts import write_json, write_parquet
from neurodecode.spikes.scores import load_scores
from neurodecode.spikes.written import block_labels, chosen_rows

MAIN, OTHER = "state+past", "state"


def row_of(model, metric, value, subject="01", seed=42):
    return {"metric": metric, "value": value, "chance": 0.2, "ci_low": value - 0.1,
            "ci_high": value + 0.1, "n": 8, "unit": "block", "level": "subject", "ceiling": None,
            "p_value": None, "subject": subject, "model": model, "seed": seed,
            "split": "blocked_time"}  # fmt: skip


def written(model, subject, values):
    return pd.DataFrame({"task": "generate", "model": model, "subject": subject, "session": "a",
                         "fold": "fold 0", "block": np.arange(len(values)) // 2,
                         "F1": values})  # fmt: skip


def decoded(model, subject, answers, *, n_classes=0):
    true = np.arange(len(answers)) % 3
    return pd.DataFrame({"task": "decode", "model": model, "subject": subject, "session": "a",
                         "fold": "fold 0", "block": np.arange(len(answers)) // 3,
                         "variable": "speed", "true": true, "decoded": answers,
                         "n_classes": n_classes})  # fmt: skip


@pytest.fixture
def scores(tmp_path):
    """Return a reader of scores from units' tables and rows."""

    def make(*units):
        folders = []
        for number, (table, rows) in enumerate(units):
            folder = tmp_path / f"unit-{number}"
            write_parquet(folder / "predictions.parquet", table)
            write_json(folder / "metrics.json", {"rows": rows})
            folders.append(folder)
        return load_scores(folders, 100, 0)

    return make


def test_one_subject_is_compared_over_blocks_of_time(scores):
    found = scores(
        (written(MAIN, "01", [0.4, 0.6, 0.5, 0.7, 0.6, np.nan]), [row_of(MAIN, "F1", 0.5)]),
        (written(OTHER, "01", [0.3, 0.5, 0.4, 0.6, 0.4, 0.4]), [row_of(OTHER, "F1", 0.4)]),
    )
    (row,) = found.compared("F1", MAIN, [OTHER], 0).to_dict("records")
    assert (row["unit"], row["n"]) == ("block", 3)
    assert row["difference"] == pytest.approx(0.4 / 3)


def test_several_subjects_are_compared_over_subjects(scores):
    subjects = ["01", "02", "03", "04"]
    units = [
        (written(model, subject, [0.5] * 4), [row_of(model, "F1", value + step * k, subject)])
        for model, value, step in ((MAIN, 0.6, 0.02), (OTHER, 0.3, 0.0))
        for k, subject in enumerate(subjects)
    ]  # fmt: skip
    (row,) = scores(*units).compared("F1", MAIN, [OTHER], 0).to_dict("records")
    assert (row["unit"], row["n"]) == ("subject", 4)
    assert row["difference"] == pytest.approx(0.33)  # of the rows, not of the windows


def test_decoders_of_one_subject_are_compared_by_what_they_explain_in_each_block(scores):
    good = [0, 1, 2] * 4
    bad = [1, 1, 1] * 3 + [0, 1, 2]
    found = scores(
        (decoded("joint", "01", good), [row_of("joint", "speed r", 1.0)]),
        (decoded("Lasso", "01", bad), [row_of("Lasso", "speed r", 0.0)]),
    )
    (row,) = found.compared("speed r", "joint", ["Lasso"], 0).to_dict("records")
    assert (row["unit"], row["n"]) == ("block", 4)
    assert (row["mean_reference"], row["mean"]) == pytest.approx((1, 0.25))


def test_classes_of_one_subject_are_compared_by_the_share_that_is_right(scores):
    name = "speed balanced accuracy"
    found = scores(
        (decoded("joint", "01", [0, 1, 2] * 4, n_classes=3), [row_of("joint", name, 1.0)]),
        (
            decoded("Lasso", "01", [0, 0, 0] * 3 + [0, 1, 0], n_classes=3),
            [row_of("Lasso", name, 0.33)],
        ),
    )
    (row,) = found.compared(name, "joint", ["Lasso"], 0).to_dict("records")
    assert row["difference"] == pytest.approx(7 / 12)


def test_nothing_is_compared_with_a_model_that_is_not_there(scores):
    found = scores((written(MAIN, "01", [0.4] * 6), [row_of(MAIN, "F1", 0.5)]))
    assert found.compared("F1", MAIN, [OTHER], 0).empty
    assert found.compared("F1", OTHER, [MAIN], 0).empty
    assert found.group("F1", OTHER) is None


def test_the_group_is_the_mean_of_subjects(scores):
    units = [(written(MAIN, s, [0.5] * 4), [row_of(MAIN, "F1", value, s)])
             for s, value in (("01", 0.4), ("02", 0.6))]  # fmt: skip
    found = scores(*units)
    assert found.group("F1", MAIN)["value"] == pytest.approx(0.5)
    assert set(found.part("F1")["level"]) == {"subject", "group"}


def test_few_shot_scores_stand_apart_by_way_share_and_variable_without_errors(scores):
    """An error is no score: averaged with r it would say nothing."""
    rows = [
        row_of(f"{way}, {share}", f"{variable} {metric}", 0.5, seed=43)
        for way in ("pretrained", "scratch") for share in ("0.01", "1")
        for variable, metric in (("speed", "r"), ("speed", "median error"),
                                 ("odour type", "balanced accuracy"))
    ]  # fmt: skip
    table = written(MAIN, "01", [0.5] * 4).assign(task="few-shot")
    found = scores((table, rows), (written(MAIN, "01", [0.5] * 4), [row_of(MAIN, "F1", 0.5)]))
    assert set(found.rows["model"]) == {MAIN}
    few = found.few_shot
    assert len(few) == 8
    assert set(few["metric"]) == {"speed r", "odour type balanced accuracy"}
    assert set(few["variable"]) == {"speed", "odour type"}
    assert set(few["way"]) == {"pretrained", "scratch"}
    assert set(few["share"]) == {0.01, 1.0}


def test_blocks_of_different_sessions_and_folds_are_different_blocks():
    tables = [
        written(MAIN, "01", [0.5] * 4).assign(session=session, fold=fold)
        for session in ("a", "b") for fold in ("fold 0", "fold 1")
    ]  # fmt: skip
    assert len(set(block_labels(pd.concat(tables)))) == 8


def test_windows_that_are_written_follow_one_another_in_every_block(study):
    made = study(split={"n_blocks": 15, "gap_seconds": 0.1})
    fold = made.folds(made.sessions("01")[0])[0]
    rows = chosen_rows(fold, fold.test, 12)
    assert np.array_equal(chosen_rows(fold, fold.test, None), fold.test)
    assert rows.size == 12
    for block in np.unique(fold.blocks[fold.test]):
        mine = rows[fold.blocks[rows] == block]
        assert mine.size == 4
        assert mine[0] == fold.test[fold.blocks[fold.test] == block][0]
        assert (np.diff(mine) == 1).all()
