"""Saved weights come back bit by bit, or not at all."""

from __future__ import annotations

import pickle

import pytest
import torch

from neurodecode.artefacts import read_json, sha256_file, write_json
from neurodecode.faults import DataFault
from neurodecode.persistence import load_weights, save_weights


def network(seed=0, width=3):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.BatchNorm1d(width))


@pytest.fixture
def saved(tmp_path):
    save_weights(tmp_path, network(), {"n_features": 3})
    return tmp_path


def rewrite(folder, content):
    """Replace the weights and their hash, as somebody hostile would."""
    (folder / "model.safetensors").write_bytes(content)
    write_json(folder / "model.json", {"sha256": sha256_file(folder / "model.safetensors")})


def test_weights_and_statistics_come_back_the_same_with_what_was_said_of_them(saved):
    loaded = network(seed=1)
    load_weights(saved, loaded)
    for name, value in network().state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
    assert read_json(saved / "model.json")["n_features"] == 3


def test_transposed_weights_can_be_saved(tmp_path):
    module = network()
    module[0].weight = torch.nn.Parameter(torch.arange(12.0).reshape(4, 3).T)
    save_weights(tmp_path, module, {})
    loaded = network(seed=1)
    load_weights(tmp_path, loaded)
    assert torch.equal(loaded[0].weight, module[0].weight)


@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_a_flipped_bit_is_refused(saved, place):
    path = saved / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataFault, match=r"not those that were written.*safetensors.*--force train"):
        load_weights(saved, network())


def test_truncated_or_absent_weights_are_refused(saved):
    path = saved / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataFault, match="not those that were written"):
        load_weights(saved, network())
    path.unlink()
    with pytest.raises(DataFault, match="file not found"):
        load_weights(saved, network())


def test_weights_of_another_shape_are_refused_in_one_line(saved):
    with pytest.raises(DataFault, match=r"weights do not fit the model: .*size mismatch") as caught:
        load_weights(saved, network(width=5))
    assert "\n" not in str(caught.value)


def test_a_pickle_is_not_run(saved):
    ran = saved / "ran"

    class Evil:
        def __reduce__(self):
            return type(ran).touch, (ran,)

    rewrite(saved, pickle.dumps(Evil()))
    with pytest.raises(DataFault, match="not a safetensors file, refused to load"):
        load_weights(saved, network())
    assert not ran.exists()
