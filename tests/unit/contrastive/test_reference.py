"""Parity with the order of operations of facebookresearch/brainmagick, from its parameter names.

The forward pass is stated once more here, in functional torch and double precision.
"""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import conv1d, conv_transpose1d

from neurodecode.contrastive import BrainModule, load_reference_state_dict
from neurodecode.faults import DataFault

N_LAYERS = 10


def random_state(
    *, n_participants=3, virtual=12, frequencies=4, hidden=16, n_outputs=7, gates=(1, 3, 5, 7, 9)
):
    """Return parameters in the authors' layout, all random."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape, scale=None):
        fan = math.prod(shape[1:]) if len(shape) > 1 else 25
        values = torch.randn(*shape, generator=generator, dtype=torch.float64)
        return values * (scale or fan**-0.5)

    state = {
        "merger.heads": draw(virtual, 2 * frequencies**2, scale=1.0),
        "initial_linear.0.weight": draw(virtual, virtual, 1),
        "initial_linear.0.bias": draw(virtual),
        "subject_layers.weights": draw(n_participants, virtual, virtual, scale=virtual**-0.5),
        "final.0.weight": draw(2 * hidden, hidden, 1),
        "final.0.bias": draw(2 * hidden),
        "final.2.weight": draw(2 * hidden, n_outputs, 1),
        "final.2.bias": draw(n_outputs),
    }
    for i in range(N_LAYERS):
        name = f"encoders.meg.sequence.{i}"
        state[f"{name}.0.weight"] = draw(hidden, hidden if i else virtual, 3)
        state[f"{name}.0.bias"] = draw(hidden)
        state[f"{name}.1.weight"] = 1 + draw(hidden)
        state[f"{name}.1.bias"] = draw(hidden)
        state[f"{name}.1.running_mean"] = draw(hidden)
        state[f"{name}.1.running_var"] = 1 + draw(hidden).abs()
        state[f"{name}.1.num_batches_tracked"] = torch.tensor(5)
    for i in gates:
        state[f"encoders.meg.glus.{i}.0.weight"] = draw(2 * hidden, hidden, 3)
        state[f"encoders.meg.glus.{i}.0.bias"] = draw(2 * hidden)
    return state


def attend(state, signals, positions, centre):
    n_frequencies = math.isqrt(state["merger.heads"].shape[1] // 2)
    outputs = []
    for x, layout in zip(signals, positions, strict=True):
        columns = []
        for px, py in layout.tolist():
            angles = [
                2 * math.pi * (k * (px + 0.2) + l * (py + 0.2)) / 1.4
                for k in range(n_frequencies)
                for l in range(n_frequencies)  # noqa: E741
            ]
            waves = [math.cos(a) for a in angles] + [math.sin(a) for a in angles]
            scores = state["merger.heads"] @ torch.tensor(waves, dtype=torch.float64)
            banned = centre is not None and math.dist((px, py), centre) <= 0.2
            columns.append(scores - math.inf if banned else scores)
        outputs.append(torch.stack(columns, dim=1).softmax(dim=1) @ x)
    return torch.stack(outputs)


def restated(state, signals, positions, subjects, *, centre=None, training=False):
    """Return the output of the published network, from the authors' parameters."""
    x = attend(state, signals, positions, centre)
    x = conv1d(x, state["initial_linear.0.weight"], state["initial_linear.0.bias"])
    x = torch.einsum("bct,bcd->bdt", x, state["subject_layers.weights"][subjects])
    for i in range(N_LAYERS):
        name, dilation = f"encoders.meg.sequence.{i}", 2 ** (i % 5)
        y = conv1d(
            x, state[f"{name}.0.weight"], state[f"{name}.0.bias"],
            padding=dilation, dilation=dilation,
        )  # fmt: skip
        mean, variance = state[f"{name}.1.running_mean"], state[f"{name}.1.running_var"]
        if training:
            mean, variance = y.mean(dim=(0, 2)), y.var(dim=(0, 2), correction=0)
        y = (y - mean[:, None]) / (variance[:, None] + 1e-5).sqrt()
        y = y * state[f"{name}.1.weight"][:, None] + state[f"{name}.1.bias"][:, None]
        y = y * 0.5 * (1 + torch.erf(y / 2**0.5))
        x = y + x if i > 0 else y
        if i % 2:
            gate = f"encoders.meg.glus.{i}.0"
            y = conv1d(x, state[f"{gate}.weight"], state[f"{gate}.bias"], padding=1)
            values, doors = y.chunk(2, dim=1)
            x = values / (1 + torch.exp(-doors))
    x = conv1d(x, state["final.0.weight"], state["final.0.bias"])
    x = x * 0.5 * (1 + torch.erf(x / 2**0.5))
    return conv_transpose1d(x, state["final.2.weight"], state["final.2.bias"])


@pytest.fixture
def trials():
    generator = torch.Generator().manual_seed(2)
    signals = torch.randn(4, 9, 60, generator=generator, dtype=torch.float64)
    positions = torch.rand(4, 9, 2, generator=generator, dtype=torch.float64)
    return signals, positions, torch.tensor([2, 0, 0, 1])


def test_evaluation_equals_the_restated_network(trials):
    state = random_state()
    model = load_reference_state_dict(state).double().eval()
    expected = restated(state, *trials)
    assert float(expected.std()) > 0.1
    torch.testing.assert_close(model(*trials), expected, atol=1e-6, rtol=1e-6)
    single = load_reference_state_dict(state).eval()
    signals, positions, subjects = trials
    found = single(signals.float(), positions.float(), subjects)
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_equals_the_restated_network_with_its_disc(trials, seed, dtype):
    state = random_state()
    model = load_reference_state_dict(state).to(dtype).train()
    signals, positions, subjects = trials
    torch.manual_seed(seed)
    centre = torch.rand(2, dtype=dtype).tolist()
    torch.manual_seed(seed)
    found = model(signals.to(dtype), positions.to(dtype), subjects)
    expected = restated(state, *trials, centre=centre, training=True)
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=1e-5)


def test_all_parameters_and_statistics_arrive(trials):
    state = random_state()
    model = BrainModule.from_reference_state_dict(state)
    ours = model.state_dict()
    assert sum(v.numel() for v in ours.values()) == sum(v.numel() for v in state.values())
    layer = model.convolutions.layers[4][1]
    assert int(layer.num_batches_tracked) == 5
    expected = state["encoders.meg.sequence.4.1.running_var"].float()
    torch.testing.assert_close(layer.running_var, expected, atol=0, rtol=0)


@pytest.mark.parametrize(
    "sizes", [{}, {"n_participants": 1, "hidden": 8}, {"virtual": 5, "frequencies": 3}], ids=str
)
def test_sizes_are_read_from_the_shapes(sizes):
    model = load_reference_state_dict(random_state(**sizes))
    assert len(model.participants.weights) == sizes.get("n_participants", 3)
    assert model.attention.n_frequencies == sizes.get("frequencies", 4)
    assert model.head[0].in_channels == sizes.get("hidden", 16)


def test_ablated_models_load_with_their_option(trials):
    state = random_state(gates=())
    model = load_reference_state_dict(state, gates=False)
    assert len(model.convolutions.gates) == 0
    embedded = random_state(virtual=12)
    del embedded["subject_layers.weights"]
    embedded["subject_embedding.embedding.weight"] = torch.randn(3, 4)
    embedded["encoders.meg.sequence.0.0.weight"] = torch.randn(16, 16, 3)
    model = load_reference_state_dict(embedded, participants="embedding")
    assert model.participants.weights.shape == (3, 4)


def test_missing_unexpected_and_wrong_names_stand_in_one_line():
    state = random_state()
    state["encoders.meg.glus.2.0.bias"] = state.pop("encoders.meg.glus.3.0.bias")
    state["extra"] = torch.zeros(1)
    state["final.0.bias"] = torch.zeros(3)
    with pytest.raises(DataFault) as caught:
        load_reference_state_dict(state)
    message = str(caught.value)
    assert "\n" not in message
    assert "missing: encoders.meg.glus.3.0.bias;" in message
    assert "encoders.meg.glus.2.0.bias (for encoders.meg.glus.3.0.bias?)" in message
    assert "extra" in message
    assert "wrong shape: final.0.bias (3,) instead of (32,)" in message


@pytest.mark.parametrize("name", sorted(random_state()))
def test_any_missing_name_is_a_fault_that_names_it(name):
    state = random_state()
    del state[name]
    # sizes that cannot be read take the published value, then all their shapes are listed
    with pytest.raises(DataFault, match=f"missing: .*{name}"):
        load_reference_state_dict(state)
