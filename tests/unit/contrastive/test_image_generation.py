"""Redrawing: the weight is chosen on validation pictures, latents come back in their own units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from neurodecode.artefacts import read_json
from neurodecode.contrastive.data import Recordings
from neurodecode.contrastive.image import generation
from neurodecode.contrastive.image.bank import LATENTS, PictureBank
from neurodecode.contrastive.image.evaluation import evaluate_unit
from neurodecode.contrastive.image.generation import (
    latent_banks,
    latent_task,
    predict_latents,
    train_generation,
    validation_top5,
)
from neurodecode.contrastive.image.units import unit_of
from neurodecode.evaluation.redrawn import PICTURES


@pytest.fixture(scope="module")
def trained(seen, tmp_path_factory):
    """Return unit and folder of trained predictors of the drawn pictures' latents."""
    folder, unit = tmp_path_factory.mktemp("generation"), unit_of(seen.config, "generation.full")
    said = train_generation(seen, unit, folder)
    assert said.startswith("latent: lambda ")
    return unit, folder


@pytest.fixture(scope="module")
def redrawn(seen, trained, tmp_path_factory):
    """Return what was redrawn, and where the pictures are."""
    out = tmp_path_factory.mktemp("redrawn")
    return evaluate_unit(seen, *trained, out), out


def test_every_weight_is_tried_and_the_best_on_validation_pictures_is_kept(seen, trained):
    unit, folder = trained
    found = read_json(folder / "model.json")["latents"]["latent"]
    (bank,) = latent_banks(seen).values()
    scores = {}
    for weight in (0.0, 0.5):  # 0 has no contrastive head at all
        task = latent_task(bank, "latent", weight, unit)
        scores[f"{weight:g}"] = validation_top5(seen, task, folder / task.name)
    assert found["validation_top5"] == scores
    assert scores[f"{found['clip_weight']:g}"] == max(scores.values())


def test_the_top5_is_that_of_all_validation_pictures(seen, trained):
    unit, folder = trained
    (bank,) = latent_banks(seen).values()
    task = latent_task(bank, "latent", 0.5, unit)
    windows = seen.recordings().windows("valid")
    estimates = torch.cat(list(predict_latents(seen, task, folder / task.name, windows)))
    names = sorted(windows["image"].unique())
    targets = bank.gather(bank.index(names))
    scores = estimates @ (targets / targets.norm(dim=1, keepdim=True)).T
    hits = [
        names.index(image) in row.topk(5).indices.tolist()
        for image, row in zip(windows["image"], scores, strict=True)
    ]
    assert validation_top5(seen, task, folder / task.name) == pytest.approx(np.mean(hits))


def test_test_trials_have_no_say_in_the_weight(seen, trained, tmp_path, monkeypatch):
    known = Recordings.windows

    def hidden(self, part=None):
        assert part in ("train", "valid"), "the training opened test trials"
        return known(self, part)

    monkeypatch.setattr(Recordings, "windows", hidden)
    spoilt = seen.trials.copy()
    test = spoilt["part"] == "test"
    spoilt.loc[test, "image"] = spoilt.loc[test, "image"].to_numpy()[::-1]
    train_generation(replace(seen, trials=spoilt), trained[0], tmp_path)
    assert read_json(tmp_path / "model.json") == read_json(trained[1] / "model.json")


def test_ties_keep_the_first_weight(seen, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(generation, "train_task", lambda *_: "")
    monkeypatch.setattr(generation, "validation_top5", lambda *_: 0.5)
    train_generation(seen, trained[0], tmp_path)
    assert read_json(tmp_path / "model.json")["latents"]["latent"]["clip_weight"] == 0.0


def test_parts_of_the_window_take_the_weight_that_is_not_searched(seen, resettle, tmp_path):
    chosen = resettle(seen, generation={
        "generator": "drawn", "windows": [[0.0, 0.2]], "window_clip_weight": 0.25,
        "identification": ["pixels"],
    })  # fmt: skip
    unit = unit_of(chosen.config, "generation.0_200")
    train_generation(chosen, unit, tmp_path)
    assert list(read_json(tmp_path / "model.json")["latents"]["latent"]["validation_top5"]) == [
        "0.25"
    ]
    result = evaluate_unit(chosen, unit, tmp_path, tmp_path)
    assert {row.model for row in result.rows} == {"redrawn by drawn from 0 to 0.2 s"}


def test_a_picture_is_made_for_every_query_and_scored(seen, redrawn):
    result, out = redrawn
    pictures = np.load(out / PICTURES, allow_pickle=False)
    assert pictures.shape == (4, 64, 64, 3)
    assert pictures.dtype == np.uint8
    assert len(result.predictions) == 4
    assert set(result.predictions["average"]) == {"participants"}
    names = {row.metric for row in result.rows}
    assert {"PixCorr", "SSIM", "pixels two-way"} <= names
    assert all(row.chance is not None for row in result.rows)
    assert all(row.split == "redrawn, averaged over repetitions and participants"
               for row in result.rows)  # fmt: skip


def test_what_is_generated_does_not_depend_on_the_true_pictures(
    seen, trained, redrawn, tmp_path, monkeypatch
):
    original = generation.read_picture
    monkeypatch.setattr(generation, "read_picture", lambda path: 255 - original(path))
    result = evaluate_unit(seen, *trained, tmp_path)
    np.testing.assert_array_equal(
        np.load(tmp_path / PICTURES, allow_pickle=False),
        np.load(redrawn[1] / PICTURES, allow_pickle=False),
    )
    assert [row.value for row in result.rows] != [row.value for row in redrawn[0].rows]


@pytest.mark.parametrize(
    ("averages", "expected"),
    [(["single"], {"single": 24}), (["repetitions", "participants"],
                                    {"repetitions": 8, "participants": 4})],
)  # fmt: skip
def test_pictures_come_in_the_order_of_their_rows(
    seen, resettle, trained, tmp_path, averages, expected
):
    chosen = resettle(seen, generation={"generator": "drawn", "averages": averages,
                                        "identification": ["pixels"]})  # fmt: skip
    result = evaluate_unit(chosen, *trained, tmp_path)
    assert result.predictions["average"].value_counts().to_dict() == expected
    pictures = np.load(tmp_path / PICTURES, allow_pickle=False)
    assert len(pictures) == len(result.predictions)
    again = {
        row.average: latents for row, latents in zip(
            [q.iloc[0] for q, _ in generation._latents(chosen, *trained)],
            [found["latent"] for _, found in generation._latents(chosen, *trained)], strict=True,
        )
    }  # fmt: skip
    made = generation._generator(chosen).generate({"latent": again[averages[0]]}, random_state=42)
    np.testing.assert_array_equal(pictures[: len(made)], made)


def test_where_nobody_else_is_there_the_average_before_is_redrawn(seen, trained, tmp_path):
    alone = replace(seen, folders={"01": seen.folders["01"]},
                    trials=seen.trials.query("participant == '01'"))  # fmt: skip
    train_generation(alone, trained[0], tmp_path)
    result = evaluate_unit(alone, trained[0], tmp_path, tmp_path)
    assert set(result.predictions["average"]) == {"repetitions"}
    assert {(row.level, row.subject) for row in result.rows} == {("subject", "01")}


def latents_of(seen, trained):
    return [found["latent"] for _, found in generation._latents(seen, *trained)]


def test_restandardised_latents_have_mean_and_spread_of_the_training_pictures(seen, trained):
    (bank,) = latent_banks(seen).values()
    images = seen.trials.query("part == 'train'")["image"].unique()
    known = bank.features[bank.index(images)]
    for found in latents_of(seen, trained):
        np.testing.assert_allclose(found.mean(axis=0), known.mean(axis=0), atol=1e-4)
        np.testing.assert_allclose(found.std(axis=0), known.std(axis=0), rtol=1e-3)


def test_without_it_latents_are_those_predicted_in_the_generators_units(seen, resettle, trained):
    chosen = resettle(
        seen, generation={"generator": "drawn", "restandardise": False},
        embedding={"target": "hog", "scaling": "standardise"},
    )  # fmt: skip
    unit, folder = trained
    (bank,) = latent_banks(chosen).values()
    weight = read_json(folder / "model.json")["latents"]["latent"]["clip_weight"]
    task = latent_task(bank, "latent", weight, unit)
    windows = chosen.recordings().windows("test").query("test_set == 'small'")
    predicted = torch.cat(list(predict_latents(chosen, task, folder / task.name, windows)))
    single = latents_of(chosen, trained)[0]
    expected = predicted.numpy() * bank.scaler.std + bank.scaler.mean
    assert bank.scaler.std.min() < 1
    np.testing.assert_allclose(single, expected, rtol=1e-4, atol=1e-5)


def test_a_feature_that_training_pictures_share_stays_what_it_is(seen, monkeypatch):
    """It has no spread to be given: noise of deviation 1 would be made of it."""
    images = seen.trials["image"].unique().tolist()
    values = np.random.default_rng(0).standard_normal((len(images), 3)).astype(np.float32)
    values[:, 1] = 5.0
    bank = PictureBank("latent", images, values)
    found = generation._unscaled(seen, bank, torch.randn(8, 3))
    np.testing.assert_allclose(found[:, 1], 5.0)
    assert found[:, 0].std() > 0.5


def test_a_few_pictures_may_be_enough(seen, resettle, trained, tmp_path):
    chosen = resettle(seen, generation={"generator": "drawn", "max_pictures": 2,
                                        "identification": ["pixels"]})  # fmt: skip
    result = evaluate_unit(chosen, *trained, tmp_path)
    shown = sorted(seen.trials.query("test_set == 'small'")["image"].unique())
    assert sorted(result.predictions["image"]) == shown[:2]
    assert (seen.pictures / LATENTS).is_file()
