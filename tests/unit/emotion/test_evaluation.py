"""What the evaluate jobs leave is what answering window by window finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from neurodecode.datasets.simulate import rated_optimal
from neurodecode.emotion.decoders import decoder_of
from neurodecode.emotion.evaluation import (
    BEFORE,
    CROPS,
    WINDOWS,
    best_possible,
    evaluate_unit,
    read_unit,
)
from neurodecode.emotion.loading import CALIBRATED, SOURCES, WEIGHTS, fold_folder, load_network
from neurodecode.emotion.training import train_unit
from neurodecode.emotion.units import unit_of
from neurodecode.evaluation.ordinal import ORDINAL_METRICS
from neurodecode.evaluation.rated_splits import RATED_PROTOCOLS

COLUMNS = [f"p_{k}" for k in range(5)]


@pytest.fixture
def evaluated(watched, tmp_path):
    """Return ``evaluated(protocol)``: study, unit, folder and result of a trained unit."""

    def of(protocol, simulated=None, subject="01", **sections):
        study = watched(protocols=[protocol], **sections)
        unit, folder = unit_of(study.config, f"{protocol}.sub-{subject}"), tmp_path / protocol
        train_unit(study, unit, folder)
        return study, unit, folder, evaluate_unit(study, unit, folder, simulated)

    return of


def by_hand(study, protocol, folder, weights, label="valence"):
    """Return (trial, start) and the probabilities of every test window, one after another."""
    stretches, folds = study.split(protocol, label, "01")
    decoder, across = decoder_of("HiSTN G0"), protocol == "calibrated"
    signals, found = study.stores["01"].signals, {}
    for fold in folds:
        place = fold_folder(folder, decoder, label, fold.fold)
        network = load_network(study, decoder, label, place, weights=weights, across=across)
        for row in stretches.iloc[fold.test].itertuples():
            for start in range(row.start, row.stop - 127, 128):
                window = torch.tensor(signals[row.row, :, start : start + 128])[None]
                with torch.no_grad():
                    found[row.trial, start] = network(window).softmax(dim=1)[0].numpy()
    return found


@pytest.mark.parametrize(
    ("protocol", "split", "weights"),
    [("leave_clips_out", "leave_clips_out", WEIGHTS), ("time_blocks", "time_blocks", WEIGHTS),
     ("calibrated", "calibrated", CALIBRATED), ("calibrated", BEFORE, SOURCES)],
)  # fmt: skip
def test_answers_and_accuracy_are_those_of_window_by_window(evaluated, protocol, split, weights):
    study, _, folder, result = evaluated(protocol)
    expected = by_hand(study, protocol, folder, weights)
    table = result.predictions.query("kind == @WINDOWS and split == @split")
    assert set(zip(table["trial"], table["start"], strict=True)) == set(expected)
    assert len(table) == len(expected)  # every test window once
    true = study.stores["01"].trials.set_index("trial")["valence"] - 1
    hits = []
    for row in table.to_dict("records"):
        wanted = expected[row["trial"], row["start"]]
        np.testing.assert_allclose([row[name] for name in COLUMNS], wanted, atol=1e-5)
        assert row["level"] == true[row["trial"]]
        hits.append(int(np.argmax(wanted)) == true[row["trial"]])
    (scored,) = (row for row in result.rows if (row["metric"], row["kind"], row["split"])
                 == ("accuracy", WINDOWS, split))  # fmt: skip
    assert scored["value"] == pytest.approx(np.mean(hits))
    assert (scored["n"], scored["unit"]) == (10, "trial")
    assert scored["ci_low"] <= scored["value"] <= scored["ci_high"]


@pytest.mark.parametrize("protocol", ["leave_clips_out", "calibrated"])
def test_answers_before_calibration_are_there_where_there_is_a_calibration(evaluated, protocol):
    *_, result = evaluated(protocol)
    expected = {protocol, BEFORE} if protocol == "calibrated" else {protocol}
    assert set(result.predictions["split"]) == expected
    assert {row["split"] for row in result.rows} == expected


def test_without_sources_there_is_nothing_before_calibration(evaluated):
    *_, result = evaluated("calibrated", split={"sources": "none"})
    assert set(result.predictions["split"]) == {"calibrated"}


def test_crops_have_equal_levels_and_are_scored_fold_by_fold(evaluated):
    study, _, _, result = evaluated("leave_clips_out", evaluation={"n_crops": 400})
    crops = result.predictions.query("kind == @CROPS")
    assert crops.groupby("fold").size().tolist() == [400] * 3
    _, folds = study.split("leave_clips_out", "valence", "01")
    shares, accuracies = [], []
    for _, part in crops.groupby("fold"):
        shares.append(part["level"].value_counts(normalize=True))
        accuracies.append(np.mean(part[COLUMNS].to_numpy().argmax(axis=1) == part["level"]))
    for share in shares:
        assert share.max() - share.min() < 0.2
    (scored,) = (row for row in result.rows if (row["metric"], row["kind"]) == ("accuracy", CROPS))
    assert scored["value"] == pytest.approx(np.mean(accuracies))
    assert scored["p_value"] is None
    assert len(folds) == 3


def test_crops_are_left_out_where_none_are_asked_for(evaluated):
    *_, result = evaluated("leave_clips_out", evaluation={"n_crops": 0})
    assert set(result.predictions["kind"]) == {WINDOWS}


@pytest.fixture
def optimal(monkeypatch):
    """Let the optimal decoder hit three windows of four; return the options of its calls."""
    calls, answers = [], np.eye(5)[[0, 1, 2, 3]]

    def known(root, subject, label, **options):
        calls.append((root, subject, label, options))
        return answers, np.array([1, 2, 3, 5])

    monkeypatch.setattr(rated_optimal, "optimal_probabilities", known)
    return calls


@pytest.mark.parametrize("protocol", list(RATED_PROTOCOLS))
def test_the_best_possible_score_is_for_clips_that_nobody_has_seen(watched, optimal, protocol):
    study = watched(protocols=[protocol])
    unit = unit_of(study.config, f"{protocol}.sub-02")
    found = best_possible(study, unit, "arousal", Path("root"))
    if protocol in ("leave_clips_out", "zero_shot_unseen_clips"):
        assert found["accuracy"] == 0.75
        assert set(found) == set(ORDINAL_METRICS)
        options = {"n_windows": 50, "n_samples": 128, "random_state": 42}
        assert optimal == [(Path("root"), "02", "arousal", options)]
    else:
        assert found == {}
        assert optimal == []


def test_a_simulation_s_ceiling_stands_in_its_rows_and_real_data_have_none(evaluated, optimal):
    *_, result = evaluated("leave_clips_out", Path("root"))
    assert {row["ceiling"] for row in result.rows if row["metric"] == "accuracy"} == {0.75}
    assert all(row["ceiling"] is not None for row in result.rows)
    *_, result = evaluated("leave_clips_out")
    assert {row["ceiling"] for row in result.rows} == {None}


def test_what_is_saved_is_what_was_found(evaluated, tmp_path):
    *_, result = evaluated("leave_clips_out", labels=["valence", "arousal"])
    result.save(tmp_path / "out")
    predictions, rows = read_unit(tmp_path / "out")
    assert predictions.equals(result.predictions)
    assert rows == result.rows
    assert {row["label"] for row in rows} == {"valence", "arousal"}
    assert result.summary.startswith("HiSTN G0, valence: f1_weighted")
