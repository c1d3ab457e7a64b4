"""Targets are scaled by what is trained on, and targets without an encoder are what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.contrastive.image.bank import (
    LATENTS,
    FeatureScaler,
    PictureBank,
    own_bank,
)
from neurodecode.contrastive.image.encoding import BANK, bank_pictures
from neurodecode.evaluation.restandardisation import MOMENT_ROWS
from neurodecode.faults import DataFault

TRIALS = pd.DataFrame(
    {
        "image": ["b.png", "a.png", "c.png", "a.png"],
        "category": ["dog", "cat", "dog", "cat"],
    }
)


def bank_of(shape, target="vgg19", n=4, seed=0):
    values = np.random.default_rng(seed).normal(3, 2, (n, *shape)).astype(np.float32)
    return PictureBank(target, [f"{i}.png" for i in range(n)], values), values


def test_the_scaler_is_that_of_the_pictures_it_is_fitted_on():
    bank, values = bank_of((5,), n=40)
    trained = [f"{i}.png" for i in range(30)]
    bank.fit_scaler([*trained, "0.png", "0.png"])  # a picture shown often counts once
    expected = (values - values[:30].mean(axis=0)) / values[:30].std(axis=0)
    np.testing.assert_allclose(bank.gather(np.arange(40)), expected, rtol=1e-4, atol=1e-5)


def test_pictures_that_are_not_trained_on_do_not_change_the_scaler():
    bank, values = bank_of((5,), n=40)
    trained = [f"{i}.png" for i in range(30)]
    bank.fit_scaler(trained)
    values[30:] = 1e6
    other = PictureBank("vgg19", bank.images, values)
    other.fit_scaler(trained)
    np.testing.assert_array_equal(other.scaler.mean, bank.scaler.mean)
    np.testing.assert_array_equal(other.scaler.std, bank.scaler.std)


def test_no_picture_lies_farther_out_than_a_training_picture_could():
    features = np.zeros((6, 3), np.float32)
    features[:, 0] = np.arange(6)
    features[0, 1], features[5, 1] = 1e-3, 1.0  # rare while training, half of a later picture
    bank = PictureBank("any", [f"{k}.png" for k in range(6)], features)
    bank.fit_scaler(bank.images[:5])
    found = bank.gather(np.arange(6)).numpy()
    scaled = (features[:5] - features[:5].mean(axis=0)) / bank.scaler.std
    np.testing.assert_allclose(found[:5], scaled, atol=1e-6)  # those it was fitted on are as ever
    np.testing.assert_allclose(found[0, 1], 2.0, atol=1e-6)
    assert found[5, 1] == 2.0


def test_the_scaler_reads_blocks_and_finds_what_numpy_finds():
    values = np.random.default_rng(0).normal(50, 3, (2 * MOMENT_ROWS + 7, 3)).astype(np.float32)
    found = FeatureScaler.fit(values)
    np.testing.assert_allclose(found.mean, values.astype(float).mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.std, values.astype(float).std(axis=0), rtol=1e-5)


def test_a_feature_that_never_varies_stays_finite():
    values = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    values[:, 1] = 7.7
    bank = PictureBank("hog", [str(i) for i in range(20)], values)
    bank.fit_scaler(bank.images)
    assert bank.gather(np.arange(20))[:, 1].abs().max() < 1e-5


def test_without_a_scaler_embeddings_are_as_they_are():
    bank, values = bank_of((2, 3))
    np.testing.assert_array_equal(bank.gather(np.array([2, 0])), values[[2, 0]].reshape(2, 6))
    assert (bank.shape, bank.n_features) == ((2, 3), 6)


def test_one_hot_targets_are_not_scaled():
    bank = own_bank("category", TRIALS, None)
    before = bank.gather(np.arange(3))
    bank.fit_scaler(["a.png", "b.png"])
    assert torch.equal(bank.gather(np.arange(3)), before)


def test_one_hot_targets_tell_pictures_or_categories_apart():
    identity, category = (own_bank(name, TRIALS, None) for name in ("identity", "category"))
    assert identity.images == ["b.png", "a.png", "c.png"]
    assert category.images == [*identity.images, "cat", "dog"]
    assert torch.equal(identity.gather(identity.index(["a.png", "b.png", "c.png"])), torch.eye(3))
    cat, dog = torch.eye(2)
    assert torch.equal(
        category.gather(category.index(["a.png", "b.png", "c.png"])), torch.stack([cat, dog, dog])
    )


def test_one_hot_targets_do_not_depend_on_the_order_of_trials():
    for name in ("identity", "category"):
        plain, turned = own_bank(name, TRIALS, None), own_bank(name, TRIALS.iloc[::-1], None)
        images = ["a.png", "b.png", "c.png"]
        assert torch.equal(plain.gather(plain.index(images)), turned.gather(turned.index(images)))


def test_too_many_pictures_for_one_hot_targets_are_told_before_memory_is_taken():
    n = 40_000
    trials = pd.DataFrame({"image": [f"{i}" for i in range(n)], "category": "x"})
    with pytest.raises(DataFault, match=r"target 'identity'.*embedding\.target"):
        own_bank("identity", trials, None)


def test_a_picture_without_category_is_named():
    trials = TRIALS.assign(category=["dog", "", "dog", ""])
    with pytest.raises(DataFault, match=r"picture a\.png has no category"):
        own_bank("category", trials, None)
    assert own_bank("identity", trials, None).n_features == 3


@pytest.mark.parametrize("folder", [None, "empty"])
def test_latents_that_are_unknown_are_told(folder, tmp_path):
    with pytest.raises(DataFault, match="latents that the pictures were made from are unknown"):
        own_bank("latent", TRIALS, None if folder is None else tmp_path)


def test_a_picture_without_latent_is_named(tmp_path):
    table = pd.DataFrame({"image": ["a.png", "b.png"], "latent": [[1.0, 2.0], [3.0, 4.0]]})
    table.to_parquet(tmp_path / LATENTS)
    with pytest.raises(DataFault, match=r"no latent of picture c\.png .*latents\.parquet"):
        own_bank("latent", TRIALS, tmp_path)


def test_latents_are_each_pictures_own(tmp_path):
    latents = [[3.0, 30.0], [1.0, 10.0], [2.0, 20.0], [9.0, 9.0]]
    images = ["c.png", "a.png", "b.png", "other.png"]
    table = pd.DataFrame({"image": images, "latent": latents})
    table.to_parquet(tmp_path / LATENTS)
    bank = own_bank("latent", TRIALS, tmp_path)
    assert bank.gather(bank.index(["a.png", "c.png"])).tolist() == [[1, 10], [3, 30]]


def test_an_unknown_picture_is_named():
    with pytest.raises(DataFault, match=r"picture 'x\.png' has no embedding .*vgg19"):
        bank_of((3,))[0].index(["0.png", "x.png"])


@pytest.mark.parametrize(
    ("target", "shape", "pool"),
    [
        ("clip_vision", (5, 3), lambda values: values[:, 0]),  # the class token
        ("dinov2", (5, 3), lambda values: values[:, 0]),
        ("clip_text", (5, 3), lambda values: values.mean(axis=1)),  # over tokens
        ("autokl", (4, 2, 2), lambda values: values.mean(axis=1).reshape(-1, 4)),  # over channels
        ("dinov2", (6,), lambda values: values),
        ("vgg19", (7,), lambda values: values),
    ],
)
def test_the_contrastive_head_of_generation_gets_the_smaller_target(target, shape, pool):
    bank, values = bank_of(shape, target)
    expected = pool(values)
    found = bank.pooled(bank.gather(np.arange(4)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert bank.n_pooled == expected.shape[1]


def test_targets_of_a_study_are_scaled_by_training_pictures_alone(seen, resettle):
    standardised = resettle(seen, embedding={"target": "colour_histogram",
                                             "scaling": "standardise"})  # fmt: skip
    bank = standardised.bank("colour_histogram")
    images = seen.trials.query("part == 'train'")["image"].unique()
    found = bank.gather(bank.index(images)).numpy()
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-4)
    varies = found.std(axis=0) > 0.5
    assert varies.any()
    np.testing.assert_allclose(found.std(axis=0)[varies], 1, rtol=1e-3)
    plain = seen.bank("colour_histogram")
    assert (plain.scaler.std == 1).all()
    assert seen.bank("colour_histogram", scaling="standardise").scaler.std.min() < 1


def test_pictures_never_shown_join_the_bank_under_names_of_their_own(
    seen, resettle, viewers, tmp_path
):
    extra = tmp_path / "extra" / "birds"
    extra.mkdir(parents=True)
    source = seen.pictures / seen.trials["image"].iloc[0]
    (extra / "x.png").write_bytes(source.read_bytes())
    (extra / "notes.txt").write_text("no picture")
    more = resettle(seen, data={"dataset": "local", "bank": tmp_path / "extra"})
    bank = more.bank("hog")
    assert [name for name in bank.images if name.startswith(BANK)] == [f"{BANK}birds/x.png"]
    rows = bank.index([f"{BANK}birds/x.png", seen.trials["image"].iloc[0]])
    assert torch.equal(*bank.gather(rows))


def test_a_bank_without_pictures_is_refused(tmp_path):
    with pytest.raises(DataFault, match=r"no picture .*mend data\.bank"):
        bank_pictures(tmp_path)
