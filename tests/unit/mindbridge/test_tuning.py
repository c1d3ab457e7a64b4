"""A new subject is trained for as the regime says, and synthesis crosses subjects."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodecode.faults import ConfigFault
from neurodecode.mindbridge import (
    BridgeData,
    BridgeModule,
    LossSection,
    NewSubjectData,
    OptimiserSection,
    SubjectData,
    cycle_loss,
    pool_repetitions,
    prepare_tuning,
    pseudo_pair,
    pseudo_subject_data,
    retrieve,
    synthesise,
)
from neurodecode.training import fit
from neurodecode.training_config import TrainerSection

TRAINER = TrainerSection(max_epochs=2, accelerator="cpu", gradient_clip_val=1.0)
FAST = OptimiserSection(learning_rate=1e-2, weight_decay=0.5)


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def changed(before, after):
    return {name for name, value in before.items() if not torch.equal(after[name], value)}


@pytest.fixture
def people(study):
    return study({"1": 24, "2": 24, "7": 12}, seed=4)


@pytest.mark.parametrize("decay", ["released", "no_norms"])
def test_reset_tuning_changes_the_new_subject_alone(decay, bridge, people, tmp_path):
    model = prepare_tuning(bridge(("1", "2")), "7")
    before = state(model)
    data = NewSubjectData(people, people, "7", pooled_size=16, batch_size=6)
    optimiser = FAST.model_copy(update={"decay": decay})
    fit(BridgeModule(model, optimiser=optimiser, target="7"), data, TRAINER, tmp_path, seed=3)
    moved = changed(before, model.state_dict())
    own = {name for name in before if name.split(".")[1] == "7"}
    assert moved == own


def test_reset_tuning_leaves_the_given_model_as_it_is(bridge):
    model = bridge(("1", "2")).eval()
    before = state(model)
    prepared = prepare_tuning(model, "7")
    assert model.subjects == ("1", "2")
    assert not changed(before, model.state_dict())
    assert all(p.requires_grad for p in model.parameters())
    assert not model.training
    assert not changed(before, prepared.state_dict())


def test_reset_tuning_draws_a_subject_anew_that_the_model_has(bridge):
    model = bridge(("1", "2", "7"))
    prepared = prepare_tuning(model, "7")
    assert prepared.subjects == model.subjects
    moved = changed(state(model), prepared.state_dict())
    assert {name.split(".")[1] for name in moved} == {"7"}
    trained = {name for name, p in prepared.named_parameters() if p.requires_grad}
    assert trained == {name for name in state(prepared) if name.split(".")[1] == "7"}


def test_full_fine_tuning_starts_like_reset_tuning_and_trains_everything(bridge, people, tmp_path):
    source = bridge(("1", "2"))
    model = prepare_tuning(source, "7", "full")
    before = state(model)
    assert not changed(state(source), before)
    data = NewSubjectData(people, people, "7", pooled_size=16, batch_size=3)
    fit(BridgeModule(model, optimiser=FAST, target="7"), data, TRAINER, tmp_path, seed=3)
    assert changed(before, model.state_dict()) == set(before)


def test_from_scratch_takes_nothing_over_and_trains_one_subject(bridge, people, tmp_path):
    source = bridge(("1", "2"))
    model = prepare_tuning(source, "7", "scratch")
    assert model.subjects == ("7",)
    assert model.builders is None
    assert not torch.equal(model.image_head.weight, source.image_head.weight)
    before = state(model)
    only = {"7": people["7"]}
    data = BridgeData(only, only, pooled_size=16, batch_size=6, length=10)
    fit(BridgeModule(model, optimiser=FAST), data, TRAINER, tmp_path, seed=3)
    assert changed(before, model.state_dict()) == set(before)


def test_impossible_tunings_are_refused(bridge):
    with pytest.raises(ConfigFault, match="did you mean 'reset'"):
        prepare_tuning(bridge(), "7", "rest")
    with pytest.raises(ConfigFault, match="'7' is the model's only subject"):
        prepare_tuning(bridge(("7",)), "7")


def test_synthesis_is_one_embedder_and_another_builder_without_dropout(bridge):
    model = bridge()
    model.builders["2"].eval()
    pooled = torch.randn(4, 16)
    found = synthesise(model, pooled, "1", "2")
    assert not found.requires_grad
    assert model.training
    assert model.embedders["1"].training
    assert not model.builders["2"].training
    model.eval()
    assert torch.equal(found, model.builders["2"](model.embedders["1"](pooled)))


def test_pseudo_data_are_what_the_cycle_asks_to_lead_back(bridge):
    model = bridge().eval()
    signals, embedding = pseudo_pair(model, torch.randn(4, 16), "1", "2")
    by_hand = (model.embed(signals, "2") - embedding).square().mean()
    torch.testing.assert_close(cycle_loss(model, embedding, "2"), by_hand)
    assert signals.requires_grad


def test_a_pseudo_data_set_holds_synthetic_signals_and_the_sources_targets(bridge, people):
    model = bridge(("1", "7"))
    made = pseudo_subject_data(model, people["1"], "1", "7", batch_size=10)
    pooled = torch.from_numpy(pool_repetitions(people["1"].responses, 16))
    expected = synthesise(model, pooled, "1", "7").numpy()
    np.testing.assert_allclose(made.responses[:, 0], expected, rtol=1e-5, atol=1e-6)
    assert made.image is people["1"].image
    assert made.ids == people["1"].ids
    np.testing.assert_array_equal(pool_repetitions(made.responses, 16), made.responses[:, 0])


def cut(data, part):
    return SubjectData(data.responses[part], data.image[part], data.ids[part], data.text[part])


def test_rebuilding_and_the_cycle_let_one_subjects_signals_stand_for_anothers(
    bridge, study, tmp_path
):
    everybody = study({"1": 240, "2": 240}, seed=5)
    train = {s: cut(d, slice(200)) for s, d in everybody.items()}
    test = {s: cut(d, slice(200, None)) for s, d in everybody.items()}
    settings = TrainerSection(max_epochs=12, patience=50, accelerator="cpu", gradient_clip_val=1.0)
    accuracies = {}
    for weight in (1, 0):
        model = bridge(("1", "2"), pooled_size=32, width=32, embedder_dropout=0.1)
        losses = LossSection(mse=10, reconstruction=weight, cycle=weight)
        module = BridgeModule(model, losses, OptimiserSection(learning_rate=5e-3))
        data = BridgeData(train, test, pooled_size=32, batch_size=25, method="mean")
        fit(module, data, settings, tmp_path / str(weight), seed=3)
        for source, target in (("1", "2"), ("2", "1")):
            pooled = torch.from_numpy(pool_repetitions(test[source].responses, 32, "mean"))
            with torch.no_grad():
                decoded = model(synthesise(model, pooled, source, target), target)
            found = retrieve(decoded.image, test[source].image)
            accuracies[weight, source] = found.brain_to_image.accuracy / found.chance
    for source in ("1", "2"):
        assert accuracies[1, source] > 5
        assert accuracies[0, source] < accuracies[1, source] / 2
