"""What the jobs of a run left becomes the rows of its report: subjects, group, differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.emotion.evaluation import CROPS, WINDOWS, Result, score
from neurodecode.emotion.scores import F1, NAMES, load_scores
from neurodecode.evaluation.ordinal import ORDINAL_METRICS

SUBJECTS = ("01", "02", "03")
MODELS = ("HiSTN G0", "DE+SVM")


def answers_of(subject, model, protocol="leave_clips_out", kind=WINDOWS, *, right=0.5, seed=0):
    """Return random answers to four windows of each of ten trials, so many of them right."""
    rng = np.random.default_rng([seed, int(subject), len(model), len(protocol), len(kind)])
    level = np.repeat(np.arange(10) % 5, 4)
    chosen = np.where(rng.random(40) < right, level, rng.integers(0, 5, 40))
    table = pd.DataFrame(0.1 + 0.5 * np.eye(5)[chosen], columns=[f"p_{k}" for k in range(5)])
    trial = np.repeat(np.arange(10), 4)
    return table.assign(
        model=model, split=protocol, kind=kind, subject=subject, session="0", trial=trial,
        clip=[f"clip{k}" for k in trial], fold="0", level=level, start=0,
    )  # fmt: skip


@pytest.fixture
def left(tmp_path, watched):
    """Return a function that scores and saves answers as jobs do, and returns their folders."""
    study = watched()

    def save(*tables, label="valence", ceiling=None):
        folders = [tmp_path / f"{label}-{k}" for k in range(len(tables))]
        for table, folder in zip(tables, folders, strict=True):
            rows = [{**row, "label": label, "ceiling": ceiling} for row in score(table, study)]
            Result(table.assign(label=label), rows, "").save(folder)
        return folders

    return save


def jobs(protocol="leave_clips_out", **options):
    return [
        pd.concat([answers_of(subject, model, protocol, kind, **options)
                   for model in MODELS for kind in (WINDOWS, CROPS)])
        for subject in SUBJECTS
    ]  # fmt: skip


def accuracy(table):
    return np.mean(table[[f"p_{k}" for k in range(5)]].to_numpy().argmax(axis=1) == table["level"])


def test_every_metric_has_a_short_name_of_its_own():
    assert set(NAMES) == set(ORDINAL_METRICS)
    assert len(set(NAMES.values())) == len(NAMES)


def test_the_group_is_the_mean_of_its_subjects_with_an_interval_over_them(left):
    tables = jobs()
    scores = load_scores(left(*tables), 100, seed=0)
    part = scores.part("valence", "leave_clips_out", "top-1")
    for model in MODELS:
        mine = part[part["model"] == model]
        each = mine[mine["level"] == "subject"].set_index("subject")["value"]
        expected = {
            subject: accuracy(table[(table["model"] == model) & (table["kind"] == WINDOWS)])
            for subject, table in zip(SUBJECTS, tables, strict=True)
        }
        assert each.to_dict() == pytest.approx(expected)
        (group,) = mine[mine["level"] == "group"].to_dict("records")
        assert group["value"] == pytest.approx(each.mean())
        assert (group["n"], group["unit"]) == (3, "subject")
        assert group["ci_low"] < group["value"] < group["ci_high"]


def test_ratings_protocols_and_kinds_stay_apart(left):
    folders = [
        *left(*jobs(right=0.9), *jobs("time_blocks", right=0.3)),
        *left(*jobs(right=0.1, seed=1), label="arousal"),
    ]
    scores = load_scores(folders, 100, seed=0)
    assert set(scores.rows["label"]) == {"valence", "arousal"}
    groups = scores.rows.query("level == 'group'")
    keys = ["label", "protocol", "kind", "model", "metric"]
    assert not groups.duplicated(keys).any()
    assert set(groups["split"]) == {
        "valence leave_clips_out", "valence time_blocks", "arousal leave_clips_out",
    }  # fmt: skip
    values = {
        split: part["value"].iloc[0]
        for split, part in groups.query("metric == 'top-1' and kind == @WINDOWS").groupby("split")
    }
    assert values["valence leave_clips_out"] > values["valence time_blocks"]
    assert values["valence time_blocks"] > values["arousal leave_clips_out"]
    assert len(scores.predictions) == 9 * len(jobs()[0])


def test_a_subject_s_score_is_averaged_over_ratings(left):
    folders = [*left(*jobs()), *left(*jobs(seed=1), label="arousal")]
    scores = load_scores(folders, 100, seed=0)
    table = scores.subjects("leave_clips_out", F1)
    assert len(table) == len(MODELS) * len(SUBJECTS)
    rows = scores.rows.query("level == 'subject' and metric == @F1 and kind == @WINDOWS")
    for row in table.to_dict("records"):
        mine = rows[(rows["model"] == row["model"]) & (rows["subject"] == row["subject"])]
        assert len(mine) == 2
        assert row["value"] == pytest.approx(mine["value"].mean())
        assert row["chance"] == pytest.approx(mine["chance"].mean())


def test_the_main_model_is_compared_with_those_it_is_asked_about_only(left):
    scores = load_scores(left(*jobs()), 100, seed=0)
    table = scores.compared("leave_clips_out", F1, "HiSTN G0", ["DE+SVM"], seed=0)
    each = scores.subjects("leave_clips_out", F1).pivot_table("value", "subject", "model")
    assert table["model"].tolist() == ["DE+SVM"]
    assert table["difference"].tolist() == pytest.approx(
        [(each["HiSTN G0"] - each["DE+SVM"]).mean()]
    )
    assert scores.compared("leave_clips_out", F1, "HiSTN G0", ["flat"], seed=0).empty
    assert scores.compared("leave_clips_out", F1, "flat", ["DE+SVM"], seed=0).empty
    assert scores.compared("calibrated", F1, "HiSTN G0", ["DE+SVM"], seed=0).empty


def test_one_subject_is_its_own_group_with_the_interval_over_trials(left):
    scores = load_scores(left(jobs()[0]), 100, seed=0)
    part = scores.part("valence", "leave_clips_out").query("model == 'DE+SVM'")
    own, group = part.to_dict("records")
    assert (group["level"], group["n"], group["unit"]) == ("group", 10, "trial")
    for name in ("value", "ci_low", "ci_high", "chance"):
        assert group[name] == own[name]


def test_the_group_has_a_ceiling_where_every_subject_has_one(left):
    known = load_scores(left(*jobs(), ceiling=0.8), 100, seed=0)
    assert known.rows["ceiling"].to_numpy() == pytest.approx(0.8)
    assert load_scores(left(*jobs()), 100, seed=0).rows["ceiling"].isna().all()
    assert known.protocols_of("DE+SVM") == ["leave_clips_out"]
