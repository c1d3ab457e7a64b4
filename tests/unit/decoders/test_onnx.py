"""A network that leaves as ONNX answers as PyTorch does, and says what it reads."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import neurodecode
from neurodecode.cli import app
from neurodecode.decoder_folder import open_folder, seal_folder
from neurodecode.decoders import loading, onnx
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.onnx_network import NetworkInput, OnnxNetwork
from neurodecode.persistence import save_tensors


class Small:
    """A decoder whose network is a linear map."""

    kind = "small"
    gain = 1.0

    def __init__(self):
        torch.manual_seed(0)
        linear = torch.nn.Linear(6, 2)
        self.module = torch.nn.Sequential(torch.nn.Flatten(), linear).eval()

    def onnx_network(self, participant=None):
        windows = NetworkInput("windows", ("channels", "samples"), (2, 3), "uV")
        return OnnxNetwork(self.module, (windows,), "logits", {"labels": ["left", "right"]})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setitem(loading.KINDS, "small", lambda _: Small())
    save_tensors(tmp_path / "decoder", {"a": torch.zeros(2)}, {}, name="network")
    seal_folder(tmp_path / "decoder", "small")
    return tmp_path / "decoder"


def session_of(path):
    import onnxruntime

    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def image_file(decoder_folder, tmp_path_factory):
    """Return the file of the image decoder, the participant an input, and what was said."""
    out = tmp_path_factory.mktemp("onnx") / "model.onnx"
    return out, neurodecode.export_onnx(decoder_folder, out)


def scaled(decoder, label, n=4):
    """Return what the network reads of noise, and the person."""
    person = decoder.person(label)
    windows = np.random.default_rng(0).normal(0, 10, (n, len(person.channels), 36))
    return decoder.scale(windows, person), person


@pytest.mark.parametrize("label", ["01", "02"])
def test_an_image_decoder_estimates_for_every_participant_as_in_python(
    decoder_folder, image_file, label
):
    decoder = neurodecode.load_decoder(decoder_folder)
    windows, person = scaled(decoder, label)
    fed = {"signals": windows, "participant": np.full(4, decoder.participants.index(label))}
    (found,) = session_of(image_file[0]).run(None, fed)
    np.testing.assert_allclose(found, decoder.infer(windows, person).numpy(), atol=1e-4)


def test_the_file_says_what_it_reads_and_where_it_is_from(decoder_folder, image_file):
    path, exported = image_file
    assert exported.inputs == {"signals": ["batch", 6, 36], "participant": ["batch"]}
    assert 0 <= exported.difference < 1e-4
    said = session_of(path).get_modelmeta().custom_metadata_map
    assert said["kind"] == "image"
    assert json.loads(said["channels"]) == ["Fz", "C3", "Cz", "C4", "Pz", "Oz"]
    assert json.loads(said["participants"]) == ["01", "02"]
    assert len(json.loads(said["labels"])) == 4
    weights = open_folder(decoder_folder).files["network.safetensors"]
    assert json.loads(said["sha256"])["network.safetensors"] == weights
    scaling = json.loads(said["scaling"])
    assert scaling["unit"] == "uV"
    assert scaling["iqr"][1][4] is None  # participant 02 lacks Pz
    first = json.loads(said["inputs"])[0]
    assert (first["name"], first["axes"]) == ("signals", ["batch", "channels", "samples"])


def test_one_participant_is_built_in_and_the_others_stay_at_home(decoder_folder, tmp_path):
    out = tmp_path / "model.onnx"
    result = CliRunner().invoke(
        app, ["export", str(decoder_folder), "-o", str(out), "--participant", "02"]
    )
    assert result.exit_code == 0
    assert "input signals: batch x 6 x 36" in result.stdout
    assert "largest difference from PyTorch" in result.stdout
    decoder = neurodecode.load_decoder(decoder_folder)
    windows, person = scaled(decoder, "02", n=1)
    (found,) = session_of(out).run(None, {"signals": windows})
    np.testing.assert_allclose(found, decoder.infer(windows, person).numpy(), atol=1e-4)
    said = session_of(out).get_modelmeta().custom_metadata_map
    assert said["participant"] == "02"
    assert json.loads(said["participants"]) == ["02"]


def test_an_unknown_participant_is_answered_with_the_nearest(decoder_folder, tmp_path):
    with pytest.raises(DataFault, match="unknown participant '2', did you mean '02'"):
        neurodecode.export_onnx(decoder_folder, tmp_path / "model.onnx", participant="2")


def test_a_file_that_differs_is_not_kept(folder, tmp_path, monkeypatch):
    def spoilt(network, metadata, path):
        torch.manual_seed(0)
        moved = Small()
        with torch.no_grad():
            moved.module[1].bias += 0.01
        written(moved.onnx_network(), metadata, path)

    written = onnx._write
    monkeypatch.setattr(onnx, "_write", spoilt)
    with pytest.raises(DataFault, match=r"differ by 0\.0\d+ of the largest.*not kept"):
        onnx.export_onnx(folder, tmp_path / "model.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["decoder"]


def test_a_decoder_without_a_network_says_so_in_one_line(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(loading.KINDS, "small", lambda _: SimpleNamespace(kind="small"))
    with pytest.raises(ConfigFault, match="the small decoder has no torch network"):
        onnx.export_onnx(folder, tmp_path / "model.onnx")


def test_missing_packages_are_named_with_the_extra(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx, "PACKAGES", ("onnx_of_tomorrow",))
    with pytest.raises(ConfigFault, match=r"needs onnx_of_tomorrow -> .*'neurodecode\[onnx\]'"):
        onnx.export_onnx(folder, tmp_path / "model.onnx")


def test_weights_that_were_changed_are_not_exported(decoder_folder, tmp_path):
    folder = shutil.copytree(decoder_folder, tmp_path / "decoder")
    held = bytearray((folder / "network.safetensors").read_bytes())
    held[-1] ^= 1
    (folder / "network.safetensors").write_bytes(held)
    with pytest.raises(DataFault, match="not the one that was written"):
        onnx.export_onnx(folder, tmp_path / "model.onnx")


def test_a_network_that_fixes_its_batch_is_told_so(folder, tmp_path, monkeypatch):
    class Fixed(torch.nn.Module):
        def forward(self, windows):
            return windows.reshape(len(windows), 6)

    monkeypatch.setattr(Small, "__init__", lambda self: setattr(self, "module", Fixed().eval()))
    with pytest.raises(ConfigFault, match=r"one batch size only -> .*in place of len"):
        onnx.export_onnx(folder, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
