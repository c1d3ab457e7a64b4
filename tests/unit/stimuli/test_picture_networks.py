"""VGG-19 and the autoencoder give the numbers of their definition, from small checkpoints."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.pictures.encoder import make_picture_encoder
from neurodecode.stimuli.pictures.preprocessing import IMAGENET

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")
# Places of the convolutions and poolings in torchvision's vgg19().features.
CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
POOLINGS = (4, 9, 18, 27, 36)


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


PICTURES = [noise(80, 60), noise(45, 90, 1)]


def vgg_weights(widths=(2, 3, 4, 5, 6), hidden=8, classes=10, seed=0):
    """Return random weights with torchvision's names, narrower than the published ones."""
    generator = torch.Generator().manual_seed(seed)
    shapes, inside = {}, 3
    for index in CONVOLUTIONS:
        out = widths[sum(pooling < index for pooling in POOLINGS)]
        shapes[f"features.{index}"] = (out, inside, 3, 3)
        inside = out
    shapes |= {
        "classifier.0": (hidden, inside * 49),
        "classifier.3": (hidden + 1, hidden),
        "classifier.6": (classes, hidden + 1),
    }
    weights = {}
    for name, shape in shapes.items():
        scale = np.sqrt(2 / np.prod(shape[1:]))
        weights[f"{name}.weight"] = scale * torch.randn(shape, generator=generator)
        weights[f"{name}.bias"] = 0.1 * torch.randn(shape[0], generator=generator)
    return weights


def reference(weights, pictures):
    """Return every layer, written out after table 1 of the article (configuration E)."""
    from torch.nn import functional

    hidden, found = torch.from_numpy(IMAGENET.apply(pictures)), {}
    for index in range(37):
        if index in CONVOLUTIONS:
            name = f"features.{index}"
            hidden = functional.conv2d(
                hidden, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1
            ).relu()
        elif index in POOLINGS:
            hidden = functional.max_pool2d(hidden, 2)
    found["maxpool5"] = found["avgpool"] = hidden = hidden.flatten(1)
    for layer, index in (("dropout2", 0), ("dropout5", 3), ("logits", 6)):
        hidden = hidden @ weights[f"classifier.{index}.weight"].T
        hidden = hidden + weights[f"classifier.{index}.bias"]
        hidden = found[layer] = hidden.relu() if index < 6 else hidden
    return {layer: values.numpy() for layer, values in found.items()}


@pytest.fixture(scope="module")
def vgg(tmp_path_factory):
    file = tmp_path_factory.mktemp("vgg") / "model.safetensors"
    safetensors_torch.save_file(vgg_weights(), file)
    return file


def test_every_layer_of_vgg_is_that_of_its_definition(vgg):
    expected = reference(vgg_weights(), PICTURES)
    for layer, width in (("logits", 10), ("dropout5", 9), ("dropout2", 8), ("avgpool", 294),
                         ("maxpool5", 294)):  # fmt: skip
        encoder = make_picture_encoder("vgg19", model=str(vgg), layer=layer, batch_size=1)
        assert encoder.shape == (width,)
        found = encoder.encode(PICTURES, ["", ""])
        np.testing.assert_allclose(found, expected[layer], rtol=1e-4, atol=1e-5)
        assert np.abs(found).max() > 1e-3


def test_weights_come_from_a_folder_a_pth_file_or_under_the_names_of_timm(vgg, tmp_path):
    timm = {}
    for name, tensor in vgg_weights().items():
        layer, _, kind = name.rpartition(".")
        new = {"classifier.0": "pre_logits.fc1", "classifier.3": "pre_logits.fc2",
               "classifier.6": "head.fc"}.get(layer, layer)  # fmt: skip
        if new == "pre_logits.fc1" and kind == "weight":
            tensor = tensor.reshape(8, 6, 7, 7)
        elif new == "pre_logits.fc2" and kind == "weight":
            tensor = tensor.reshape(9, 8, 1, 1)
        timm[f"{new}.{kind}"] = tensor.contiguous()
    safetensors_torch.save_file(timm, tmp_path / "model.safetensors")
    torch.save(vgg_weights(), tmp_path / "vgg19.pth")
    expected = make_picture_encoder("vgg19", model=str(vgg))
    for model in (vgg.parent, tmp_path, tmp_path / "vgg19.pth"):
        found = make_picture_encoder("vgg19", model=str(model))
        assert found.settings() == expected.settings()


def test_weights_of_another_network_damage_and_code_are_refused(tmp_path, vgg):
    for name in ("features.34.weight", "classifier.0.bias", "classifier.3.weight"):
        kept = {key: value for key, value in vgg_weights().items() if key != name}
        safetensors_torch.save_file(kept, tmp_path / "less.safetensors")
        with pytest.raises(DataFault, match="weights are not those of VGG-19"):
            make_picture_encoder("vgg19", model=str(tmp_path / "less.safetensors"))
    (tmp_path / "cut.safetensors").write_bytes(vgg.read_bytes()[:-100])
    with pytest.raises(DataFault, match="weights cannot be read"):
        make_picture_encoder("vgg19", model=str(tmp_path / "cut.safetensors"))

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    (tmp_path / "trap.pth").write_bytes(pickle.dumps({"a": Trap()}))
    with pytest.raises(DataFault, match="weights cannot be read"):
        make_picture_encoder("vgg19", model=str(tmp_path / "trap.pth"))
    assert not (tmp_path / "ran").exists()
    with pytest.raises(DataFault, match=r"weights of VGG-19 not found.*nowhere"):
        make_picture_encoder("vgg19", model=str(tmp_path / "nowhere"))
    with pytest.raises(ConfigFault, match="did you mean 'maxpool5'"):
        make_picture_encoder("vgg19", model=str(vgg), layer="maxpool35")


@pytest.fixture(scope="module")
def autoencoder(tmp_path_factory):
    diffusers = pytest.importorskip("diffusers")
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("pipeline")
    diffusers.AutoencoderKL(
        block_out_channels=(8, 8, 16), norm_num_groups=4, latent_channels=4, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
    ).save_pretrained(folder / "vae")  # fmt: skip
    return folder


def test_the_latent_is_the_scaled_mean_of_the_posterior(autoencoder):
    from diffusers import AutoencoderKL

    from neurodecode.stimuli.pictures.files import resize_picture

    model = AutoencoderKL.from_pretrained(autoencoder / "vae").eval()
    squares = np.stack([resize_picture(picture, 32) for picture in PICTURES])
    inputs = torch.from_numpy(squares.transpose(0, 3, 1, 2) / 127.5 - 1).float()
    with torch.no_grad():
        expected = model.encode(inputs).latent_dist.mean * 0.18215
    for place in (autoencoder, autoencoder / "vae"):
        encoder = make_picture_encoder("autokl", model=str(place), size=32, batch_size=1)
        assert encoder.shape == (4, 8, 8)
        found = encoder.encode(PICTURES, ["", ""])
        np.testing.assert_allclose(found, expected, atol=1e-5)
        np.testing.assert_array_equal(encoder.encode(PICTURES, ["", ""]), found)  # no sample


def test_settings_of_the_autoencoder_are_plain_and_sizes_are_checked(autoencoder, tmp_path):
    encoder = make_picture_encoder("autokl", model=str(autoencoder), size=64)
    assert json.loads(json.dumps(encoder.settings())) == json.loads(json.dumps(encoder.settings()))
    assert encoder.settings()["scale"] == [0.0, 0.18215]
    assert encoder.shape == (4, 16, 16)
    with pytest.raises(ConfigFault, match="give a multiple of 4"):
        make_picture_encoder("autokl", model=str(autoencoder), size=30)
    with pytest.raises(DataFault, match="lacks vae"):
        make_picture_encoder("autokl", model=str(tmp_path))
