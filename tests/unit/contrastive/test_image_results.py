"""What the jobs of a run left becomes the rows of its report: seeds, ceilings, fallbacks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import validate
from neurodecode.contrastive.image.accuracy import metric_rows, nearest_average
from neurodecode.contrastive.image.averaging import EVERYBODY
from neurodecode.contrastive.image.config import ImageConfig
from neurodecode.contrastive.image.decoders import SHUFFLED
from neurodecode.contrastive.image.evaluation import Result
from neurodecode.contrastive.image.reliability import split_half_ranks
from neurodecode.contrastive.image.replay import replay_viewer
from neurodecode.contrastive.image.results import _linear_of, load_evaluations

N = 20
TOGETHER = "small set, averaged over repetitions and participants"


def config_of(**sections):
    tree = {"description": "", "data": {"dataset": "simulated-viewing"},
            "evaluation": {"n_bootstrap": 100}, **sections}  # fmt: skip
    return validate(ImageConfig, tree)


def predictions_of(seed, model="contrastive", *, optimal=False):
    rng = np.random.default_rng(seed)
    queries = (("01", "repetitions"), ("02", "repetitions"), (EVERYBODY, "participants"))
    tables = [
        pd.DataFrame({"participant": p, "image": [f"{i}" for i in range(N)], "average": average,
                      "rank": rng.integers(1, N + 1, N)})
        for p, average in queries
    ]  # fmt: skip
    found = pd.concat(tables, ignore_index=True).assign(
        model=model, set="small", seed=seed, n_candidates=N, kind="decoder", unit=f"{model}.{seed}"
    )
    return found.assign(optimal_rank=1) if optimal else found


@pytest.fixture
def left(tmp_path):
    """Return the folders of two seeds of one decoder and of another one, ceilings in the first."""
    config, folders = config_of(), []
    for seed, model, optimal in ((1, "contrastive", True), (2, "contrastive", False),
                                 (1, "ridge", False)):  # fmt: skip
        table = predictions_of(seed, model, optimal=optimal)
        folders.append(tmp_path / f"{model}-{seed}")
        rows = metric_rows(table, config.evaluation, seed=config.seed)
        Result(table, rows, "").save(folders[-1])
    return folders


def test_a_pictures_scores_are_averaged_over_seeds_before_its_interval(left):
    found = load_evaluations(left, config_of())
    mine = found.all_rows.query("split == @TOGETHER and model == 'contrastive'")
    assert mine["metric"].is_unique
    row = mine.set_index("metric").loc["top-5 accuracy"]
    hits = [
        (table["rank"] <= 5).to_numpy(float)
        for table in (predictions_of(s).query("average == 'participants'") for s in (1, 2))
    ]
    assert row["value"] == pytest.approx(np.mean(hits))
    assert row["ci_low"] <= row["value"] <= row["ci_high"]
    assert (row["level"], row["n"], row["unit"]) == ("group", N, "picture")


def test_participants_are_averaged_over_seeds(left):
    rows = load_evaluations(left, config_of()).all_rows
    mine = rows.query("level == 'subject' and model == 'contrastive' and subject == '01'")
    expected = np.mean(
        [(predictions_of(s).query("participant == '01'")["rank"] <= 1).mean() for s in (1, 2)]
    )
    assert mine.set_index("metric").loc["top-1 accuracy", "value"] == pytest.approx(expected)


def test_the_ceiling_of_the_first_job_holds_for_all_decoders(left):
    rows = load_evaluations(left, config_of()).all_rows
    accuracies = rows[rows["metric"].str.startswith("top")]
    assert (accuracies["ceiling"] == 1.0).all()
    assert (rows.loc[~rows["metric"].str.startswith("top"), "ceiling"] == 0.0).all()
    assert set(rows["model"]) == {"contrastive", "ridge"}


def test_a_control_is_not_the_linear_baseline():
    config = config_of(decoders=["contrastive", "ridge, pictures shuffled", "ridge, hog", "ridge"])
    assert _linear_of("contrastive", config) == "ridge"
    assert _linear_of("ridge, hog", config) == "ridge, hog"
    assert _linear_of("contrastive", config_of(decoders=["contrastive", SHUFFLED])) is None


@pytest.mark.parametrize(
    ("wanted", "present", "expected"),
    [("participants", {"single"}, "single"), ("repetitions", {"single", "participants"}, "single"),
     ("single", {"participants"}, "participants")],
)  # fmt: skip
def test_the_nearest_average_before_is_taken_where_there_is_one(wanted, present, expected):
    assert nearest_average(wanted, present) == expected


def test_one_half_of_the_repetitions_finds_the_other_as_by_brute_force(seen):
    found = split_half_ranks(seen)
    assert len(found) == 2 * 4
    recordings, settings = seen.recordings(), seen.config.signals
    windows = recordings.windows("test").query("test_set == 'small' and participant == '02'")
    signals = recordings.read(windows, settings)["signals"].flatten(1).numpy().astype(float)
    images, halves = windows["image"].to_numpy(), windows.groupby("image").cumcount() % 2
    names = sorted(set(images))
    first, second = (
        np.array([signals[(images == n) & (halves == h).to_numpy()].mean(axis=0) for n in names])
        for h in (0, 1)
    )
    scores = np.corrcoef(first - first.mean(axis=0), second - second.mean(axis=0))[:4, 4:]
    ranks = 1 + (scores > np.diag(scores)[:, None]).sum(axis=1)
    mine = found.query("participant == '02'").set_index("image")["rank"]
    assert mine.loc[names].tolist() == ranks.tolist()


def test_a_participant_without_test_trials_is_not_replayed(tmp_path):
    trials = pd.DataFrame({"part": ["train"], "recording": ["0"], "onset": [1.0]})
    assert replay_viewer(tmp_path, [], trials, 5) is None
