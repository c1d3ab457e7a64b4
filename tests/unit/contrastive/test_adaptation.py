"""An unseen participant is fitted without a change of anything else."""

from __future__ import annotations

import pytest
import torch

from neurodecode.contrastive import adapt_participant
from neurodecode.faults import ConfigFault


def fit(model, parameters, batch, index, *, optimiser=torch.optim.AdamW):
    signals, positions, _ = batch
    subjects = torch.full((len(signals),), index)
    steps = optimiser(parameters, lr=1e-2, weight_decay=0.1)
    for _ in range(3):
        model.train()
        steps.zero_grad()
        (model(signals, positions, subjects) - 1).square().mean().backward()
        steps.step()


@pytest.mark.parametrize("optimiser", [torch.optim.SGD, torch.optim.AdamW])
@pytest.mark.parametrize("participants", ["layer", "embedding"])
def test_only_the_adapted_participant_changes(small, batch, optimiser, participants):
    model = small(participants=participants)
    model(*batch)  # statistics that are no longer the initial ones
    index = model.add_participant()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with adapt_participant(model, index) as own:
        mine = [p for p in model.parameters() if p.requires_grad]
        assert len(mine) == 1
        assert mine[0] is own
        fit(model, mine, batch, index, optimiser=optimiser)
    after = model.state_dict()
    assert after.keys() == before.keys()
    for name, value in before.items():
        if name == "participants.weights":
            assert torch.equal(after[name][:index], value[:index])
            assert not torch.equal(after[name][index], value[index])
        else:
            assert torch.equal(after[name], value), name
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_adaptation_can_start_from_a_participant_that_the_model_knows(small, batch):
    model = small()
    signals, positions, subjects = batch
    others = subjects != 0
    model.eval()
    kept = model(signals[others], positions, subjects[others]).detach()
    with adapt_participant(model, 0) as own:
        fit(model, [own], batch, 0)
    model.eval()
    assert torch.equal(model(signals[others], positions, subjects[others]), kept)


def test_the_adapted_participant_fits_better(small, batch):
    model = small().eval()
    index = model.add_participant()
    signals, positions, _ = batch
    subjects = torch.full((4,), index)

    def loss():
        return (model.eval()(signals, positions, subjects) - 1).square().mean().item()

    before = loss()
    with adapt_participant(model, index) as own:
        fit(model, [own], batch, index)
    assert loss() < before


def test_normalisation_trains_again_afterwards(small, batch):
    model = small().train()
    with adapt_participant(model, 0):
        model.train()
        assert not model.convolutions.layers[0][1].training
        assert model.attention.training
    assert model.training
    assert model.convolutions.layers[0][1].training


def test_a_fault_inside_leaves_the_model_usable(small, batch):
    model = small()
    with pytest.raises(RuntimeError, match="interrupted"), adapt_participant(model, 1):
        raise RuntimeError("interrupted")
    model(*batch).sum().backward()
    assert model.convolutions.layers[0][0].weight.grad is not None


def test_a_new_participant_starts_as_asked(small):
    model = small()
    average = model.participants.weights.mean(dim=0)
    assert model.add_participant() == 3
    assert model.add_participant("identity") == 4
    assert model.add_participant("random") == 5
    weights = model.participants.weights
    torch.testing.assert_close(weights[3], average)
    assert torch.equal(weights[4], torch.eye(12))
    assert weights[5].std().item() * 12**0.5 == pytest.approx(1, abs=0.4)


def test_what_cannot_be_adapted_is_refused(small):
    model = small()
    with pytest.raises(ConfigFault, match="no participant 3 among 3"), adapt_participant(model, 3):
        pass
    with adapt_participant(model, 0):
        with pytest.raises(ConfigFault, match="under adaptation"), adapt_participant(model, 1):
            pass
        assert model.participants.adapted_index == 0
    with pytest.raises(ConfigFault, match="did you mean 'average'"):
        model.add_participant("avrage")
    with pytest.raises(ConfigFault, match="no identity"):
        small(participants="embedding").add_participant("identity")
    with pytest.raises(ConfigFault, match="all participants alike"):
        small(participants="none").add_participant()
