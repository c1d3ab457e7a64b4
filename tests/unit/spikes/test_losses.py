"""Each term by its formula, and the sum by the published weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.spikes import CorrectionSection, contrastive_loss, spike_terms, weighted_sum
from neurodecode.spikes.losses import behaviour_loss, token_loss


def test_token_loss_counts_eos_and_not_padding():
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[1, 3, 4], [3, 4, 4]])  # 3: EOS, 4: PAD
    log_probabilities = logits.log_softmax(dim=-1)
    expected = -(log_probabilities[0, 0, 1] + log_probabilities[0, 1, 3]
                 + log_probabilities[1, 0, 3]) / 3  # fmt: skip
    torch.testing.assert_close(token_loss(logits, targets, 4), expected)
    with pytest.raises(DataFault, match="targets of shape"):
        token_loss(logits, targets[:, :2], 4)


def test_contrastive_loss_is_the_mean_over_ordered_pairs():
    rng = np.random.default_rng(0)
    rows = {name: rng.standard_normal((4, 6)) for name in ("a", "b", "c")}
    unit = {name: row / np.linalg.norm(row, axis=1)[:, None] for name, row in rows.items()}

    def one_way(first, second):
        logits = unit[first] @ unit[second].T / 0.5
        return np.mean(np.log(np.exp(logits).sum(axis=1)) - np.diag(logits))

    tensors = {name: torch.from_numpy(row) for name, row in rows.items()}
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    expected = np.mean([one_way(*pair) for pair in pairs])
    assert float(contrastive_loss(tensors)) == pytest.approx(expected)
    both = np.mean([(one_way(i, j) + one_way(j, i)) / 2 for i, j in pairs])
    assert float(contrastive_loss(tensors, symmetric=True)) == pytest.approx(both)
    with pytest.raises(ConfigFault, match="two features"):
        contrastive_loss({"a": tensors["a"]})


def test_behaviours_are_regressed_or_classified():
    values = torch.tensor([[1.0], [2.0]])
    assert float(behaviour_loss(values, torch.tensor([0.0, 4.0]))) == pytest.approx(2.5)
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    expected = -(logits.log_softmax(1)[0, 0] + logits.log_softmax(1)[1, 1]) / 2
    torch.testing.assert_close(behaviour_loss(logits, torch.tensor([0, 1])), expected)


@pytest.mark.parametrize(
    ("full", "loss_scale", "factor"),
    [(True, True, 0.75), (True, False, 0.75), (False, True, 1.0), (False, False, 0.75)],
)
def test_the_spike_loss_is_scaled_beside_a_contrastive_loss_alone_unless_released(
    config, recording, model, full, loss_scale, factor
):
    settings = config(full=full, corrections=CorrectionSection(loss_scale=loss_scale))
    network, batch = model(settings), recording(settings).batch(range(4))
    with torch.no_grad():
        terms = spike_terms(network, network(batch), batch)
    expected = factor * (0.6 * terms["id"] + 0.4 * terms["dt"])
    if full:
        expected = expected + 0.25 * terms["contrastive"] + terms["speed"] + terms["side"]
    assert set(terms) == ({"id", "dt", "contrastive", "speed", "side"} if full else {"id", "dt"})
    torch.testing.assert_close(weighted_sum(terms, settings), expected)


def test_an_absent_target_is_a_fault_that_names_it(config, recording, model):
    settings = config(full=True)
    network, batch = model(settings), recording(settings).batch(range(2))
    del batch["targets"]["side"]
    with pytest.raises(DataFault, match="decodes 'side'"):
        spike_terms(network, network(batch), batch)
