"""Parity with a-antoniades/Neuroformer (commit 36ed940), which was run on the same numbers.

Weights and windows are drawn here from seeds; the figures below are what the authors' module said.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodecode.faults import DataFault
from neurodecode.spikes import (
    Neuroformer,
    NeuroformerConfig,
    SpikeWindows,
    spike_terms,
    weighted_sum,
)

LOSSES = {"id": 1.186413, "dt": 0.797256, "contrastive": 0.452005, "speed": 1.535999,
          "side": 0.69243}  # fmt: skip
FACTORS = {"id": 0.75 * 0.6, "dt": 0.75 * 0.4, "contrastive": 0.25}
"""By which the authors' code multiplies."""
BLOCK = {
    "ln1.weight": (24,), "ln1.bias": (24,), "ln2.weight": (24,), "ln2.bias": (24,),
    "attn.query.weight": (24, 24), "attn.query.bias": (24,),
    "attn.key.weight": (24, 24), "attn.key.bias": (24,),
    "attn.value.weight": (24, 24), "attn.value.bias": (24,),
    "attn.proj.weight": (24, 24), "attn.proj.bias": (24,),
    "mlp.0.weight": (96, 24), "mlp.0.bias": (96,), "mlp.2.weight": (24, 96), "mlp.2.bias": (24,),
    "ln_f.weight": (24,), "ln_f.bias": (24,),
}  # fmt: skip
STAGES = {
    "feature_encoder.neural_state_blocks": 2, "feature_encoder.frame_state_blocks": 2,
    "neural_visual_transformer.modalities_blocks.behavior": 1,
    "neural_visual_transformer.neural_state_blocks": 2,
    "neural_visual_transformer.neural_state_history_blocks": 2,
    "neural_visual_transformer.neural_state_stimulus_blocks": 2,
}  # fmt: skip


def reference_shapes():
    """Return the authors' names and shapes: 9 neurons, width 24, two layers a stage."""
    shapes = {
        "tok_emb.weight": (12, 24), "pos_emb": (1, 14, 24), "pos_emb_prev": (1, 20, 24),
        "video_encoder.conv_block.0.weight": (24, 1, 3, 4, 5),
        "video_encoder.conv_block.0.bias": (24,),
        "video_encoder.conv_block.2.weight": (24,), "video_encoder.conv_block.2.bias": (24,),
        "clip.proj.weight": (24, 24), "head_id.weight": (12, 24), "head_dt.weight": (14, 24),
        "neural_visual_transformer.ln_f.weight": (24,),
        "neural_visual_transformer.ln_f.bias": (24,),
    }  # fmt: skip
    for name in ("temp_emb", "temp_emb_prev"):
        net = f"{name}.temp_emb"
        shapes |= {f"{net}.0.weight": (12, 1), f"{net}.0.bias": (12,),
                   f"{net}.2.weight": (24, 12), f"{net}.2.bias": (24,)}  # fmt: skip
    for stage, n_layers in STAGES.items():
        for layer in range(n_layers):
            shapes |= {f"{stage}.{layer}.{name}": shape for name, shape in BLOCK.items()}
    for name, n_outputs in (("speed", 1), ("side", 2), ("phi", 0)):
        part = f"modality_embeddings.behavior.{name}.mlp"
        shapes |= {f"{part}.ln.weight": (1,), f"{part}.ln.bias": (1,),
                   f"{part}.mlp.0.weight": (2, 1), f"{part}.mlp.2.weight": (24, 2)}  # fmt: skip
        if n_outputs:
            shapes[f"modality_projection_heads.behavior.{name}.weight"] = (n_outputs, 24)
    shapes["modality_projection_heads.behavior.speed.bias"] = (1,)
    return shapes


def reference_state():
    state = {}
    for name, shape in reference_shapes().items():
        values = 0.15 * np.random.default_rng([7, *name.encode()]).standard_normal(shape)
        if len(shape) == 1 and name.endswith("weight"):
            values = values + 1
        state[name] = torch.tensor(values, dtype=torch.float32)
    constants = ("feature_encoder.mask", "neural_visual_transformer.mask", "frame_3d_emb.inv_freq",
                 "modality_embeddings.behavior.phi.temp_emb.pe")  # fmt: skip
    return state | {name: torch.ones(2) for name in constants}


def reference_config(**changed):
    group = {"n_layers": 1, "variables": {
        "speed": {"role": "target"}, "side": {"role": "target", "n_classes": 2},
        "phi": {"role": "input"}}}  # fmt: skip
    return NeuroformerConfig.model_validate({
        "n_neurons": 9, "width": 24, "n_heads": 4, "n_state_layers": 2, "n_past_layers": 2,
        "n_frame_layers": 2, "behaviours": {"behavior": group},
        "windows": {"current": 0.05, "past": 0.1, "block": 14, "past_block": 20},
        "frames": {"window": 0.15, "kernel": (3, 4, 5)},
        "contrastive": {"features": ("spikes", "frames", "phi")}, "corrections": "released",
        **changed,
    })  # fmt: skip


@pytest.fixture
def batch():
    """Return six windows; the first one's past begins before 0 s."""
    rng = np.random.default_rng(3)
    counts = rng.poisson(0.15, (9, 100))
    bins, units = np.nonzero(counts.T)
    repeats = counts.T[bins, units]
    clock = np.arange(20) * 0.05
    frames = rng.standard_normal((40, 8, 10)).astype(np.float32)
    behaviours = {
        "speed": (clock, rng.standard_normal(20)), "phi": (clock, rng.standard_normal(20)),
        "side": (clock, rng.integers(0, 2, 20)),
    }  # fmt: skip
    stops = np.array([0.15, 0.2, 0.3, 0.5, 0.6, 0.9])
    return SpikeWindows(
        reference_config(), (bins * 0.01).repeat(repeats), units.repeat(repeats), stops,
        frames=frames, behaviours=behaviours,
    ).batch(range(6))  # fmt: skip


def test_the_released_preset_says_what_the_authors_code_says(batch):
    model = Neuroformer.from_reference_state_dict(reference_state(), reference_config()).eval()
    with torch.no_grad():
        found = model(batch)
    close = {"rtol": 0, "atol": 6e-5}
    np.testing.assert_allclose(
        found.id[2, 3, :5], [0.4753, -0.4351, -0.4245, -0.4584, 0.4794], **close
    )
    np.testing.assert_allclose(
        found.dt[4, 1, :5], [1.3827, 0.2836, 1.1850, 0.0189, -0.5320], **close
    )
    assert float(found.id.double().abs().sum()) == pytest.approx(452.3324, abs=1e-3)
    assert float(found.dt.double().abs().sum()) == pytest.approx(697.8842, abs=1e-3)
    np.testing.assert_allclose(
        found.behaviour["speed"][:, 0], [0.7791, 0.6811, 0.7472, 0.7442, 0.8348, 0.8889], **close
    )


def test_the_released_preset_has_the_losses_of_the_authors_code(batch):
    config = reference_config()
    model = Neuroformer.from_reference_state_dict(reference_state(), config).eval()
    with torch.no_grad():
        terms = spike_terms(model, model(batch), batch)
    for name, expected in LOSSES.items():
        assert float(terms[name]) * FACTORS.get(name, 1.0) == pytest.approx(expected, abs=2e-6)
    assert float(weighted_sum(terms, config)) == pytest.approx(sum(LOSSES.values()), abs=1e-5)


def test_reference_weights_load_into_the_corrected_model_too(batch):
    config = reference_config(corrections="corrected")
    model = Neuroformer.from_reference_state_dict(reference_state(), config)
    assert all(bool(torch.isfinite(p).all()) for p in model.parameters())
    assert bool(torch.isfinite(model(batch).id).all())


@pytest.mark.parametrize("name", ["tok_emb.weight", "pos_emb_prev", "clip.proj.weight",
                                  "modality_projection_heads.behavior.speed.bias",
                                  "neural_visual_transformer.neural_state_blocks.1.attn.proj.bias",
                                  "modality_embeddings.behavior.phi.mlp.ln.weight"])  # fmt: skip
def test_a_missing_name_is_a_fault_that_names_it(name):
    state = reference_state()
    del state[name]
    with pytest.raises(DataFault, match=f"missing: {name}"):
        Neuroformer.from_reference_state_dict(state, reference_config())


def test_unexpected_names_and_wrong_shapes_stand_in_one_line():
    state = reference_state()
    state["head_behavior.weight"] = torch.zeros(1)
    state["pos_emb"] = torch.zeros(1, 15, 24)
    with pytest.raises(DataFault) as caught:
        Neuroformer.from_reference_state_dict(state, reference_config())
    assert "unexpected: head_behavior.weight" in str(caught.value)
    assert "wrong shape: pos_emb (1, 15, 24) instead of (1, 14, 24)" in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"n_neurons": 10}, "the ID vocabulary has 12 tokens, that of the settings 13"),
        ({"windows": {"past": 0.15, "block": 14, "past_block": 20}},
         "the time vocabulary has 14 tokens, that of the settings 19"),
    ],
)  # fmt: skip
def test_another_vocabulary_is_a_fault_that_says_both_sizes(changed, said):
    with pytest.raises(DataFault, match=said):
        Neuroformer.from_reference_state_dict(reference_state(), reference_config(**changed))
