"""Decoders learn what their name says; the same seed gives the same weights, also resumed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.artefacts import read_json, slug
from neurodecode.contrastive.data import Recordings
from neurodecode.contrastive.image.data import training_sets
from neurodecode.contrastive.image.decoders import SHUFFLED, Decoder
from neurodecode.contrastive.image.module import JointModule
from neurodecode.contrastive.image.network import ImageNetwork
from neurodecode.contrastive.image.ridge import WindowRidge
from neurodecode.contrastive.image.training import (
    Task,
    build_network,
    make_criterion,
    task_of,
    train_task,
    train_unit,
)
from neurodecode.contrastive.image.units import unit_of
from neurodecode.contrastive.losses import ClipLoss
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.persistence import load_tensors


def unit(seen, name="contrastive.seed-1"):
    return unit_of(seen.config, name)


def weights_of(folder):
    return {name: value.clone() for name, value in load_tensors(folder).items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def joint_batch(seen):
    """Return an untrained two-headed network and a batch for it."""
    task = Task("joint", Decoder("joint", "hog"), seen.bank("hog"), 1, None, 0.25)
    torch.manual_seed(0)
    network = build_network(seen.config, task, seen.recordings()).eval()
    sets = training_sets(seen.recordings(), task.bank, seen.config.signals)
    return network, sets["train"].__getitems__(range(12))


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_the_joint_loss_is_the_weighted_sum_of_both_terms(seen, weight):
    network, batch = joint_batch(seen)
    found = JointModule(network, weight=weight).loss(batch)
    retrieval, regression = network.heads(batch)
    targets = batch["targets"]
    scores = retrieval @ (targets / targets.norm(dim=1, keepdim=True)).T
    same_picture = batch["segments"][:, None] == batch["segments"][None]
    assert torch.equal(same_picture, torch.eye(12, dtype=torch.bool))
    clip = (scores.logsumexp(dim=1) - scores.diagonal()).mean()
    mse = ((regression - targets) ** 2).mean()
    torch.testing.assert_close(found, weight * clip + (1 - weight) * mse, rtol=1e-4, atol=1e-5)


def test_the_same_picture_twice_in_a_batch_is_no_negative_of_itself(seen, resettle):
    network, batch = joint_batch(seen)
    batch["segments"][1], batch["pooled"][1] = batch["segments"][0], batch["pooled"][0]
    kept, merged = (
        make_criterion(resettle(seen, training={"merge_duplicates": m}).config)(
            network.heads(batch)[0], batch["pooled"], batch["segments"]
        )
        for m in (False, True)
    )
    assert merged < kept


def test_the_loss_is_that_of_the_settings(seen, resettle):
    chosen = resettle(
        seen,
        training={"symmetric": True, "temperature": 0.1, "learn_temperature": True,
                  "normalise_estimates": True},
    ).config  # fmt: skip
    criterion = make_criterion(chosen)
    assert isinstance(criterion, ClipLoss)
    assert criterion.symmetric
    assert any(p.requires_grad for p in criterion.parameters())
    assert not any(p.requires_grad for p in make_criterion(seen.config).parameters())


@pytest.mark.parametrize(
    ("weight", "missing"),
    [(0.5, "regression"), (0.5, "contrastive"), (1.0, "contrastive"), (0.0, "regression")],
)
def test_a_loss_without_its_head_is_refused(seen, weight, missing):
    network, _ = joint_batch(seen)
    setattr(network, missing, None)
    with pytest.raises(ConfigFault, match="needs a head"):
        JointModule(network, weight=weight)


def test_a_head_without_a_loss_may_be_missing(seen):
    network, batch = joint_batch(seen)
    network.regression = None
    assert torch.isfinite(JointModule(network, weight=1.0).loss(batch))
    with pytest.raises(ConfigFault, match=r"weight 1\.2 .* outside 0 to 1"):
        JointModule(network, weight=1.2)


@pytest.mark.parametrize(
    ("weight", "pool", "sizes"),
    [(1.0, False, (15, None)), (0.0, False, (None, 15)), (0.5, False, (15, 15)),
     (0.5, True, (5, 15)), (0.0, True, (None, 15))],
)  # fmt: skip
def test_heads_have_the_sizes_of_their_targets(seen, weight, pool, sizes):
    from neurodecode.contrastive.image.bank import PictureBank

    bank = PictureBank("clip_vision", ["a"], np.zeros((1, 3, 5), np.float32))
    task = Task("x", Decoder("joint", "clip_vision"), bank, 1, None, weight, pool)
    assert (task.n_contrastive, task.n_regression) == sizes
    network = build_network(seen.config, task, seen.recordings())
    assert isinstance(network, ImageNetwork)
    assert (network.contrastive is None) == (sizes[0] is None)


@pytest.mark.parametrize(
    ("name", "weight", "kind"),
    [("contrastive", 1.0, ImageNetwork), ("regression", 0.0, ImageNetwork),
     ("joint", 0.75, ImageNetwork), ("ridge", 0.75, WindowRidge)],
)  # fmt: skip
def test_a_decoders_objective_sets_its_loss(seen, name, weight, kind):
    task = task_of(seen, name, unit(seen))
    assert isinstance(build_network(seen.config, task, seen.recordings()), kind)
    if name != "ridge":
        assert task.clip_weight == weight


def test_linear_targets_are_standardised_where_the_networks_are_not(seen):
    plain, linear = (task_of(seen, name, unit(seen)).bank for name in ("contrastive", "ridge"))
    assert (plain.scaler.std == 1).all()
    assert not (linear.scaler.std == 1).all()


@pytest.fixture(scope="module")
def joint(seen, tmp_path_factory):
    """Return the folder of a trained joint decoder and what was said of it."""
    folder = tmp_path_factory.mktemp("joint")
    return folder, train_task(seen, task_of(seen, "joint", unit(seen)), folder)


def test_a_trained_network_says_what_it_is(seen, joint):
    folder, said = joint
    assert said.startswith("2 epochs, validation loss ")
    info = read_json(folder / "model.json")
    assert info["participants"] == ["01", "02"]
    assert info["channels"] == seen.recordings().channels
    assert (info["clip_weight"], info["span"], info["seed"]) == (0.75, None, 1)
    assert info["n_parameters"] == sum(v.numel() for name, v in load_tensors(folder).items()
                                       if "running" not in name and "num_batches" not in name
                                       and "frequencies" not in name)  # fmt: skip


def test_both_losses_are_logged_by_name(joint):
    (path,) = joint[0].glob("log/*/metrics.csv")
    log = pd.read_csv(path)
    for part in ("train", "val"):
        clip, mse, total = (
            log[f"{part}_{name}"].dropna().to_numpy() for name in ("clip_loss", "mse_loss", "loss")
        )
        np.testing.assert_allclose(0.75 * clip + 0.25 * mse, total, rtol=1e-4)


def test_the_same_seed_gives_the_same_weights_bit_for_bit_and_another_one_others(
    seen, joint, tmp_path
):
    task = task_of(seen, "joint", unit(seen))
    train_task(seen, task, tmp_path / "again")
    train_task(seen, replace(task, seed=2), tmp_path / "other")
    weights = [weights_of(path) for path in (joint[0], tmp_path / "again", tmp_path / "other")]
    assert same(weights[0], weights[1])
    assert not same(weights[0], weights[2])


def test_a_training_that_was_broken_off_ends_with_the_same_weights(
    seen, joint, tmp_path, monkeypatch
):
    task = task_of(seen, "joint", unit(seen))
    steps = []
    original = JointModule.training_step

    def stops(module, batch, number):
        steps.append(number)
        if len(steps) == 6:  # four batches an epoch: in the second one
            raise KeyboardInterrupt
        return original(module, batch, number)

    monkeypatch.setattr(JointModule, "training_step", stops)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train_task(seen, task, tmp_path)
    assert not (tmp_path / "model.json").exists()
    monkeypatch.setattr(JointModule, "training_step", original)
    assert "resumed from last.ckpt" in train_task(seen, task, tmp_path)
    assert same(weights_of(joint[0]), weights_of(tmp_path))


def test_a_control_learns_other_weights_from_the_same_signals(seen, tmp_path):
    tasks = [task_of(seen, name, unit(seen)) for name in ("contrastive", SHUFFLED)]
    for task in tasks:
        train_task(seen, task, tmp_path / slug(task.name))
    first, second = (weights_of(tmp_path / slug(task.name)) for task in tasks)
    assert first.keys() == second.keys()
    assert not same(first, second)


def test_a_window_unit_trains_each_decoder_on_its_part(seen, resettle, tmp_path):
    windows = {"start": 0.0, "stop": 0.2, "length": 0.2}
    chosen = resettle(seen, time={"decoders": ["ridge", "contrastive"], "sliding": windows})
    said = train_unit(chosen, unit(chosen, "sliding.0_200"), tmp_path)
    assert said == "2 decoders"
    n_channels = len(chosen.recordings().channels)
    assert load_tensors(tmp_path / "ridge")["weights"].shape[1] == 6 * n_channels
    assert load_tensors(tmp_path / "contrastive")["aggregation.linear.weight"].shape == (1, 6)
    info = read_json(tmp_path / "model.json")
    assert (info["kind"], info["decoders"]) == ("sliding", ["ridge", "contrastive"])


@pytest.mark.parametrize(
    ("name", "sections"),
    [("contrastive", {"brain": {"participants": "none", "n_virtual_channels": 6, "hidden": 8,
                                "n_frequencies": 3, "n_blocks": 1}}),
     ("ridge", {"ridge": {"pooling": "pooled", "folds": 3}})],
)  # fmt: skip
def test_somebody_without_training_windows_needs_a_shared_model(
    seen, resettle, monkeypatch, tmp_path, name, sections
):
    known = Recordings.windows

    def without(self, part=None):
        windows = known(self, part)
        lost = (windows["participant"] == "02") & (windows["part"] == "train")
        return windows[~lost].reset_index(drop=True)

    monkeypatch.setattr(Recordings, "windows", without)
    with pytest.raises(DataFault, match=r"no training window of participant 02 .*data\.subjects"):
        train_task(seen, task_of(seen, name, unit(seen)), tmp_path)
    shared = resettle(seen, **sections)
    assert train_task(shared, task_of(shared, name, unit(shared)), tmp_path)
