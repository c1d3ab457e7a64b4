"""The network: published sizes, causality, both ways of attention, and each correction."""

from __future__ import annotations

import pytest
import torch

from neurodecode.faults import DataFault
from neurodecode.spikes import CorrectionSection, NeuroformerConfig, spike_terms, weighted_sum
from neurodecode.spikes.attention import Stage

UNUSED = 512
"""Parameters of a normalisation that the authors' code builds and never uses."""
LATERAL = {"n_neurons": 2023, "windows": {"past": 0.05, "past_block": 700},
           "frames": {"window": 0.15, "kernel": (3, 5, 5)}}  # fmt: skip
POSE = {"n_layers": 4, "variables": {name: {"role": "target"} for name in ("phi", "speed", "th")}}


def only(**switches):
    """Return the corrected settings with some switches off."""
    return CorrectionSection(**switches)


@pytest.mark.parametrize(
    ("sizes", "n_parameters", "dt_size"),
    [
        ({**LATERAL, "contrastive": {}}, 25_105_152, 9),
        ({**LATERAL, "behaviours": {"behavior": POSE}}, 28_203_023, 9),
        ({"n_neurons": 515, "frames": {"stride": (3, 4, 4)}}, 24_146_432, 19),
    ],
)  # fmt: skip
def test_published_models_have_the_authors_number_of_parameters(sizes, n_parameters, dt_size):
    config = NeuroformerConfig.model_validate({**sizes, "corrections": "released"})
    with torch.device("meta"):
        model = config.build()
    assert sum(p.numel() for p in model.parameters()) + UNUSED == n_parameters
    assert model.dt_head.out_features == dt_size


def test_published_shapes_hold_without_computing():
    config = NeuroformerConfig.model_validate({"n_neurons": 515, "frames": {"stride": (3, 4, 4)}})
    with torch.device("meta"):
        model = config.build()
        tokens = {name: torch.zeros(2, 100, dtype=torch.int64)
                  for name in ("id", "dt", "past_id", "past_dt")}  # fmt: skip
        batch = {**tokens, "frames": torch.zeros(2, 1, 4, 64, 112), "values": {}, "offsets": {}}
        found = model(batch)
    assert found.id.shape == (2, 100, 518)
    assert found.dt.shape == (2, 100, 19)
    assert model.frames.grid(4, 64, 112) == (1, 15, 27)


@pytest.mark.parametrize("corrections", ["corrected", "released"])
def test_later_tokens_never_change_earlier_logits(config, recording, model, corrections):
    settings = config(full=True, corrections=corrections)
    network, batch = model(settings), recording(settings).batch(range(5))
    with torch.no_grad():
        before = network(batch)
        batch["id"][:, 6:] = (batch["id"][:, 6:] + 3) % 12
        batch["dt"][:, 6:] = (batch["dt"][:, 6:] + 2) % 8
        after = network(batch)
    torch.testing.assert_close(before.id[:, :6], after.id[:, :6])
    assert not torch.allclose(before.id[:, 6:], after.id[:, 6:])


@pytest.mark.parametrize("corrections", ["corrected", "released"])
def test_materialised_attention_says_what_fused_attention_says(
    config, recording, model, corrections
):
    settings = config(full=True, corrections=corrections)
    network, batch = model(settings), recording(settings).batch(range(4))
    maps = {}
    with torch.no_grad():
        fused, full = network(batch), network(batch, maps)
    torch.testing.assert_close(fused.id, full.id, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(fused.behaviour, full.behaviour, rtol=1e-5, atol=1e-5)
    shapes = {name: [tuple(each.shape) for each in found] for name, found in maps.items()}
    assert shapes == {
        "encoder": [(4, 4, 14, 14)] * 2, "frame_encoder": [(4, 4, 5, 5)],
        "past": [(4, 4, 14, 20)] * 2, "frames": [(4, 4, 14, 5)],
        "behaviour.pose": [(4, 4, 14, 1)], "decoder": [(4, 4, 14, 14)] * 2,
    }  # fmt: skip
    for found in maps.values():
        for each in found:
            torch.testing.assert_close(each.sum(dim=-1), torch.ones(each.shape[:-1]))


def test_both_ways_of_attention_have_the_same_gradients(config, recording, model):
    settings = config(full=True)
    network, batch = model(settings), recording(settings).batch(range(3))
    found = []
    for maps in (None, {}):
        network.zero_grad()
        weighted_sum(spike_terms(network, network(batch, maps), batch), settings).backward()
        found.append(network.past_stage.blocks[0].attention.key.weight.grad.clone())
    assert float(found[0].abs().max()) > 0
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-6)


def test_the_value_of_a_behaviour_reaches_the_network_unless_released(config, recording, model):
    changed = {}
    for value in (True, False):
        settings = config(full=True, corrections=only(behaviour_value=value))
        network, batch = model(settings), recording(settings).batch(range(4))
        with torch.no_grad():
            before = network(batch).id
            batch["values"]["phi"] += 1.5
            changed[value] = float((network(batch).id - before).abs().max())
    assert changed[False] == 0
    assert changed[True] > 1e-3


def test_fresh_behaviour_tokens_depend_on_the_value(config):
    torch.manual_seed(0)
    network = config(full=True).build().eval()
    encoder = network.behaviours["pose"]["phi"]
    values = torch.randn(500, 1)
    tokens = encoder(values, torch.zeros(500, 1)).detach()
    assert 0.1 < float(tokens.std(dim=0).mean()) < 3


def test_frames_have_positions_unless_released(config, recording, model):
    found = {}
    for position in (True, False):
        settings = config(full=True, corrections=only(frame_position=position))
        network, batch = model(settings), recording(settings).batch(range(3))
        clip = torch.zeros_like(batch["frames"])
        clip[..., :4, :5] = batch["frames"][..., :4, :5]
        moved = torch.zeros_like(clip)
        moved[..., 4:, 5:] = clip[..., :4, :5]  # the same picture in another tile
        with torch.no_grad():
            here = network({**batch, "frames": clip}).id
            there = network({**batch, "frames": moved}).id
        found[position] = float((here - there).abs().max())
    assert found[False] < 1e-4
    assert found[True] > 1e-3


def test_padding_is_neither_attended_nor_pooled_unless_released(config, recording, model):
    for padding in (True, False):
        settings = config(full=True, corrections=only(padding=padding))
        network, batch = model(settings), recording(settings, rate=3.0).batch(range(6))
        with torch.no_grad():
            before = network(batch)
            network.past_position[:, -4:] += 1.0  # all of these are PAD
            network.position[:, -3:] += 1.0
            after = network(batch)
        assert bool((batch["past_id"][:, -4:] == 11).all())
        assert bool((batch["id"][:, -3:] == 11).all())
        same = torch.allclose(before.id[:, 0], after.id[:, 0], atol=1e-6)
        pooled = torch.allclose(before.behaviour["speed"], after.behaviour["speed"], atol=1e-6)
        assert (same, pooled) == (padding, padding)


def test_an_empty_past_is_attended_without_harm(config, recording, model):
    settings = config()
    batch = recording(settings, stops=[0.05, 0.1]).batch([0])
    assert batch["past_id"][0].tolist()[:3] == [9, 10, 11]
    assert bool(torch.isfinite(model(settings)(batch).id).all())


def test_time_can_be_coded_by_sinusoids(config, recording):
    settings = config(time_code="sinusoidal", positions=False)
    network, batch = settings.build().eval(), recording(settings).batch(range(2))
    assert not [name for name, _ in network.named_parameters() if "time" in name or "pos" in name]
    code = network.time(torch.tensor([3.0]))
    assert float(code[0, 0]) == pytest.approx(0.14112, abs=1e-5)  # sin 3
    assert float(code[0, 1]) == pytest.approx(-0.98999, abs=1e-5)  # cos 3
    assert bool(torch.isfinite(network(batch).id).all())


def test_a_stage_without_blocks_leaves_tokens_as_they_are():
    tokens = torch.randn(2, 3, 8)
    assert torch.equal(Stage(0, 8, 2)(tokens, torch.randn(2, 5, 8)), tokens)


def test_wrong_batches_are_faults_that_say_what_is_wrong(config, recording, model):
    settings = config(full=True)
    network, batch = model(settings), recording(settings).batch(range(2))
    for change, said in (
        ({"id": batch["id"] + 5}, "the vocabulary has 12"),
        ({"past_dt": batch["past_dt"] - 1}, "time tokens from -1"),
        ({"id": batch["id"].repeat(1, 2), "dt": batch["dt"].repeat(1, 2)}, "T at most 14"),
        ({"frames": batch["frames"][:, 0]}, "expected clips"),
        ({"frames": batch["frames"][..., :3]}, "smaller than the kernel"),
        ({"values": {}}, "reads 'phi'"),
    ):
        with pytest.raises(DataFault, match=said):
            network({**batch, **change})
    del batch["frames"]
    with pytest.raises(DataFault, match="the model reads frames"):
        network(batch)
