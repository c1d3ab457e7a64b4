"""Adapting to a new participant fits that participant's layer on the first minutes, no more."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from neurodecode.contrastive.module import ContrastiveModule
from neurodecode.contrastive.speech.adapting import ADAPTED, adapt, first_minutes, load_adapted
from neurodecode.contrastive.speech.evaluation import evaluate_unit
from neurodecode.contrastive.speech.network import build_network
from neurodecode.contrastive.speech.training import make_module, train_unit
from neurodecode.contrastive.speech.units import unit_of
from neurodecode.faults import DataFault

NAME = "contrastive.seed-2036.without-03"
MINUTES = {"adaptation": {"minutes": [0.05, 0.2], "max_epochs": 2}}


def anchors(*recordings):
    """Return windows of recordings with these anchors."""
    tables = [pd.DataFrame({"recording": i, "anchor": a}) for i, a in enumerate(recordings)]
    return pd.concat(tables, ignore_index=True)


def test_minutes_count_speech_not_the_pauses_between():
    windows = anchors([0.0, 0.5, 1.0, 50.0, 50.5], [0.0, 0.5])
    assert len(first_minutes(windows, 1.5 / 60)) == 3
    assert len(first_minutes(windows, 2.5 / 60)) == 5
    assert len(first_minutes(windows, 3.0 / 60)) == 6  # the second recording follows the first
    assert len(first_minutes(windows, 100)) == 7


def test_the_first_minutes_are_the_earliest_whatever_the_order_of_the_table():
    windows = anchors([0.0, 0.5, 1.0, 1.5])
    mixed = windows.sample(frac=1, random_state=1)
    assert first_minutes(mixed, 1.0 / 60)["anchor"].tolist() == [0.0, 0.5]


@pytest.fixture(scope="module")
def adapted(study, tmp_path_factory):
    """Adapt an untrained model; return it with its weights before, and the folder."""
    heard = study.with_config(**MINUTES)
    unit = unit_of(heard.config, NAME, ["01", "02", "03"])
    bank = heard.bank(unit.decoder)
    torch.manual_seed(0)
    network = build_network(
        heard.config, unit.decoder, n_features=6, n_participants=2, n_channels=5
    )
    module = make_module(heard.config, unit, network)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    folder = tmp_path_factory.mktemp("adapted")
    adapt(heard, unit, module, bank, folder)
    return module, before, folder, heard, unit, bank


def test_the_module_is_left_bit_by_bit_as_it_was(adapted):
    module, before, *_ = adapted
    after = module.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert isinstance(module, ContrastiveModule)


def test_no_minutes_are_the_average_and_each_amount_has_a_matrix_of_its_own(adapted):
    _, before, folder, *_ = adapted
    found = load_adapted(folder)
    assert set(found) == {"0", "0.05", "0.2"}
    average = before["network.brain.participants.weights"].mean(dim=0)
    torch.testing.assert_close(found["0"], average)
    assert not torch.equal(found["0.05"], found["0"])
    assert not torch.equal(found["0.2"], found["0.05"])


def test_the_same_seed_gives_the_same_matrices(adapted, tmp_path):
    module, _, folder, heard, unit, bank = adapted
    adapt(heard, unit, module, bank, tmp_path)
    first, again = load_adapted(folder), load_adapted(tmp_path)
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_too_little_data_is_a_fault_with_participant_and_amount(adapted, study, tmp_path):
    module, _, _, _, unit, bank = adapted
    heard = study.with_config(adaptation={"minutes": [0.001]})
    with pytest.raises(DataFault, match=r"0.001 minutes hold 0 windows \[participant 03\]"):
        adapt(heard, unit, module, bank, tmp_path)


def test_damaged_matrices_are_refused(adapted, tmp_path):
    for file in adapted[2].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    path = tmp_path / f"{ADAPTED}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataFault, match=r"not those that were written.*adapted.*--force train"):
        load_adapted(tmp_path)


def test_the_new_participant_alone_is_tested_with_each_amount(study, tmp_path):
    heard = study.with_config(**MINUTES)
    unit = unit_of(heard.config, NAME, ["01", "02", "03"])
    train_unit(heard, unit, tmp_path)
    found = evaluate_unit(heard, unit, tmp_path).predictions
    assert set(found["participant"]) == {"03"}
    assert found["model"].drop_duplicates().tolist() == ["0 min", "0.05 min", "0.2 min"]
    assert set(found["kind"]) == {"adaptation"}
