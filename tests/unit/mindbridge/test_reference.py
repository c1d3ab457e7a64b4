"""Parity with littlepure2333/MindBridge (commit 2a3943f), from its parameter names.

The authors' modules are stated once more here as functions of their state dict.
"""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import gelu, layer_norm, linear

from neurodecode.faults import DataFault
from neurodecode.mindbridge import (
    MindBridge,
    load_reference_state_dict,
    read_reference_checkpoint,
)


def random_state(subjects=("1", "2", "5"), *, pooled=10, width=6, size=3, n_blocks=2,
                 image=12, text=8, builders=True):  # fmt: skip
    """Return parameters in the authors' layout, all random."""
    generator = torch.Generator().manual_seed(0)
    state = {}

    def put(name, *shape):
        state[f"{name}.weight"] = torch.randn(*shape, generator=generator)
        state[f"{name}.bias"] = torch.randn(shape[0], generator=generator)

    for subject in subjects:
        put(f"embedder.{subject}.0.down_proj", size, pooled)
        put(f"embedder.{subject}.0.up_proj", pooled, size)
        put(f"embedder.{subject}.1", width, pooled)
        put(f"embedder.{subject}.2", width)
    for block in range(n_blocks):
        put(f"translator.mlp.{block}.0", width, width)
        put(f"translator.mlp.{block}.1", width)
    put("head_image", image, width)
    put("head_text", text, width)
    for subject in subjects if builders else ():
        put(f"builder.{subject}.0", pooled, width)
        put(f"builder.{subject}.1", pooled)
        put(f"builder.{subject}.3.down_proj", size, pooled)
        put(f"builder.{subject}.3.up_proj", pooled, size)
    return state


def layer(state, name, x):
    return linear(x, state[f"{name}.weight"], state[f"{name}.bias"])


def norm(state, name, x):
    return layer_norm(x, x.shape[1:], state[f"{name}.weight"], state[f"{name}.bias"])


def adapter(state, name, x):
    return x + layer(state, f"{name}.up_proj", layer(state, f"{name}.down_proj", x).relu())


def restated(state, subject, x):
    """Return embedding, rebuilt signal, image and text without dropout."""
    name = f"embedder.{subject}"
    e = gelu(norm(state, f"{name}.2", layer(state, f"{name}.1", adapter(state, f"{name}.0", x))))
    name = f"builder.{subject}"
    built = gelu(norm(state, f"{name}.1", layer(state, f"{name}.0", e)))
    translated = e
    for block in range(2):
        name = f"translator.mlp.{block}"
        block_output = norm(state, f"{name}.1", layer(state, f"{name}.0", translated))
        translated = translated + gelu(block_output)
    built = adapter(state, f"builder.{subject}.3", built)
    image, text = (layer(state, head, translated) for head in ("head_image", "head_text"))
    return e, built, image, text


@pytest.mark.parametrize("subject", ["1", "2", "5"])
def test_a_loaded_model_equals_the_restated_one(subject):
    state = random_state()
    model = MindBridge.from_reference_state_dict(state).eval()
    pooled = torch.randn(4, 10, generator=torch.Generator().manual_seed(1))
    e, built, image, text = restated(state, subject, pooled)
    embedding = model.embed(pooled, subject)
    decoded = model.decode(embedding)
    torch.testing.assert_close(embedding, e)
    torch.testing.assert_close(model.build(embedding, subject), built)
    torch.testing.assert_close(decoded.image, image)
    torch.testing.assert_close(decoded.text, text)


def test_every_parameter_arrives_and_can_be_trained():
    state = random_state(("7", "10", "2"))
    model = load_reference_state_dict(state)
    assert model.subjects == ("2", "7", "10")
    assert sum(p.numel() for p in model.parameters()) == sum(v.numel() for v in state.values())
    assert all(p.requires_grad and not p.is_meta for p in model.parameters())
    kept = state["head_text.bias"].clone()
    torch.nn.init.zeros_(model.text_head.bias)
    assert torch.equal(state["head_text.bias"], kept)


def test_chosen_subjects_are_taken_in_the_order_asked_for():
    model = load_reference_state_dict(random_state(), subjects=["5", "1"])
    assert model.subjects == ("5", "1")
    assert torch.equal(model.embedders["5"].norm.bias, random_state()["embedder.5.2.bias"])


def test_an_absent_subject_is_an_error_that_names_those_present():
    with pytest.raises(DataFault) as caught:
        load_reference_state_dict(random_state(), subjects=["1", "7"])
    assert "unknown subject '7'" in str(caught.value)
    assert "there are 1, 2, 5" in str(caught.value)


def test_a_single_subject_checkpoint_gives_a_model_without_builder():
    model = load_reference_state_dict(random_state(("1",), builders=False))
    assert model.builders is None


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({}, {"image_shape": (12,), "text_shape": (8,), "n_blocks": 2}),
        ({"n_blocks": 3, "width": 5}, {"n_blocks": 3, "width": 5}),
        ({"size": 4, "pooled": 7}, {"adapter_size": 4, "pooled_size": 7}),
        ({"width": 2, "image": 257 * 768, "text": 77 * 768},
         {"image_shape": (257, 768), "text_shape": (77, 768)}),
    ],
)  # fmt: skip
def test_sizes_are_read_from_the_shapes(sizes, expected):
    model = load_reference_state_dict(random_state(**sizes))
    assert {key: model.options[key] for key in expected} == expected


def test_shapes_of_tokens_and_dropouts_can_be_given():
    model = load_reference_state_dict(random_state(), image_shape=(3, 4), embedder_dropout=0.1)
    assert model.image_shape == (3, 4)
    assert model.embedders["1"].tail[1].p == 0.1


@pytest.mark.parametrize("name", sorted(random_state(("1", "2"))))
def test_any_missing_name_is_a_fault_that_names_it(name):
    state = random_state(("1", "2"))
    del state[name]
    if name == "head_image.bias":  # then there seems to be no such head
        name = "unexpected: head_image.weight"
    elif name == "head_text.bias":
        name = "unexpected: head_text.weight"
    with pytest.raises(DataFault, match=name):
        load_reference_state_dict(state)


def test_unexpected_names_and_wrong_shapes_stand_in_one_line():
    state = random_state()
    state["voxel2sd.weight"] = torch.zeros(1)
    state["builder.2.1.bias"] = torch.zeros(3)
    with pytest.raises(DataFault) as caught:
        load_reference_state_dict(state)
    assert "unexpected: voxel2sd.weight" in str(caught.value)
    assert "wrong shape: builder.2.1.bias (3,) instead of (10,)" in str(caught.value)


def test_half_precision_weights_are_read_as_single():
    state = {name: value.half() for name, value in random_state().items()}
    assert load_reference_state_dict(state).image_head.weight.dtype == torch.float32


def test_a_checkpoint_file_is_read_without_running_code(tmp_path):
    path = tmp_path / "last.pth"
    torch.save({"epoch": 599, "model_state_dict": random_state()}, path)
    model = load_reference_state_dict(read_reference_checkpoint(path))
    assert model.subjects == ("1", "2", "5")


class Hostile:
    """A pickle that would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_a_hostile_broken_or_absent_checkpoint_is_refused(tmp_path):
    path, mark = tmp_path / "last.pth", tmp_path / "mark"
    torch.save({"model_state_dict": Hostile(str(mark))}, path)
    with pytest.raises(DataFault, match="refused to load"):
        read_reference_checkpoint(path)
    assert not mark.exists()
    torch.save({"model_state_dict": random_state()}, path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataFault, match="refused to load"):
        read_reference_checkpoint(path)
    torch.save(random_state(), path)
    with pytest.raises(DataFault, match="no 'model_state_dict'"):
        read_reference_checkpoint(path)
    with pytest.raises(DataFault, match="file not found"):
        read_reference_checkpoint(tmp_path / "none.pth")
