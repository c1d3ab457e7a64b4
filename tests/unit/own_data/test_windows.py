"""What a training of the brain module is said to hold is what one holds."""

from __future__ import annotations

import pytest
import torch

from neurodecode.contrastive.brain_module import BrainModule
from neurodecode.contrastive.config_model import BrainSection
from neurodecode.own_data.windows import WITH_GRADIENTS, training_sizes


@pytest.mark.parametrize(("hidden", "n_blocks"), [(64, 3), (96, 2), (32, 5)])
def test_memory_of_a_training_is_that_of_its_tensors(hidden, n_blocks):
    brain = BrainSection(n_virtual_channels=48, hidden=hidden, n_blocks=n_blocks)
    network = BrainModule(
        16, 1, n_channels=20, n_virtual_channels=48, hidden=hidden, n_blocks=n_blocks
    )
    kept: dict[int, int] = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(torch.zeros(8, 20, 90), torch.rand(8, 20, 2), torch.zeros(8, dtype=torch.long))
    batch, weights = training_sizes(brain, 8, 90)
    assert batch.n_bytes == pytest.approx(WITH_GRADIENTS * sum(kept.values()), rel=0.3)
    n_weights = sum(weight.numel() for weight in network.parameters())
    assert weights.n_bytes == pytest.approx(16 * n_weights, rel=0.3)
