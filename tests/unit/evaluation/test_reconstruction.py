"""Generated pictures are scored with computed chance levels, and shown by a rule."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.evaluation import (
    best_median_worst,
    display_blocks,
    display_order,
    mismatched_pairs,
    pix_corr,
    restandardisation,
    restandardise,
    score_reconstructions,
    ssim,
)
from neurodecode.faults import ConfigFault, DataFault

RHO = (0.0, 0.2, 0.3, 0.5, 0.8, 1.0)


class Planted:
    """A generator whose pictures are linear in the latent, over a ramp all of them share."""

    def __init__(self, n_latents=12, size=16, seed=5):
        rng = np.random.default_rng(seed)
        self.maps = rng.standard_normal((n_latents, size, size, 3))
        self.shared = np.linspace(0, 1, size)[:, None, None]

    def __call__(self, latents):
        values = np.tensordot(latents, self.maps, 1) / np.sqrt(len(self.maps))
        return list(np.clip(128 + 60 * self.shared + 30 * values, 0, 255).astype(np.uint8))


class MeanColours:
    """An encoder: the mean of each 4 x 4 patch."""

    shape = (48,)
    reads_labels = False

    def encode(self, pictures, labels):
        assert len(pictures) == len(labels)
        patches = [p.reshape(4, 4, 4, 4, 3).mean(axis=(1, 3)).ravel() for p in pictures]
        return np.array(patches, np.float32)


def predicted(latents, rho, seed=1):
    noise = np.random.default_rng(seed).standard_normal(latents.shape)
    return rho * latents + np.sqrt(1 - rho**2) * noise


@pytest.fixture(scope="module")
def planted():
    latents = np.random.default_rng(0).standard_normal((60, 12))
    generate, names = Planted(), [f"p{i}" for i in range(60)]
    return {
        rho: score_reconstructions(
            generate(latents), generate(predicted(latents, rho)), names,
            encoders={"patches": MeanColours()},
        )
        for rho in RHO
    }  # fmt: skip


def test_scores_grow_with_the_correlation_of_the_latents(planted):
    means = {rho: found.table.drop(columns="picture").mean() for rho, found in planted.items()}
    for metric in ("PixCorr", "SSIM", "patches two-way"):
        assert np.all(np.diff([means[rho][metric] for rho in RHO]) > 0), metric
    assert np.all(np.diff([means[rho]["patches distance"] for rho in RHO]) < 0)
    assert means[1.0].tolist() == pytest.approx([1.0, 1.0, 1.0, 0.0], abs=1e-6)


def test_scores_without_information_are_at_their_computed_chance_level(planted):
    rows = planted[0.0].rows(model="m", split="test")
    assert [row.metric for row in rows] == [
        "PixCorr", "SSIM", "patches two-way", "patches distance",
    ]  # fmt: skip
    for row in rows:
        assert row.ci_low < row.chance < row.ci_high, row.metric
    chance = planted[0.0].chance
    assert chance["PixCorr"] > 0.2  # of the shared ramp: assuming 0 would flatter everything
    assert chance["patches two-way"] == 0.5


def test_the_chance_level_is_the_mean_over_all_pairs_that_do_not_belong_together():
    latents = np.random.default_rng(0).standard_normal((2, 5, 12))
    true, generated = Planted()(latents[0]), Planted()(latents[1])
    names = ["a", "b", "b", "c", "d"]
    found = score_reconstructions(true, generated, names)
    pairs = [(i, j) for i in range(5) for j in range(5) if names[i] != names[j]]
    assert len(pairs) == 18
    for metric, function in (("PixCorr", pix_corr), ("SSIM", ssim)):
        expected = np.mean([function([true[i]], [generated[j]])[0] for i, j in pairs])
        assert found.chance[metric] == pytest.approx(expected)


def test_rows_of_one_picture_are_resampled_together(planted):
    scores = planted[0.5]
    (row, *_) = scores.rows(model="m", split="test", subject="P1", seed=3)
    assert (row.unit, row.level, row.subject, row.seed, row.n) == (
        "picture",
        "subject",
        "P1",
        3,
        60,
    )
    scores.table["picture"] = np.repeat([f"p{i}" for i in range(10)], 6)
    assert scores.rows(model="m", split="test")[0].ci_low != row.ci_low
    scores.table["picture"] = [f"p{i}" for i in range(60)]
    assert scores.rows(model="m", split="test", subject="P1", seed=3)[0] == row


def test_an_encoder_that_never_sees_pictures_cannot_score_them():
    class Words(MeanColours):
        reads_labels = True

    pictures = Planted()(np.random.default_rng(0).standard_normal((2, 12)))
    with pytest.raises(ConfigFault, match="encoder CLIP-Text reads labels, not pictures"):
        score_reconstructions(pictures, pictures, ["a", "b"], encoders={"CLIP-Text": Words()})


def test_mismatched_pairs_are_drawn_once_each_and_by_seed():
    names = [str(i) for i in range(40)]
    drawn = mismatched_pairs(names, 100, random_state=1)
    assert len(np.unique(drawn, axis=0)) == 100
    assert (drawn[:, 0] != drawn[:, 1]).all()
    np.testing.assert_array_equal(drawn, mismatched_pairs(names, 100, random_state=1))
    assert not np.array_equal(drawn, mismatched_pairs(names, 100, random_state=2))
    assert len(mismatched_pairs(names[:4])) == 12
    with pytest.raises(DataFault, match=r"two different pictures or more \[a\]"):
        mismatched_pairs(["a", "a"])
    with pytest.raises(DataFault, match="1 names for 2 pictures"):
        score_reconstructions([np.zeros((12, 12, 3), np.uint8)] * 2,
                              [np.zeros((12, 12, 3), np.uint8)] * 2, ["a"])  # fmt: skip


def test_restandardised_features_have_the_moments_of_the_training_targets(monkeypatch):
    rng = np.random.default_rng(0)
    latents = (0.1 * rng.normal(size=(50, 4, 6)) + 2).astype(np.float32)
    mean, std = rng.normal(size=(4, 6)), rng.uniform(0.5, 2, size=(4, 6))
    found = restandardise(latents, mean, std)
    assert (found.dtype, found.shape) == (np.float32, latents.shape)
    np.testing.assert_allclose(found.mean(axis=0), mean, atol=1e-5)
    np.testing.assert_allclose(found.std(axis=0), std, rtol=1e-5)
    order = np.argsort(latents[:, 1, 2])
    np.testing.assert_array_equal(np.argsort(found[:, 1, 2]), order)
    monkeypatch.setattr(restandardisation, "BLOCK_BYTES", 8 * 50 * 5)  # 5 features at a time
    np.testing.assert_allclose(restandardise(latents, mean, std), found, rtol=1e-6)


def test_restandardisation_of_worked_numbers():
    found = restandardise(np.array([[1.0, 7.0], [3.0, 7.0]]), [10.0, 20.0], [2.0, 3.0])
    assert found.tolist() == [[8.0, 20.0], [12.0, 20.0]]  # the second is predicted the same


def test_restandardisation_depends_on_the_whole_test_set_and_refuses_one_prediction():
    latents = np.random.default_rng(0).normal(size=(6, 3))
    whole = restandardise(latents, np.zeros(3), np.ones(3))
    part = restandardise(latents[:3], np.zeros(3), np.ones(3))
    assert not np.allclose(whole[:3], part, atol=0.01)
    with pytest.raises(DataFault, match="1 prediction has no spread"):
        restandardise(latents[:1], np.zeros(3), np.ones(3))


def test_bad_moments_are_named():
    latents = np.random.default_rng(0).normal(size=(6, 3))
    with pytest.raises(DataFault, match=r"train_std has the shape \(2,\), a prediction \(3,\)"):
        restandardise(latents, np.zeros(3), np.ones(2))
    with pytest.raises(DataFault, match=r"NaN or infinite \[train_mean\]"):
        restandardise(latents, [0, np.nan, 0], np.ones(3))
    with pytest.raises(DataFault, match=r"negative \[train_std\]"):
        restandardise(latents, np.zeros(3), [1, -1, 1])


def test_pictures_are_shown_from_the_best_middle_and_worst_of_15_blocks():
    rng = np.random.default_rng(0)
    similarity, distance = rng.uniform(size=(2, 150))
    order = display_order(similarity, distance)
    assert np.all(np.diff((similarity - distance)[order]) <= 0)
    shown = display_blocks(similarity, distance, random_state=1)
    for name, first in (("best", 0), ("middle", 70), ("worst", 140)):
        assert len(shown[name]) == 4
        assert set(shown[name]) <= set(order[first : first + 10])
        places = [order.tolist().index(row) for row in shown[name]]
        assert places == sorted(places)
    again = display_blocks(similarity, distance, random_state=1)
    assert all(np.array_equal(shown[name], again[name]) for name in shown)


def test_best_median_and_worst_are_taken_by_rank():
    values = [0.3, 0.9, 0.1, 0.5, 0.7]
    found = best_median_worst(values)
    assert {name: rows.tolist() for name, rows in found.items()} == {
        "best": [1], "median": [3], "worst": [2],
    }  # fmt: skip
    turned = best_median_worst(values, 2, higher_is_better=False)
    assert {name: rows.tolist() for name, rows in turned.items()} == {
        "best": [2, 0], "median": [0, 3], "worst": [4, 1],
    }  # fmt: skip


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(DataFault, match="30 pictures in 15 blocks: fewer than 4"):
        display_blocks(np.arange(30.0), np.zeros(30))
    with pytest.raises(DataFault, match="14 blocks have no middle one"):
        display_blocks(np.arange(90.0), np.zeros(90), n_blocks=14)
    with pytest.raises(DataFault, match=r"not finite \[picture 1\]"):
        display_order([0.0, np.nan], [0.0, 0.0])
    with pytest.raises(DataFault, match="3 of 2 pictures cannot be shown"):
        best_median_worst([0.1, 0.2], 3)
