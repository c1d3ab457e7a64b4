"""Training keeps the limits, freezes what it is told to, steps its rate and learns."""

from __future__ import annotations

import lightning
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from neurodecode.config import validate
from neurodecode.emotion import AdamSection, EmotionModule, TargetSection, make_target
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.training import fit
from neurodecode.training_config import TrainerSection


class Levels(lightning.LightningDataModule):
    """Noise whose power at the back of the head grows with the level."""

    def __init__(self, n=60, batch_size=30):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.levels = torch.arange(n) % 5
        self.windows = torch.randn(n, 14, 128, generator=generator)
        self.windows[:, 5:9] *= 0.2 + 0.5 * self.levels[:, None, None]
        self.batch_size = batch_size

    def _loader(self):
        return DataLoader(TensorDataset(self.windows, self.levels), self.batch_size)

    train_dataloader = val_dataloader = _loader


def trained(module, folder, *, epochs=2):
    settings = TrainerSection(max_epochs=epochs, accelerator="cpu", patience=epochs)
    return fit(module, Levels(), settings, folder, seed=0)


@pytest.mark.parametrize("kind", ["smoothed", "regression", "mixture"])
def test_training_lowers_the_loss(kind, network, tmp_path):
    target = TargetSection(kind=kind).build()
    module = EmotionModule(network(n_classes=target.n_outputs, dropout=0.0), target,
                           AdamSection(learning_rate=1e-2))  # fmt: skip
    trained(module.eval(), tmp_path, epochs=6)
    log = pd.read_csv(next((tmp_path / "log").rglob("metrics.csv")))
    losses = log["train_loss"].dropna()
    assert losses.iloc[-1] < losses.iloc[0]
    assert log[["val_loss", "val_cross_entropy", "val_accuracy"]].notna().sum().tolist() == [6] * 3


def test_limits_hold_after_every_step(network, tmp_path):
    module = EmotionModule(network(), make_target(), AdamSection(learning_rate=0.5))
    trained(module, tmp_path)
    shared, own = module.network.front.shared, module.network.front.own
    assert shared.mixing.abs().max() <= 1
    assert own.taps.norm(dim=1).max() <= 1 + 1e-6
    assert max(w.abs().max() for w in module.network.regional.pointwise) <= 1
    assert shared.filters.abs().max() > 1 or module.network.head.weight.abs().max() > 1


@pytest.mark.parametrize("name", ["HiSTN G0", "EEGNet", "MSBAM", "HiSTN-D"])
def test_frozen_parts_stay_and_the_rest_moves(name, network, tmp_path):
    built = network(name)
    module = EmotionModule(built, make_target(), freeze=("temporal",))
    before = {key: value.clone() for key, value in built.state_dict().items()}
    trained(module, tmp_path, epochs=1)
    prefixes = built.PARTS["temporal"]
    for key, value in built.state_dict().items():
        if key.startswith(prefixes):
            assert torch.equal(value, before[key]), key
        elif key.endswith("running_mean") or key == "head.weight":
            assert not torch.equal(value, before[key]), key


def test_frozen_statistics_survive_a_change_of_mode(network, windows):
    built = network("EEGNet")
    built.freeze(["temporal"])
    before = built.temporal_norm.running_mean.clone()
    built.eval().train()(windows())
    assert torch.equal(built.temporal_norm.running_mean, before)
    assert built.spatial_norm.training


def test_the_rate_steps_at_the_published_epochs(network):
    module = EmotionModule(network(), make_target())
    made = module.configure_optimizers()
    optimiser, schedule = made["optimizer"], made["lr_scheduler"]
    rates = []
    for _ in range(32):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    assert rates == [1e-3] * 30 + [5e-4] * 2
    assert optimiser.defaults["eps"] == 1e-7
    assert AdamSection(learning_rate=1e-2, steps=((50, 0.2),)).share(50) == 0.2


@pytest.mark.parametrize(
    "steps", [[[3, 0.5], [3, 0.1]], [[0, 0.5]], [[4, 0.5], [2, 0.1]], [[4, 0]]]
)
def test_steps_that_do_not_rise_are_refused(steps):
    with pytest.raises(ConfigFault, match=r"steps must|shares of"):
        validate(AdamSection, {"steps": steps})


def test_class_weights_and_the_networks_own_cost_are_in_the_training_loss(network, windows):
    batch = (windows(4), torch.tensor([0, 1, 2, 3]))
    built, target = network("HiSTN-D").eval(), make_target()
    weights = torch.tensor([1.0, 2, 3, 4, 5])
    module = EmotionModule(built, target, class_weights=weights)
    outputs, penalty = built.penalised(batch[0])
    expected = target.loss(outputs, batch[1], weights) + penalty
    torch.testing.assert_close(module.training_step(batch, 0), expected)


@pytest.mark.parametrize("kind", ["smoothed", "one-hot", "regression", "mixture", "gaussian"])
def test_predictions_are_probabilities_whatever_the_target(kind, network, windows):
    target = make_target(kind)
    module = EmotionModule(network(n_classes=target.n_outputs), target).eval()
    batch = windows(6)
    with torch.no_grad():
        found = module.predict_step((batch, torch.zeros(6)))
        assert torch.equal(found, module.predict_step(batch))
    assert found.shape == (6, 5)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.sum(1), torch.ones(6))


@pytest.mark.parametrize(
    ("levels", "words"), [([0, 5], "levels from 0 to 5 for 5 classes"), ([0], r"shape \(1,\)")]
)
def test_levels_that_do_not_fit_are_refused(levels, words, network, windows):
    module = EmotionModule(network(), make_target())
    with pytest.raises(DataFault, match=words):
        module.training_step((windows(2), torch.tensor(levels)), 0)


def test_a_wrong_part_and_nothing_to_train_are_refused(network):
    with pytest.raises(ConfigFault, match="did you mean 'temporal'"):
        EmotionModule(network(), make_target(), freeze=["tempral"])
    still = network().requires_grad_(False)
    with pytest.raises(ConfigFault, match="nothing to train"):
        EmotionModule(still, make_target())


def test_the_same_seed_gives_the_same_training(network, tmp_path):
    losses = []
    for run in ("a", "b"):
        module = EmotionModule(network(seed=3), make_target())
        losses.append(trained(module, tmp_path / run).best_loss)
    assert losses[0] == losses[1]
