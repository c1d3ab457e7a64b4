"""The module and the data train under any Lightning Trainer, as the docstring shows."""

from __future__ import annotations

import lightning
import pytest
import torch

from neurodecode.contrastive.config_model import BrainSection
from neurodecode.contrastive.data import Recordings
from neurodecode.contrastive.losses import clip_loss, regression_loss
from neurodecode.contrastive.module import ContrastiveModule, RegressionModule
from neurodecode.contrastive.speech.datamodule import ListeningData
from neurodecode.contrastive.speech.network import SpeechNetwork
from neurodecode.contrastive.speech.targets import TargetBank
from neurodecode.stimuli import EmbeddingCache, make_encoder

SMALL = BrainSection(n_virtual_channels=6, n_frequencies=3, hidden=8, n_blocks=1)


@pytest.fixture
def data(study, tmp_path):
    recordings = Recordings(study.heard.folders)
    cache = EmbeddingCache(tmp_path / "embeddings", make_encoder("envelope"))
    bank = TargetBank(cache, study.audio, study.story, study.config.signals)
    return ListeningData(recordings, bank, study.config.signals, batch_size=16)


def network(data):
    torch.manual_seed(0)
    return SpeechNetwork(SMALL.build(data.bank.n_features, n_participants=3))


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
@pytest.mark.filterwarnings("ignore:.*LeafSpec")
@pytest.mark.parametrize("kind", [ContrastiveModule, RegressionModule])
def test_a_trainer_of_ones_own_trains_the_module(kind, data, tmp_path):
    module = kind(network(data), learning_rate=1e-3)
    before = {name: value.clone() for name, value in module.named_parameters()}
    trainer = lightning.Trainer(
        max_steps=3, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
        default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(module, datamodule=data)
    assert trainer.global_step == 3
    assert any(not torch.equal(p, before[name]) for name, p in module.named_parameters())
    trainer.validate(module, datamodule=data, verbose=False)
    assert torch.isfinite(trainer.callback_metrics["val_loss"])


def test_the_objectives_are_the_losses(data):
    data.setup()
    batch = next(iter(data.train_dataloader()))
    net = network(data).eval()
    estimates, targets = net(batch), batch["targets"]
    contrastive, regression = ContrastiveModule(net), RegressionModule(net)
    torch.testing.assert_close(contrastive.loss(batch), clip_loss(estimates, targets))
    torch.testing.assert_close(regression.loss(batch), regression_loss(estimates, targets))


def test_frozen_parameters_are_not_given_to_the_optimiser(data):
    module = ContrastiveModule(network(data))
    module.network.brain.attention.requires_grad_(False)
    (group,) = module.configure_optimizers().param_groups
    frozen = set(module.network.brain.attention.parameters())
    assert not frozen & set(group["params"])
    assert group["lr"] == 3e-4
    assert group["weight_decay"] == 0
