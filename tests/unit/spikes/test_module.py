"""The module trains as published, the same with the same seed, also after an interruption."""

from __future__ import annotations

from types import SimpleNamespace

import lightning
import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.spikes import (
    OptimiserSection,
    SpikeData,
    SpikeModule,
    SpikeWindows,
    few_shot,
    freeze,
    take_over,
)
from neurodecode.spikes.module import decay_groups, rate_share
from neurodecode.training import fit
from neurodecode.training_config import TrainerSection

FAST = OptimiserSection(learning_rate=3e-3, weight_decay=0.01, warmup_tokens=0)


def settings(**options):
    return TrainerSection(**{"max_epochs": 2, "accelerator": "cpu", "gradient_clip_val": 1.0,
                             "patience": 50, **options})  # fmt: skip


def network(config, **changed):
    torch.manual_seed(0)
    return config(full=True, **changed).build()


@pytest.fixture
def data(config, recording):
    return SpikeData(recording(config(full=True)), range(14), range(14, 20), batch_size=5)


def test_the_log_names_every_term(config, data, tmp_path):
    fit(SpikeModule(network(config)), data, settings(), tmp_path, seed=3)
    log = pd.read_csv(tmp_path / "log" / "version_0" / "metrics.csv")
    for part in ("train", "val"):
        for term in ("loss", "id", "dt", "contrastive", "speed", "side"):
            assert log[f"{part}_{term}"].notna().sum() == 2, term
    rows = log[log["val_loss"].notna()]
    weighted = 0.75 * (0.6 * rows["val_id"] + 0.4 * rows["val_dt"]) + rows["val_contrastive"] / 4
    np.testing.assert_allclose(
        rows["val_loss"], weighted + rows["val_speed"] + rows["val_side"], rtol=1e-5
    )
    assert rows["val_accuracy"].between(0, 1).all()
    assert rows["val_side_accuracy"].between(0, 1).all()


def test_the_same_seed_gives_the_same_weights(config, data, tmp_path):
    found = []
    for number, seed in enumerate((3, 3, 4)):
        module = SpikeModule(network(config), FAST)
        fit(module, data, settings(), tmp_path / str(number), seed=seed)
        found.append(module.model.state_dict())
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    assert not all(torch.equal(found[0][name], found[2][name]) for name in found[0])


class Interrupted(Exception):
    pass


class Interrupt(lightning.Callback):
    """Break off at the start of an epoch."""

    def on_train_epoch_start(self, trainer, module):
        if trainer.current_epoch == 2:
            raise Interrupted


def test_an_interrupted_training_ends_with_the_same_weights(config, data, tmp_path):
    whole = SpikeModule(network(config), FAST)
    fit(whole, data, settings(max_epochs=3), tmp_path / "whole", seed=3)
    broken = SpikeModule(network(config), FAST)
    with pytest.raises(Interrupted):
        fit(broken, data, settings(max_epochs=3), tmp_path / "b", seed=3, callbacks=[Interrupt()])
    again = SpikeModule(network(config), FAST)
    found = fit(again, data, settings(max_epochs=3), tmp_path / "b", seed=3)
    assert found.resumed_from == "last.ckpt"
    expected = whole.model.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in again.model.state_dict().items())


def test_training_finds_a_neuron_that_follows_another(config, tmp_path):
    """Unit 1 fires 60 ms after unit 0; then no other neuron fires."""
    rng = np.random.default_rng(0)
    starts = np.arange(2, 122) * 0.2
    fires = rng.random(120) < 0.5
    times = np.concatenate([starts[fires] + 0.021, starts[fires] + 0.081, starts[~fires] + 0.081])
    units = np.repeat([0, 1, 2], [fires.sum(), fires.sum(), (~fires).sum()])
    order = np.argsort(times)
    sizes = {
        "n_neurons": 3, "dropout": 0.0, "token_dropout": 0.0, "time_dropout": 0.0,
        "n_state_layers": 1, "n_past_layers": 1,
        "windows": {"current": 0.05, "past": 0.1, "block": 5, "past_block": 5},
    }  # fmt: skip
    chosen = config(**sizes)
    windows = SpikeWindows(chosen, times[order], units[order], starts + 0.1)
    torch.manual_seed(0)
    module = SpikeModule(chosen.build(), FAST)
    data = SpikeData(windows, range(90), range(90, 120), batch_size=10)
    fit(module, data, settings(max_epochs=16), tmp_path, seed=3)
    batch = windows.batch(range(90, 120))
    with torch.no_grad():
        first = module.model(batch).id[:, 0].argmax(dim=1)
    assert torch.equal(first, batch["target_id"][:, 0])
    assert set(first.tolist()) == {1, 2}


def test_weights_of_linear_layers_decay_and_nothing_else(config):
    model = network(config)
    decayed, spared = (group["params"] for group in decay_groups(model, 1.0))
    names = {id(p): name for name, p in model.named_parameters()}
    held = {names[id(p)] for p in decayed}
    assert {"id_head.weight", "time.layers.0.weight", "encoder.0.mlp.0.weight",
            "behaviours.pose.phi.layers.0.weight", "projector.weight"} <= held  # fmt: skip
    others = {names[id(p)] for p in spared}
    assert {"tokens.weight", "position", "frames.conv.weight", "frames.norm.weight",
            "encoder.0.mlp_norm.weight", "behaviour_heads.speed.bias"} <= others  # fmt: skip
    assert held | others == set(names.values())
    assert not held & others


def test_the_rate_rises_then_falls_to_its_final_share():
    plain = OptimiserSection()
    shares = [rate_share(update, 100, 20, plain) for update in range(101)]
    assert shares[:3] == pytest.approx([0.05, 0.1, 0.15])
    assert max(shares) == shares[19] == 1.0
    assert shares[60] == pytest.approx(0.5)
    assert shares[100] == 0.1
    assert min(shares[20:]) == 0.1
    released = OptimiserSection(full_first_step=True)
    assert [rate_share(u, 100, 20, released) for u in (0, 1, 2)] == pytest.approx([1, 0.05, 0.1])


def test_a_schedule_needs_a_training_of_known_length(config):
    module = SpikeModule(network(config))
    module._trainer = SimpleNamespace(estimated_stepping_batches=float("inf"))
    with pytest.raises(ConfigFault, match="known length"):
        module.configure_optimizers()


def test_a_frozen_body_leaves_the_heads_alone_to_train(config, data, tmp_path):
    model = network(config)
    before = {name: p.clone() for name, p in model.named_parameters()}
    fit(SpikeModule(model, FAST, freeze=["body"]), data, settings(), tmp_path, seed=3)
    changed = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert changed == {"behaviour_heads.speed.weight", "behaviour_heads.speed.bias",
                       "behaviour_heads.side.weight"}  # fmt: skip


@pytest.mark.parametrize(
    ("part", "still", "trained"),
    [("past", "past_stage.0.mlp.0.weight", "decoder.0.mlp.0.weight"),
     ("frames", "frames.conv.weight", "tokens.weight"),
     ("tokens", "tokens.weight", "frames.conv.weight")],
)  # fmt: skip
def test_parts_can_be_frozen(config, part, still, trained):
    model = network(config)
    freeze(model, [part])
    asked = {name: p.requires_grad for name, p in model.named_parameters()}
    assert not asked[still]
    assert asked[trained]


def test_wrong_parts_are_refused(config):
    with pytest.raises(ConfigFault, match="did you mean 'body'"):
        freeze(network(config), ["bodi"])
    with pytest.raises(ConfigFault, match="leaves nothing to train"):
        SpikeModule(config().build(), freeze=["body"])


def test_a_model_with_more_modalities_takes_over_what_was_pretrained(config):
    pretrained, model = config().build(), network(config)
    fresh = take_over(model, pretrained.state_dict())
    assert torch.equal(model.tokens.weight, pretrained.tokens.weight)
    starts = ("frame", "behaviour", "projector")
    assert fresh
    assert all(name.startswith(starts) for name in fresh)


def test_other_vocabularies_and_widths_are_not_taken_over(config):
    model = network(config)
    with pytest.raises(DataFault, match="a vocabulary of 13 tokens, the model has 12"):
        take_over(model, config(n_neurons=10).build().state_dict())
    with pytest.raises(DataFault, match=r"wrong shape: .*decoder.0.attention.key.bias \(28,\)"):
        take_over(model, config(width=28).build().state_dict())
    with pytest.raises(DataFault, match="no parameters of such a model"):
        take_over(model, {"weight": torch.zeros(1)})


def test_few_shot_windows_are_the_first_of_the_draw():
    rows = np.arange(500)[::-1]
    assert few_shot(rows, 0.01).tolist() == rows[:5].tolist()
    assert few_shot(rows[:3], 0.01).tolist() == [499]
    assert len(few_shot(rows, 1.0)) == 500
    with pytest.raises(ConfigFault, match="a share of 0"):
        few_shot(rows, 0.0)
    with pytest.raises(DataFault, match="no training window"):
        few_shot([], 0.5)
