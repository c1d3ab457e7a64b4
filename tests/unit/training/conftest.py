"""A training of a few weights, with dropout and a new order of batches each epoch."""

from __future__ import annotations

import lightning
import pytest
import torch
from torch.utils.data import DataLoader, Sampler, TensorDataset

from neurodecode.training_config import TrainerSection


class Order(Sampler):
    """Another order each epoch."""

    def __init__(self, n):
        self.n, self.epoch = n, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __iter__(self):
        generator = torch.Generator().manual_seed(self.epoch)
        return iter(torch.randperm(self.n, generator=generator).tolist())

    def __len__(self):
        return self.n


class Pairs(lightning.LightningDataModule):
    """A linear relation with noise; ``n`` rows to train on."""

    def __init__(self, n=32, n_valid=16):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(n + n_valid, 4, generator=generator)
        y = x.sum(dim=1, keepdim=True) + 0.1 * torch.randn(n + n_valid, 1, generator=generator)
        self.train, self.valid = TensorDataset(x[:n], y[:n]), TensorDataset(x[n:], y[n:])

    def train_dataloader(self):
        return DataLoader(self.train, batch_size=8, sampler=Order(len(self.train)), drop_last=True)

    def val_dataloader(self):
        return DataLoader(self.valid, batch_size=8, drop_last=True)


class Small(lightning.LightningModule):
    """Two layers; the loss may be spoilt at one (epoch, batch)."""

    def __init__(self, *, spoilt=None, value=float("nan"), rate=0.02, valid=None):
        super().__init__()
        torch.manual_seed(1)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.3),
            torch.nn.Linear(8, 1),
        )  # fmt: skip
        self.spoilt, self.value, self.rate, self.valid = spoilt, value, rate, valid or {}

    def training_step(self, batch, number):
        loss = torch.nn.functional.mse_loss(self.layers(batch[0]), batch[1])
        if self.spoilt == (self.current_epoch, number):
            loss = loss * self.value
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, _):
        loss = torch.nn.functional.mse_loss(self.layers(batch[0]), batch[1])
        loss = torch.tensor(self.valid[self.current_epoch]) if self.valid else loss
        self.log("val_loss", loss)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.rate)


class Interruption(lightning.pytorch.callbacks.Callback):
    """Break off in the middle of an epoch."""

    def __init__(self, epoch, batch=2):
        self.at = (epoch, batch)

    def on_train_batch_start(self, trainer, module, batch, number):
        if (trainer.current_epoch, number) == self.at:
            raise InterruptedError


@pytest.fixture
def small():
    """Return the maker of modules."""
    return Small


@pytest.fixture
def pairs():
    """Return the maker of data."""
    return Pairs


@pytest.fixture
def interruption():
    """Return the maker of interruptions."""
    return Interruption


@pytest.fixture
def settings():
    """Return a maker of settings for six epochs on the CPU."""

    def make(**options):
        return TrainerSection(**{"max_epochs": 6, "accelerator": "cpu", **options})

    return make


@pytest.fixture
def interrupted(tmp_path, settings):
    """Return the folder of a training that was broken off in its fourth epoch."""
    from neurodecode.training import fit

    with pytest.raises(InterruptedError):
        fit(Small(), Pairs(), settings(), tmp_path, seed=3, key="a", callbacks=[Interruption(3)])
    return tmp_path
