"""Every test trial is ranked among all test pictures, alone and averaged, as by brute force."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.contrastive.image.averaging import EVERYBODY
from neurodecode.contrastive.image.encoding import BANK
from neurodecode.contrastive.image.evaluation import (
    candidate_names,
    estimates_of,
    evaluate_unit,
    load_network,
    retrieve_pictures,
)
from neurodecode.contrastive.image.training import task_of, train_unit
from neurodecode.contrastive.image.units import unit_of
from neurodecode.datasets.simulate.viewing_optimal import optimal_scores
from neurodecode.signals.store import open_store


@pytest.fixture(scope="module")
def linear(seen, tmp_path_factory):
    """Return unit and folder of a trained linear decoder."""
    folder, unit = tmp_path_factory.mktemp("linear"), unit_of(seen.config, "ridge.seed-1")
    train_unit(seen, unit, folder)
    return unit, folder


@pytest.fixture(scope="module")
def found(seen, linear):
    """Return what the linear decoder finds."""
    unit, folder = linear
    return evaluate_unit(seen, unit, folder, folder)


def network_of(seen, linear):
    task = task_of(seen, "ridge", linear[0])
    return task, load_network(seen, task, linear[1] / "ridge")


def test_ranks_are_those_of_cosines_with_every_test_picture(seen, linear, found):
    task, network = network_of(seen, linear)
    windows = seen.recordings().windows("test").query("test_set == 'small'").reset_index(drop=True)
    estimates = torch.cat(list(estimates_of(seen, task, network, windows)))
    names = sorted(set(windows["image"]))
    targets = task.bank.gather(task.bank.index(names)).numpy().astype(float)
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    groups = {
        "single": windows.groupby(np.arange(len(windows))),
        "repetitions": windows.groupby(["participant", "image"], sort=False),
    }
    table = found.predictions.query("set == 'small'")
    for average, rows in groups.items():
        mine = table[table["average"] == average].reset_index(drop=True)
        for i, places in enumerate(rows.indices.values()):
            scores = targets @ estimates[places].mean(dim=0).numpy().astype(float)
            order = [names[k] for k in np.argsort(-scores)]
            assert mine["rank"][i] == order.index(windows["image"][places[0]]) + 1
            assert mine["predicted"][i] == order[0]


def test_candidates_are_the_test_sets_own_pictures(seen, found):
    n = found.predictions.drop_duplicates("set").set_index("set")["n_candidates"]
    test = seen.trials.query("part == 'test'")
    assert n.to_dict() == test.groupby("test_set")["image"].nunique().to_dict()
    assert n.to_dict() == {"small": 4, "large": 12}
    assert not set(found.predictions["image"]) - set(test["image"])


def test_every_test_trial_is_ranked_once(seen, found):
    counts = found.predictions.groupby(["set", "average"])["n_trials"].agg(["size", "sum"])
    assert counts.loc["small", "single"].tolist() == [24, 24]
    assert counts.loc["small", "repetitions"].tolist() == [8, 24]
    assert counts.loc["small", "participants"].tolist() == [4, 24]
    assert counts.loc["large", "single"].tolist() == [24, 24]
    assert ("large", "repetitions") not in counts.index  # each was shown once
    together = found.predictions.query("average == 'participants'")
    assert set(together["participant"]) == {EVERYBODY}


def test_pictures_never_shown_are_candidates_of_both_sets(seen, resettle, linear, tmp_path):
    source = seen.pictures / seen.trials.query("part == 'train'")["image"].iloc[0]
    (tmp_path / "birds").mkdir()
    (tmp_path / "birds" / "x.png").write_bytes(source.read_bytes())
    more = resettle(seen, data={"dataset": "local", "bank": tmp_path})
    task, network = network_of(more, linear)
    table = retrieve_pictures(more, task, network)
    n = table.drop_duplicates("set").set_index("set")["n_candidates"].to_dict()
    assert n == {"small": 5, "large": 13}
    names = candidate_names(more.recordings().windows("test"), task.bank)
    assert names[-1] == f"{BANK}birds/x.png"
    plain_task, _ = network_of(seen, linear)
    plain = retrieve_pictures(seen, plain_task, network)
    assert (table["rank"] >= plain["rank"]).all()
    assert (table["rank"] <= plain["rank"] + 1).all()


def test_optimal_ranks_stand_beside_the_decoders_and_give_the_ceiling(seen, linear, viewers):
    def optimal(windows, candidates):
        scores = np.zeros((len(windows), len(candidates)))
        for participant, rows in windows.groupby("participant").indices.items():
            scores[rows] = optimal_scores(viewers, participant, windows.iloc[rows], candidates,
                                          tmin=-0.5, tmax=1.0)  # fmt: skip
        return scores

    unit, folder = linear
    result = evaluate_unit(seen, unit, folder, folder, optimal)
    table = result.predictions
    assert table["optimal_rank"].between(1, table["n_candidates"]).all()
    assert table["optimal_rank"].mean() <= table["rank"].mean()
    repeated = table.query("set == 'small' and average == 'repetitions'")
    assert (repeated["optimal_rank"] == 1).mean() >= 0.75  # far above chance, 0.25
    assert all(row.ceiling is not None for row in result.rows)


def planted(seen, folder):
    """Return the same study whose signals are a linear map of each picture's latent."""
    bank, rng = seen.bank("latent"), np.random.default_rng(0)
    folders = {}
    for participant, source in seen.folders.items():
        folders[participant] = shutil.copytree(source, folder / participant)
        for path in folders[participant].glob("*/signals.npy"):
            store = open_store(path.parent)
            signals = np.zeros_like(store.signals)
            scale = np.asarray(store.info["scaler"]["iqr"])[:, None, None]
            pattern = scale * rng.standard_normal((len(signals), 25, bank.n_features))
            for start, image in zip(store.trials["start"], store.trials["image"], strict=True):
                (latent,) = bank.gather(bank.index([image])).numpy()
                signals[:, start + 17 : start + 42] = pattern @ latent
            np.save(path, signals)
    return replace(seen, folders=folders)


def test_what_is_planted_in_the_signals_is_found_without_an_error(seen, resettle, tmp_path):
    """Any picture under a wrong trial, or any window at a wrong sample, would show here."""
    chosen = resettle(planted(seen, tmp_path), decoders=["ridge, latent"],
                      ridge={"alphas": [1e-3], "folds": 3})  # fmt: skip
    unit = unit_of(chosen.config, "ridge-latent.seed-1")
    train_unit(chosen, unit, tmp_path / "model")
    table = evaluate_unit(chosen, unit, tmp_path / "model", tmp_path).predictions
    assert (table["rank"] == 1).all()
    assert (table["predicted"] == table["image"]).all()


def test_what_is_kept_can_be_read_again(found, tmp_path):
    found.save(tmp_path)
    table = pd.read_parquet(tmp_path / "predictions.parquet")
    assert set(table["model"]) == {"ridge"}
    assert set(table["unit"]) == {"ridge.seed-1"}
    rows = json.loads((tmp_path / "metrics.json").read_text())["rows"]
    assert all(row["chance"] is not None for row in rows)
    assert {row["split"] for row in rows} == {
        "small set, single trials", "small set, averaged over repetitions",
        "small set, averaged over repetitions and participants", "large set, single trials",
        "large set, averaged over repetitions and participants",
    }  # fmt: skip


def test_one_line_says_how_well_the_last_decoder_does(found):
    assert found.summary.startswith("ridge: top-5 accuracy 1.000, chance 1.000 (small set, ")


def test_a_unit_of_windows_ranks_each_decoder_with_its_part(seen, resettle, tmp_path):
    windows = {"start": 0.2, "stop": 0.4, "length": 0.2}
    chosen = resettle(seen, time={"decoders": ["ridge", "ridge, pixels"], "sliding": windows})
    unit = unit_of(chosen.config, "sliding.200_400")
    train_unit(chosen, unit, tmp_path)
    table = evaluate_unit(chosen, unit, tmp_path, tmp_path).predictions
    assert set(table["model"]) == {"ridge", "ridge, pixels"}
    assert set(zip(table["kind"], table["start"], table["stop"], strict=True)) == {
        ("sliding", 0.2, 0.4)
    }


def test_of_the_target_category_it_is_the_category_that_is_found(seen, tmp_path):
    unit = unit_of(seen.config, "ridge.seed-1")
    task = replace(task_of(seen, "ridge, category", unit), span=None)
    windows = seen.recordings().windows("test").query("test_set == 'small'")
    right = task.bank.gather(task.bank.index(sorted(windows["category"])))

    def network(batch):  # answers with the category of the first so many windows, in turn
        return right[torch.arange(len(batch["signals"])) % len(right)]

    found = retrieve_pictures(seen, task, network)
    single = found[(found["average"] == "single") & (found["set"] == "small")]
    assert set(single["image"]) == set(windows["category"])
    assert set(single["n_candidates"]) == {windows["category"].nunique()}
    assert set(single["predicted"]) <= set(windows["category"])
