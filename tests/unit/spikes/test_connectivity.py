"""Attention is accumulated over all pairs of tokens, in each of its variants."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.spikes import attention_connectivity, stimulus_attention


def maps_of(network, batch):
    maps = {}
    with torch.no_grad():
        network(batch, maps)
    return maps


def looped(queries, keys, weights, n_neurons, *, causal):
    """Return sums and counts of all pairs, one after another."""
    sums, counts = np.zeros((n_neurons, n_neurons)), np.zeros((n_neurons, n_neurons), int)
    for row, (query, key) in enumerate(zip(queries.tolist(), keys.tolist(), strict=True)):
        for i, a in enumerate(query):
            for j, b in enumerate(key):
                if a < n_neurons and b < n_neurons and not (causal and j > i):
                    sums[a, b] += float(weights[row, i, j])
                    counts[a, b] += 1
    return sums, counts


@pytest.mark.parametrize("stage", ["past", "encoder", "decoder"])
def test_every_query_meets_every_key(config, recording, model, stage):
    settings = config()
    network, windows = model(settings), recording(settings)
    batch = windows.batch(range(len(windows)))
    weights = torch.stack(maps_of(network, batch)[stage]).mean(dim=(0, 2))
    keys = batch["past_id"] if stage == "past" else batch["id"]
    sums, counts = looped(batch["id"], keys, weights, 9, causal=stage != "past")
    options = {"stage": stage, "batch_size": 7}
    found = attention_connectivity(network, windows, per_pair=False, **options)
    np.testing.assert_allclose(found.weights, sums, rtol=1e-5)
    np.testing.assert_array_equal(found.pairs, counts)
    mean = attention_connectivity(network, windows, **options)
    np.testing.assert_allclose(mean.weights, sums / np.maximum(counts, 1), rtol=1e-5)


@pytest.mark.parametrize(
    ("layers", "heads", "combine"),
    [
        ("sum", "mean", lambda maps: maps.sum(dim=0).mean(dim=1)),
        ("mean", "sum", lambda maps: maps.mean(dim=0).sum(dim=1)),
        ("mean", "max", lambda maps: maps.amax(dim=2).mean(dim=0)),
    ],
)
def test_layers_and_heads_are_combined_as_asked(config, recording, model, layers, heads, combine):
    settings = config()
    network, windows = model(settings), recording(settings)
    batch = windows.batch(range(len(windows)))
    weights = combine(torch.stack(maps_of(network, batch)["past"]))
    sums, _ = looped(batch["id"], batch["past_id"], weights, 9, causal=False)
    found = attention_connectivity(network, windows, layers=layers, heads=heads, per_pair=False)
    np.testing.assert_allclose(found.weights, sums, rtol=1e-5)


def test_rollout_is_the_product_of_maps_with_the_identity(config, recording, model):
    settings = config()
    network, windows = model(settings), recording(settings)
    batch = windows.batch(range(len(windows)))
    first, second = ((each.mean(dim=1) + torch.eye(14)) / 2
                     for each in maps_of(network, batch)["decoder"])  # fmt: skip
    sums, _ = looped(batch["id"], batch["id"], second @ first, 9, causal=True)
    found = attention_connectivity(
        network, windows, stage="decoder", layers="rollout", per_pair=False
    )
    np.testing.assert_allclose(found.weights, sums, rtol=1e-5)
    with pytest.raises(ConfigFault, match="rollout multiplies maps of self-attention"):
        attention_connectivity(network, windows, layers="rollout")


def test_a_query_can_be_the_neuron_that_is_predicted(config, recording, model):
    settings = config()
    network, windows = model(settings), recording(settings)
    batch = windows.batch(range(len(windows)))
    weights = torch.stack(maps_of(network, batch)["past"]).mean(dim=(0, 2))
    sums, _ = looped(batch["target_id"], batch["past_id"], weights, 9, causal=False)
    found = attention_connectivity(network, windows, query="target", per_pair=False)
    np.testing.assert_allclose(found.weights, sums, rtol=1e-5)


def test_squared_weights_are_maps_times_themselves(config, recording, model):
    settings = config()
    network, windows = model(settings), recording(settings)
    batch = windows.batch(range(len(windows)))
    weights = torch.stack(maps_of(network, batch)["past"]).square().mean(dim=(0, 2))
    sums, _ = looped(batch["id"], batch["past_id"], weights, 9, causal=False)
    found = attention_connectivity(network, windows, weighting="squared", per_pair=False)
    np.testing.assert_allclose(found.weights, sums, rtol=1e-5)


def test_gradient_weights_are_the_change_of_the_true_tokens_probability(config, recording, model):
    """A small change of one map's entry changes the score by the gradient times it."""
    settings = config(n_past_layers=1, n_heads=1)
    network, windows = model(settings).double(), recording(settings, stops=[0.3])
    network.requires_grad_(False)
    found = attention_connectivity(network, windows, weighting="gradient", per_pair=False)
    assert not any(p.requires_grad for p in network.parameters())
    batch = windows.batch([0])
    stage = network.past_stage.blocks[0].attention
    step, plain = 1e-4, maps_of(network, batch)["past"][0][0, 0]
    real = (batch["target_id"] != 11)[0]

    def score(change):
        def hook(_, inputs, output):
            memory = stage.value(network.past_stage_input)
            return output + change @ memory @ stage.output.weight.T

        handle = stage.register_forward_hook(hook)
        with torch.no_grad():
            said = network(batch).id[0].log_softmax(dim=-1)
        handle.remove()
        return float(said.gather(1, batch["target_id"][0, :, None])[real].sum())

    start = network.embed(batch["id"][:, :1], batch["dt"][:, :1])
    network.past_stage_input = network.remember(batch, start).past.detach()
    n_keys = int((batch["past_id"] < 9).sum()) + 1
    weights = torch.zeros(1, 14, 20, dtype=torch.float64)
    for i in range(14):
        for j in range(n_keys):
            change = torch.zeros(1, 14, 20, dtype=torch.float64)
            change[0, i, j] = step
            slope = (score(change) - score(-change)) / (2 * step)
            weights[0, i, j] = plain[i, j] * max(slope, 0.0)
    sums, _ = looped(batch["id"], batch["past_id"], weights, 9, causal=False)
    np.testing.assert_allclose(found.weights, sums, rtol=1e-4, atol=1e-9)
    assert found.weights.sum() > 0


def test_rows_can_be_normalised_and_logarithms_taken(config, recording, model):
    settings = config()
    network, windows = model(settings), recording(settings)
    rows = attention_connectivity(network, windows, normalise_rows=True).weights
    np.testing.assert_allclose(rows.sum(axis=1), 1.0)
    plain = attention_connectivity(network, windows, per_pair=False).weights
    logged = attention_connectivity(network, windows, per_pair=False, log=True).weights
    np.testing.assert_allclose(logged, np.log1p(plain))


def test_neurons_without_spikes_have_no_pairs_and_no_weight(config, recording, model):
    settings = config()
    windows = recording(settings, change=lambda _, units: np.where(units == 4, 3, units))
    found = attention_connectivity(model(settings), windows, normalise_rows=True)
    assert found.pairs[4].sum() == found.pairs[:, 4].sum() == 0
    assert found.weights[4].sum() == found.weights[:, 4].sum() == 0


def test_stimulus_attention_has_the_form_of_the_frame_tokens(config, recording, model):
    settings = config(full=True)
    network, windows = model(settings), recording(settings)
    found = stimulus_attention(network, windows, sigma=0)
    assert found.shape == (9, 1, 2, 2)
    batch = windows.batch(range(len(windows)))
    weights = torch.stack(maps_of(network, batch)["frames"]).mean(dim=(0, 2))
    mine = weights[batch["id"] == 5][:, 1:].mean(dim=0)
    np.testing.assert_allclose(found[5].ravel(), mine, rtol=1e-5)
    smooth = stimulus_attention(network, windows)
    assert np.ptp(smooth[5]) < np.ptp(found[5])
    with pytest.raises(DataFault, match="reads no frames"):
        stimulus_attention(model(config()), recording(config()))


def test_unknown_options_are_refused(config, recording, model):
    settings = config()
    with pytest.raises(ConfigFault, match="unknown stage 'pasts', did you mean 'past'"):
        attention_connectivity(model(settings), recording(settings), stage="pasts")
    empty = config(n_past_layers=0)
    with pytest.raises(ConfigFault, match="no block in the stage 'past'"):
        attention_connectivity(model(empty), recording(empty))
