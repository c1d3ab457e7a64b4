"""A training shared by two processes is the training of one."""

from __future__ import annotations

import pytest
import torch
from torch.multiprocessing.spawn import ProcessRaisedException

from neurodecode.contrastive.config_model import BrainSection
from neurodecode.contrastive.data import EpochOrder, Recordings
from neurodecode.contrastive.datamodule import WindowData
from neurodecode.contrastive.losses import ClipLoss
from neurodecode.contrastive.module import ContrastiveModule
from neurodecode.contrastive.speech.datamodule import ListeningData
from neurodecode.contrastive.speech.network import SpeechNetwork
from neurodecode.contrastive.speech.targets import TargetBank
from neurodecode.faults import ConfigFault
from neurodecode.stimuli import EmbeddingCache, make_encoder
from neurodecode.training import fault_of_a_process, fit
from neurodecode.training_config import TrainerSection

PLAIN = BrainSection(n_virtual_channels=4, n_frequencies=2, hidden=4, n_blocks=1, dropout_radius=0)


@pytest.fixture
def train(study, tmp_path, monkeypatch):
    """Return ``train(devices)``: how a short training went, and its weights."""
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")

    def run(devices):
        recordings = Recordings(study.heard.folders)
        cache = EmbeddingCache(tmp_path / "embeddings", make_encoder("envelope"))
        bank = TargetBank(cache, study.audio, study.story, study.config.signals)
        data = ListeningData(recordings, bank, study.config.signals, batch_size=16)
        data.setup()
        data.sets = dict.fromkeys(data.sets, data.sets["train"])  # few windows are for validation
        torch.manual_seed(0)
        network = SpeechNetwork(PLAIN.build(bank.n_features, n_participants=3))
        without_normalisation(network)
        criterion = ClipLoss(gather=True, normalise_estimates=True, temperature=0.1)
        module = ContrastiveModule(network, 1e-2, criterion)
        settings = TrainerSection(
            max_epochs=1, accelerator="cpu", devices=devices,
            strategy="ddp" if devices > 1 else "auto", limit_train_batches=3,
        )  # fmt: skip
        found = fit(module, data, settings, tmp_path / str(devices), seed=1)
        return found, torch.cat([p.detach().flatten() for p in module.parameters()])

    return run


def without_normalisation(network):
    """Take batch normalisation out: torch computes it over several processes on GPUs only."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, torch.nn.BatchNorm1d):
                setattr(parent, name, torch.nn.Identity())


@pytest.mark.filterwarnings("ignore")
def test_two_processes_find_the_loss_and_the_weights_of_one(train):
    (one, weights), (two, others) = train(1), train(2)
    assert one.epochs == two.epochs == 1
    assert two.best_loss == pytest.approx(one.best_loss, abs=1e-5)
    # Adam makes steps of rounding errors where a gradient is 0
    assert ((others - weights).abs() < 1e-5).float().mean() > 0.95


def test_a_fault_in_a_process_is_the_same_fault_here():
    said = "-- Process 1 terminated\nTraceback\nneurodecode.faults.ConfigFault: no [x] -> mend"
    with pytest.raises(ConfigFault, match=r"^no \[x\] -> mend$"), fault_of_a_process():
        raise ProcessRaisedException(said, 1, 2)
    with pytest.raises(ProcessRaisedException), fault_of_a_process():
        raise ProcessRaisedException("ValueError: odd", 1, 2)


def test_a_batch_that_cannot_be_shared_is_refused(study, tmp_path, monkeypatch):
    monkeypatch.setattr("neurodecode.contrastive.datamodule.place_among_processes", lambda: (0, 3))
    data = WindowData(batch_size=16, seed=0)
    data.sets = {"train": range(40)}
    with pytest.raises(ConfigFault, match=r"batches of 16 cannot be shared by 3 processes"):
        data.train_dataloader()


@pytest.mark.parametrize("n", [32, 37])
def test_the_parts_of_all_processes_are_the_batches_of_one(n):
    whole = list(EpochOrder(n, 3))[: n - n % 8]
    parts = [EpochOrder(n, 3, batch_size=8, place=(rank, 2)) for rank in range(2)]
    rows = [torch.tensor(list(part)).reshape(-1, 4) for part in parts]
    assert torch.cat(rows, dim=1).flatten().tolist() == whole
    assert [len(part) for part in parts] == [len(whole) // 2] * 2


def test_ddp_on_one_machine_starts_processes_and_not_the_whole_job_again():
    for strategy in ("auto", "ddp"):
        arguments = TrainerSection(devices=2, strategy=strategy).trainer_arguments()
        assert arguments["strategy"] == "ddp_spawn"
    assert TrainerSection().trainer_arguments()["strategy"] == "auto"
    nodes = TrainerSection(devices=2, strategy="ddp", num_nodes=2).trainer_arguments()
    assert nodes["strategy"] == "ddp"
