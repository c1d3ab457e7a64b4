"""Every setting of a training is one of Lightning's own, and reaches it."""

from __future__ import annotations

import inspect
import subprocess
import sys

import lightning
import pytest

from neurodecode.config import validate
from neurodecode.faults import ConfigFault
from neurodecode.training import make_trainer
from neurodecode.training_config import OWN, TrainerSection


def test_every_setting_is_an_argument_of_the_lightning_trainer_or_our_own():
    known = set(inspect.signature(lightning.Trainer).parameters)
    names = set(TrainerSection.model_fields)
    assert names - set(OWN) <= known
    assert set(OWN) <= names
    assert set(TrainerSection().trainer_arguments()) == names - set(OWN)


def test_the_settings_reach_the_trainer(tmp_path):
    settings = TrainerSection(
        accelerator="cpu", devices=1, precision="64-true", max_epochs=7, min_epochs=2, max_steps=50,
        limit_train_batches=0.5, limit_val_batches=3, gradient_clip_val=0.4,
        accumulate_grad_batches=2, log_every_n_steps=3, num_sanity_val_steps=1,
    )  # fmt: skip
    trainer = make_trainer(settings, tmp_path)
    for name in (
        "precision", "max_epochs", "min_epochs", "max_steps", "limit_train_batches",
        "limit_val_batches", "gradient_clip_val", "accumulate_grad_batches", "log_every_n_steps",
        "num_sanity_val_steps",
    ):  # fmt: skip
        assert getattr(trainer, name) == getattr(settings, name), name
    assert isinstance(trainer.accelerator, lightning.pytorch.accelerators.CPUAccelerator)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "64-true"])
def test_each_precision_is_known_to_lightning(precision, tmp_path):
    settings = TrainerSection(accelerator="cpu", precision=precision)
    assert make_trainer(settings, tmp_path).precision == precision


def test_devices_may_be_a_list_of_numbers():
    given = validate(TrainerSection, {"devices": [0, 2]})
    assert given.trainer_arguments()["devices"] == [0, 2]


def test_the_published_limits_are_the_defaults():
    settings = TrainerSection()
    found = (settings.max_epochs, settings.limit_train_batches, settings.patience)
    assert found == (200, 1200, 10)
    assert settings.trainer_arguments()["precision"] == "32-true"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_epoch": 3}, "did you mean 'max_epochs'"),
        ({"precision": "16"}, "precision"),
        ({"patience": 0}, "greater than or equal to 1"),
    ],
)
def test_a_wrong_setting_is_named(options, words):
    with pytest.raises(ConfigFault, match=words):
        validate(TrainerSection, options)


def test_settings_are_read_without_loading_lightning():
    program = "import sys, neurodecode.training_config; sys.exit('lightning' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_training_that_ends_before_the_first_validation_is_validated_at_its_end(tmp_path):
    settings = TrainerSection(max_epochs=3, check_val_every_n_epoch=10)
    assert make_trainer(settings, tmp_path).check_val_every_n_epoch == 3


def test_a_job_of_slurm_starts_its_processes_itself(tmp_path, monkeypatch):
    for name, value in {"NTASKS": "1", "NTASKS_PER_NODE": "1", "JOB_NAME": "train", "PROCID": "0",
                        "LOCALID": "0", "NODEID": "0", "JOB_ID": "7"}.items():  # fmt: skip
        monkeypatch.setenv(f"SLURM_{name}", value)
    trainer = make_trainer(TrainerSection(accelerator="cpu", devices=2), tmp_path)
    assert trainer.world_size == 2
    assert not trainer.strategy.cluster_environment.creates_processes_externally
