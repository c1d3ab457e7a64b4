"""Sizes, ablations and limits of the brain module; published figures of Defossez et al. (2023)."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
import torch

from neurodecode.config import validate
from neurodecode.contrastive import BrainModule, BrainSection
from neurodecode.faults import ConfigFault, DataFault


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("n_outputs", "n_participants", "expected"),
    [
        (1024, 27, 9_565_054),
        (1024, 96, 14_595_154),
        (1024, 19, 8_981_854),
        (1024, 33, 10_002_454),
        (120, 27, 8_985_590),
        (768, 27, 9_400_958),
    ],
)
def test_published_models_have_their_number_of_parameters(n_outputs, n_participants, expected):
    with torch.device("meta"):
        assert count(BrainModule(n_outputs, n_participants)) == expected


def test_parts_have_their_number_of_parameters():
    with torch.device("meta"):
        model = BrainModule(1024, 27)
    assert count(model.attention) == 552_960
    assert count(model.initial) == 73_170
    assert count(model.participants) == 72_900 * 27
    assert [count(layer[0]) for layer in model.convolutions.layers] == [259_520] + [307_520] * 9
    assert [count(layer[1]) for layer in model.convolutions.layers] == [640] * 10
    assert [count(gate) for gate in model.convolutions.gates] == [615_040] * 5
    assert [count(model.head[0]), count(model.head[2])] == [205_440, 656_384]
    dilations = [layer[0].dilation[0] for layer in model.convolutions.layers]
    assert dilations == [1, 2, 4, 8, 16, 1, 2, 4, 8, 16]


def test_one_model_takes_any_number_of_sensors(small, batch):
    signals, positions, subjects = batch
    model = small().eval()
    for n_channels in (1, 3, 10):
        output = model(signals[:, :n_channels], positions[:n_channels], subjects)
        assert output.shape == (4, 7, 50)


def test_an_output_sample_sees_135_input_samples():
    torch.manual_seed(0)
    narrow = {"n_virtual_channels": 4, "n_frequencies": 2, "hidden": 4}
    model = BrainModule(2, **narrow).double().eval()
    signals = torch.randn(1, 3, 301, dtype=torch.float64, requires_grad=True)
    positions = torch.rand(3, 2, dtype=torch.float64)
    model(signals, positions, torch.tensor([0]))[0, :, 150].sum().backward()
    seen = signals.grad.abs().sum(dim=(0, 1)).nonzero().flatten()
    assert [int(seen[0]), int(seen[-1]), len(seen)] == [150 - 67, 150 + 67, 135]


def test_participant_matrices_start_with_unit_gain():
    torch.manual_seed(0)
    weights = BrainModule(1, 2, hidden=4).participants.weights
    assert weights.shape == (2, 270, 270)
    assert weights.std().item() * 270**0.5 == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    "options",
    [
        {"participants": "embedding"},
        {"participants": "none"},
        {"dropout_radius": 0.0},
        {"activation": "relu"},
        {"residual": False},
        {"final_convs": False},
        {"initial_conv": False},
        {"spatial_attention": False, "n_channels": 10},
        {"spatial_attention": False, "initial_conv": False, "n_channels": 10},
        {"gates": False},
    ],
    ids=str,
)
def test_each_ablation_trains_all_its_parameters(small, batch, options):
    model = small(**options)
    output = model(*batch)
    assert output.shape == (4, 7, 50)
    output.square().mean().backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        ({"participants": "none"}, -72_900 * 27),
        ({"participants": "embedding"}, -72_900 * 27 + 64 * 27 + 64 * 3 * 320),
        ({"initial_conv": False}, -73_170),
        ({"gates": False}, -615_040 * 5),
        ({"spatial_attention": False, "n_channels": 208}, -552_960 - 62 * 270),
        ({"residual": False, "activation": "relu", "dropout_radius": 0.0}, 0),
        (
            {"final_convs": False},
            # the last layer and its gate grow to 1024, normalisation and head go
            3 * 320 * 704 + 704 - 640 + 3 * 1024 * 2048 + 2048 - 615_040 - 205_440 - 656_384,
        ),
    ],
    ids=str,
)
def test_each_ablation_has_the_parameters_that_remain(options, difference):
    with torch.device("meta"):
        assert count(BrainModule(1024, 27, **options)) == 9_565_054 + difference


@pytest.mark.parametrize("residual", [True, False])
def test_signals_pass_a_layer_that_gives_zero_only_by_its_residual(small, batch, residual):
    model = small(residual=residual).eval()
    torch.nn.init.zeros_(model.convolutions.layers[3][0].weight)
    signals, positions, subjects = batch
    found = model(signals, positions, subjects)
    assert torch.equal(found, model(-signals, positions, subjects)) is not residual


def test_an_unknown_participant_is_named_before_any_gather(small, batch):
    signals, positions, _ = batch
    with pytest.raises(DataFault, match=r"participant 3 is outside 0\.\.2 \[trial 2 of the batch"):
        small()(signals, positions, torch.tensor([0, 1, 3, 2]))
    with pytest.raises(DataFault, match=r"participant -1"):
        small()(signals, positions, torch.tensor([0, 1, 1, -1]))


def test_inputs_that_do_not_fit_are_refused(small, batch):
    signals, positions, subjects = batch
    with pytest.raises(DataFault, match=r"trials x channels x samples, got shape \(10, 50\)"):
        small()(signals[0], positions, subjects)
    with pytest.raises(DataFault, match="sensor positions are needed"):
        small()(signals, None, subjects)
    with pytest.raises(DataFault, match=r"participants of shape \(3,\) for 4 trials"):
        small()(signals, positions, subjects[:3])
    with pytest.raises(DataFault, match="participants of shape None"):
        small()(signals, positions)
    with pytest.raises(DataFault, match="has 9 channels, got 10"):
        small(spatial_attention=False, n_channels=9)(signals, None, subjects)


def test_options_that_are_unknown_are_refused_with_the_nearest():
    with pytest.raises(ConfigFault, match="did you mean 'embedding'"):
        BrainModule(participants="embeding")
    with pytest.raises(ConfigFault, match="unknown activation 'gellu', did you mean 'gelu'"):
        BrainModule(activation="gellu")
    with pytest.raises(ConfigFault, match="n_channels is needed"):
        BrainModule(spatial_attention=False)


def test_settings_and_class_agree_on_every_option_and_default():
    declared = inspect.signature(BrainModule.__init__).parameters
    options = {
        name: entry.default
        for name, entry in declared.items()
        if name not in {"self", "n_outputs", "n_participants", "n_channels"}
    }
    assert BrainSection().model_dump() == options
    assert all(field.description for field in BrainSection.model_fields.values())


def test_settings_build_the_model_they_describe(batch):
    tree = {"hidden": 8, "n_virtual_channels": 6, "n_frequencies": 2, "spatial_attention": False}
    model = validate(BrainSection, tree).build(5, 3, 10)
    assert model(*batch).shape == (4, 5, 50)
    with pytest.raises(ConfigFault, match="even number of taps"):
        validate(BrainSection, {"kernel": 4})


def test_state_dict_restores_the_same_outputs(small, batch):
    model = small().eval()
    other = small(seed=9).eval()
    other.load_state_dict(model.state_dict())
    torch.testing.assert_close(other(*batch), model(*batch), atol=0, rtol=0)


def test_reading_settings_loads_no_torch():
    program = (
        "import sys; from neurodecode.contrastive import BrainSection; BrainSection(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
