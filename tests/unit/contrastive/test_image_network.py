"""The image network has the published layers to the last parameter."""

from __future__ import annotations

import pytest
import torch

from neurodecode.contrastive.aggregation import (
    AffineOverTime,
    AttentionOverTime,
    MeanOverTime,
    make_aggregation,
)
from neurodecode.contrastive.config_model import BrainSection, HeadSection
from neurodecode.contrastive.image.network import ImageNetwork
from neurodecode.contrastive.projector import Projector
from neurodecode.faults import ConfigFault, DataFault

SMALL = BrainSection(n_virtual_channels=6, n_frequencies=4, hidden=8, n_blocks=2)


def count(module):
    return sum(p.numel() for p in module.parameters())


def small(**options):
    head = HeadSection(width=16, **options.pop("head", {}))
    sizes = {"n_contrastive": 5, "n_regression": None, **options}
    torch.manual_seed(0)
    return ImageNetwork(SMALL, head, n_times=20, n_participants=2, **sizes)


def batch(n=3, n_times=20):
    torch.manual_seed(1)
    return {
        "signals": torch.randn(n, 7, n_times),
        "positions": torch.rand(1, 7, 2),
        "layouts": torch.zeros(n, dtype=torch.int64),
        "subjects": torch.tensor([0, 1, 1][:n]),
    }


def test_published_network_has_every_count_of_table_s1():
    with torch.device("meta"):
        network = ImageNetwork(
            BrainSection(n_blocks=2), HeadSection(), n_times=181, n_participants=4,
            n_contrastive=768,
        )  # fmt: skip
    brain = network.brain
    blocks = [
        sum(count(layer) for layer in brain.convolutions.layers[2 * i : 2 * i + 2])
        + count(brain.convolutions.gates[i])
        for i in range(2)
    ]
    assert [
        count(brain.attention), count(brain.initial), count(brain.participants), *blocks,
        count(brain.head), count(network.aggregation), count(network.contrastive),
    ] == [552_960, 73_170, 291_600, 1_183_360, 1_231_360, 1_518_208, 182, 1_573_632]  # fmt: skip
    assert count(network) == 6_424_472


def test_regression_head_of_the_largest_latent_is_one_linear_layer_of_404_million():
    with torch.device("meta"):
        assert count(Projector(2048, 257 * 768)) == 2048 * 257 * 768 + 257 * 768


@pytest.mark.parametrize("aggregation", ["mean", "affine", "attention"])
def test_every_aggregation_gives_one_embedding_per_window(aggregation):
    network = small(head={"aggregation": aggregation}).eval()
    assert network(batch()).shape == (3, 5)


def test_affine_aggregation_with_equal_weights_is_the_mean():
    affine = AffineOverTime(20)
    torch.nn.init.constant_(affine.linear.weight, 1 / 20)
    torch.nn.init.zeros_(affine.linear.bias)
    features = torch.randn(2, 4, 20)
    torch.testing.assert_close(affine(features), MeanOverTime()(features))


def test_attention_weights_sum_to_one_and_follow_the_input():
    attention = AttentionOverTime(4, 3)
    features = torch.randn(2, 4, 20)
    weights = attention.weights_of(features)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2))
    by_hand = torch.stack([(features[i] * weights[i]).sum(dim=1) for i in range(2)])
    torch.testing.assert_close(attention(features), by_hand)
    assert not torch.allclose(weights[0], weights[1])


def test_affine_aggregation_refuses_windows_of_another_length():
    with pytest.raises(DataFault, match="windows of 19 samples, the model has 20"):
        small()(batch(n_times=19))


def test_both_heads_see_the_same_summary_and_the_retrieval_head_answers():
    network = small(n_regression=9).eval()
    retrieval, regression = network.heads(batch())
    assert regression.shape == (3, 9)
    torch.testing.assert_close(network(batch()), retrieval)


def test_a_network_for_regression_alone_answers_with_its_regression_head():
    network = small(n_contrastive=None, n_regression=9).eval()
    assert network(batch()).shape == (3, 9)


def test_a_head_of_one_block_is_one_linear_layer_unless_it_normalises():
    assert [type(layer).__name__ for layer in Projector(4, 3).layers] == ["Linear"]
    assert [type(layer).__name__ for layer in Projector(4, 3, n_blocks=2).layers] == [
        "Linear", "GELU", "Linear",
    ]  # fmt: skip
    assert len(Projector(4, 3, n_blocks=2, norm="plain").layers) == 6


def test_wrong_names_and_sizes_are_refused_with_the_nearest():
    with pytest.raises(ConfigFault, match="affine"):
        make_aggregation("afine", 4, 20)
    with pytest.raises(ConfigFault, match="plain"):
        Projector(4, 3, norm="plan")
    with pytest.raises(ConfigFault, match="0 blocks"):
        Projector(4, 3, n_blocks=0)
    with pytest.raises(ConfigFault, match="without a head"):
        small(n_contrastive=None)
