"""Deep Mel has the published layers."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv1d

from neurodecode.contrastive import DeepMel
from neurodecode.faults import DataFault


def test_the_published_network_has_its_number_of_parameters():
    with torch.device("meta"):
        model = DeepMel()
    assert sum(parameter.numel() for parameter in model.parameters()) == 9_320_128


def test_the_output_equals_the_layers_stated_once_more():
    torch.manual_seed(0)
    model = DeepMel(6, 9, hidden=8).double().train()
    mels = torch.randn(3, 6, 40, dtype=torch.float64)
    layers, gates = model.convolutions.layers, model.convolutions.gates
    x = mels
    for i in range(10):
        dilation = 2 ** (i % 5)
        weight, bias = layers[i][0].weight, layers[i][0].bias
        y = conv1d(x, weight, bias, padding=dilation, dilation=dilation)
        if i < 9:
            y = y - y.mean(dim=(0, 2), keepdim=True)
            y = y / (y.square().mean(dim=(0, 2), keepdim=True) + 1e-5).sqrt()
            y = y.clamp(min=0)
        x = x + y if 1 <= i <= 8 else y
        if i % 2:
            gate = gates[i // 2][0]
            values, doors = conv1d(x, gate.weight, gate.bias, padding=1).chunk(2, dim=1)
            x = values * doors.sigmoid()
    torch.testing.assert_close(model(mels), x, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("shape", [(3, 5, 40), (6, 40)])
def test_other_inputs_are_refused(shape):
    with pytest.raises(DataFault, match="expected trials x 6 bands x frames"):
        DeepMel(6, 9, hidden=8)(torch.randn(shape))
