"""A unit is trained, saved, loaded and tested on everybody's segments; nothing leaks."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from neurodecode.artefacts import read_json
from neurodecode.contrastive.attention_map import mean_attention
from neurodecode.contrastive.module import ContrastiveModule, RegressionModule
from neurodecode.contrastive.speech.evaluation import evaluate_unit, load_unit
from neurodecode.contrastive.speech.linear import LaggedRidge
from neurodecode.contrastive.speech.training import make_criterion, make_module, train_unit
from neurodecode.contrastive.speech.units import unit_of
from neurodecode.faults import LeakFault

SUBJECTS = ["01", "02", "03"]


@pytest.fixture(scope="module")
def trained(study, tmp_path_factory):
    """Return a maker of trained units, each made once."""
    made = {}

    def make(name):
        if name not in made:
            folder = tmp_path_factory.mktemp("model")
            unit = unit_of(study.heard.config, name, SUBJECTS)
            said = train_unit(study.heard, unit, folder)
            made[name] = (unit, folder, said)
        return made[name]

    return make


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("contrastive.seed-1", "1 epochs, validation loss"),
        ("contrastive-deep-mel.seed-1", "1 epochs, validation loss"),
        ("regression-mel.seed-1", "1 epochs, validation loss"),
        ("ridge-mel.seed-1", "penalties"),
        ("no-spatial-attention.seed-1", "1 epochs, validation loss"),
        ("participant-embedding.seed-1", "1 epochs, validation loss"),
    ],
)
def test_every_kind_of_decoder_is_trained_and_ranks_every_query(study, trained, name, said):
    unit, folder, summary = trained(name)
    assert said in summary
    result = evaluate_unit(study.heard, unit, folder)
    found = result.predictions
    n = len(study.heard.recordings(SUBJECTS).windows("test"))
    assert len(found) == n
    assert found["rank"].between(1, found["n_candidates"].iloc[0]).all()
    assert found["word_rank"].between(1, found["n_words"].iloc[0]).all()
    assert found["probability"].between(0, 1).all()
    assert (found["word_probability"] >= found["probability"] * (1 - 1e-4)).all()
    assert found["n_candidates"].iloc[0] == found["segment"].nunique()
    assert [row.overlap for row in result.audit] == [0, 0]
    assert unit.model in result.summary
    result.save(folder / "evaluation")
    assert json.loads((folder / "evaluation" / "metrics.json").read_text())["rows"]


def test_what_is_loaded_is_what_was_trained(study, trained):
    unit, folder, _ = trained("contrastive-deep-mel.seed-1")
    bank, network = load_unit(study.heard, unit, folder)
    info = read_json(folder / "model.json")
    assert bank.scaler.to_dict() == info["target_scaler"]
    assert info["n_parameters"] == sum(p.numel() for p in network.parameters())
    assert not network.training
    assert network.stimulus is not None
    assert isinstance(load_unit(study.heard, *trained("ridge-mel.seed-1")[:2])[1], LaggedRidge)


def test_candidates_are_the_same_whoever_is_tested(study, trained):
    unit, folder, _ = trained("contrastive.seed-1.participants-2")
    curve = evaluate_unit(study.heard, unit, folder).predictions
    whole = evaluate_unit(study.heard, *trained("contrastive.seed-1")[:2]).predictions
    assert set(curve["n_candidates"]) == set(whole["n_candidates"])
    assert set(curve["participant"]) == {"01", "02"}


def test_the_optimal_ranks_stand_beside_the_decoders(study, trained):
    unit, folder, _ = trained("contrastive.seed-1")
    result = evaluate_unit(
        study.heard, unit, folder, lambda queries, candidates: np.ones(len(queries))
    )
    assert (result.predictions["optimal_rank"] == 1).all()
    rows = [row for row in result.rows if not row.metric.startswith("word ")]
    assert {row.ceiling for row in rows} == {1.0}


def test_a_sentence_in_training_and_test_stops_the_evaluation(study, trained, monkeypatch):
    from neurodecode.contrastive.data import Recordings

    unit, folder, _ = trained("contrastive.seed-1")
    original = Recordings.windows

    def leaking(self, part=None):
        windows = original(self, part)
        first = windows.index[windows["part"] == "test"][0] if part is None else None
        return (
            windows
            if first is None
            else windows.assign(part=windows["part"].where(windows.index != first, "train"))
        )

    monkeypatch.setattr(Recordings, "windows", leaking)
    with pytest.raises(LeakFault, match="sentence text"):
        evaluate_unit(study.heard, unit, folder)


def test_objective_and_loss_are_those_of_the_settings(study):
    heard = study.with_config(training={"group_size": 7, "symmetric": True, "batch_size": 16})
    criterion = make_criterion(heard.config)
    assert (criterion.group_size, criterion.symmetric) == (7, True)
    network = torch.nn.Linear(1, 1)
    for name, kind in (("contrastive", ContrastiveModule), ("regression-mel", RegressionModule)):
        assert isinstance(
            make_module(heard.config, unit_of(heard.config, f"{name}.seed-1", SUBJECTS), network),
            kind,
        )


def test_attention_is_averaged_over_the_layouts_that_know_a_sensor(study, trained):
    _, folder, _ = trained("contrastive.seed-1")
    names, positions, weights = mean_attention(folder, study.config.brain)
    assert names == ["Fz", "Cz", "Pz", "T7", "T8"]
    assert np.isfinite(positions).all()
    assert (weights > 0).all()
    assert weights.max() < 1
