"""The report's tables say what the scores say, and name what leaks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from neurodecode.emotion.evaluation import BEFORE, CROPS, WINDOWS
from neurodecode.emotion.scores import F1, NAMES, SEQ2HR, Scores
from neurodecode.emotion.sections import (
    missing_section,
    models_section,
    ordinal_section,
    protocols_section,
    smoothing_section,
)
from neurodecode.report.model import Figure, Table

MAIN, ONE_HOT, CONTROL = "HiSTN G0", "HiSTN G0, one-hot", "DE+SVM, ratings shuffled"
PROTOCOLS = ("leave_clips_out", "time_blocks", "calibrated")
N = 6


def values_of(*key):
    """Return the scores of six subjects that belong to a key."""
    seed = [len(part) * 101 + sum(map(ord, part)) for part in key]
    return np.random.default_rng(seed).uniform(0.2, 0.8, N)


def rows_of(models, protocol, label="valence", metrics=(F1, SEQ2HR), kind=WINDOWS):
    tables = []
    for model in models:
        for metric in metrics:
            values = values_of(model, protocol, label, metric, kind)
            content = {"label": label, "protocol": protocol, "metric": metric, "kind": kind,
                       "model": model, "chance": 0.25, "ceiling": None}  # fmt: skip
            subjects = {"level": "subject", "subject": [f"{k}" for k in range(N)], "value": values}
            tables.append(pd.DataFrame({**content, **subjects}))
            group = {**content, "level": "group", "subject": None, "value": values.mean(),
                     "ci_low": 0.3, "ci_high": 0.6}  # fmt: skip
            tables.append(pd.DataFrame([group]))
    return pd.concat(tables, ignore_index=True)


@pytest.fixture
def config(watched):
    return watched(
        protocols=list(PROTOCOLS), models=[MAIN, ONE_HOT, CONTROL], models_across=[MAIN, "EEGNet"],
        sigma=0.7,
    ).config  # fmt: skip


@pytest.fixture
def scores():
    within = [MAIN, ONE_HOT, CONTROL]
    tables = [
        rows_of(models, protocol, kind=kind)
        for kind in (WINDOWS, CROPS)
        for protocol, models in (("leave_clips_out", within), ("time_blocks", within),
                                 ("calibrated", [MAIN, "EEGNet"]), (BEFORE, [MAIN, "EEGNet"]))
    ]  # fmt: skip
    return Scores(pd.concat(tables, ignore_index=True), pd.DataFrame())


SIZES = {MAIN: 1265, ONE_HOT: 1265, CONTROL: None, "EEGNet": 3325}
"""Parameters by decoder."""


def tables_of(section):
    return [block for block in section.blocks if isinstance(block, Table)]


@pytest.mark.parametrize(("place", "kind"), [(0, WINDOWS), (1, CROPS)])
def test_every_decoder_stands_beside_itself_under_every_protocol(scores, config, place, kind):
    table = tables_of(protocols_section(scores, config, SIZES))[place]
    assert table.columns == ("decoder", "parameters", "rating", "leave clips out", "time blocks",
                             "calibrated", "before calibration")  # fmt: skip
    found = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert list(found) == [MAIN, ONE_HOT, CONTROL, "EEGNet"]
    assert found[MAIN]["parameters"] == 1265
    assert found[CONTROL]["parameters"] == "-"
    for name in (*PROTOCOLS, BEFORE):
        for model, row in found.items():
            run = scores.rows.query("model == @model and protocol == @name")
            mean = values_of(model, name, "valence", F1, kind).mean()
            assert row[name.replace("_", " ")] == ("-" if run.empty else f"{mean:.3f}")


def test_what_leaks_is_named_and_an_honest_protocol_leaks_nothing(scores, config):
    described = {
        row[0]: row[2] for row in tables_of(protocols_section(scores, config, SIZES))[2].rows
    }
    assert described["leave clips out"] == described["before calibration"] == "nothing"
    assert "every clip is in training and test" in described["time blocks"]
    assert "the beginning of every tested clip" in described["calibrated"]


def test_smoothing_is_paired_over_subjects_with_both_tests(scores, config):
    (section,) = smoothing_section(scores, config)
    assert "sigma 0.7" in section.blocks[0]
    (table,) = tables_of(section)
    found = {row[1:3]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    # EEGNet has no one-hot form, nor has the main one across subjects
    assert set(found) == {(protocol, metric) for protocol in ("leave clips out", "time blocks")
                          for metric in (SEQ2HR, F1)}  # fmt: skip
    for (protocol, metric), row in found.items():
        key = (protocol.replace(" ", "_"), "valence", metric, WINDOWS)
        first, second = values_of(MAIN, *key), values_of(ONE_HOT, *key)
        assert row["smoothed"] == f"{first.mean():.3f}"
        assert row["one-hot"] == f"{second.mean():.3f}"
        assert row["gain"] == f"{np.mean(first - second):+.3f}"
        assert row["relative"] == f"{100 * (first.mean() / second.mean() - 1):+.0f} %"
        expected = stats.wilcoxon(first, second, alternative="greater").pvalue
        assert float(row["Wilcoxon p"]) == pytest.approx(expected, abs=1e-3)
        expected = stats.ttest_rel(first, second, alternative="greater").pvalue
        assert float(row["t test p"]) == pytest.approx(expected, abs=1e-3)
        assert row["subjects"] == "6"


def test_without_a_pair_there_is_no_section_on_smoothing(config):
    alone = Scores(rows_of([MAIN, CONTROL], "leave_clips_out"), pd.DataFrame())
    assert smoothing_section(alone, config) == []


def test_all_scores_of_the_main_decoder_stand_with_chance_beside_the_others():
    shown = [name for name in NAMES.values() if "present" not in name]
    rows = rows_of([MAIN, "EEGNet"], "leave_clips_out", metrics=shown)
    section = ordinal_section(Scores(rows, NOTHING), "valence", "leave_clips_out", MAIN)
    (table,) = tables_of(section)
    assert section.title == "Valence, leave clips out"
    assert table.columns == ("score", MAIN, "95 % interval", "chance", "best possible", "EEGNet")
    assert {row[0] for row in table.rows} == set(shown)
    for row in table.rows:
        means = [values_of(model, "leave_clips_out", "valence", row[0], WINDOWS).mean()
                 for model in (MAIN, "EEGNet")]  # fmt: skip
        assert (row[1], row[5]) == tuple(f"{mean:.3f}" for mean in means)
        assert row[3:5] == ("0.250", "-")


NOTHING = pd.DataFrame({name: [] for name in ("label", "split", "model", "kind")})


@pytest.mark.parametrize(("lowest", "names"), [(1, "123"), (0, "012")])
def test_the_confusion_counts_windows_by_the_ratings_themselves(lowest, names):
    level, decoded = [0, 0, 0, 1, 2], [0, 0, 1, 1, 0]
    answers = pd.DataFrame(np.eye(3)[decoded], columns=["p_0", "p_1", "p_2"])
    labels = {"label": "valence", "split": "leave_clips_out", "model": MAIN, "kind": WINDOWS}
    predictions = answers.assign(level=level, **labels)
    others = predictions.assign(kind=CROPS, level=2)  # must not count
    # another rating of more levels adds empty columns
    predictions = pd.concat([predictions, others]).assign(p_3=np.nan)
    rows = rows_of([MAIN], "leave_clips_out", metrics=[*NAMES.values()])
    section = ordinal_section(Scores(rows, predictions), "valence", "leave_clips_out", MAIN,
                              lowest=lowest)  # fmt: skip
    (figure,) = [block for block in section.blocks if isinstance(block, Figure)]
    assert figure.caption == "Share of each true class (windows)."
    first, second, third = names
    assert f"{first} decoded as {first} most often (0.67)" in figure.alt
    assert f"{second} decoded as {second} most often (1.00)" in figure.alt
    assert f"{third} decoded as {first} most often (1.00)" in figure.alt


def test_ratings_that_could_not_be_right_are_listed_by_their_value(watched):
    study = watched(split={"n_folds": 10})  # two clips of each level: one tests, one may validate
    (section,) = missing_section(study)
    (table,) = tables_of(section)
    found = {(row[0], row[1]) for row in table.rows}
    assert found == {("valence", "leave clips out")}
    assert {row[3] for row in table.rows} <= {1, 2, 3, 4, 5}
    stretches, folds = study.split("leave_clips_out", "valence", "01")
    lacking = [(fold.name, level + 1) for fold in folds for level in fold.untrained]
    listed = [row[2:4] for row in table.rows if row[2].startswith("subject 01")]
    assert listed == lacking
    assert stretches["level"].max() <= 4


def test_no_section_on_missing_ratings_where_none_is_missing(watched):
    assert missing_section(watched(protocols=["time_blocks"])) == []


def test_each_decoder_is_described_once_with_its_parameters(watched):
    (table,) = tables_of(models_section(watched(protocols=["time_blocks"]), SIZES))
    assert [row[0] for row in table.rows] == [MAIN, ONE_HOT, CONTROL, "EEGNet"]
    assert "control" in table.rows[2][2]
