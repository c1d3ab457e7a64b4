"""The networks that generated pictures are compared in give the numbers of other libraries."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.pictures.encoder import make_picture_encoder

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")
PICTURES = [
    np.random.default_rng(seed).integers(0, 256, (90, 120, 3), dtype=np.uint8) for seed in (0, 1)
]


def saved(folder, weights):
    safetensors_torch.save_file(weights, folder / "model.safetensors")
    return str(folder / "model.safetensors")


def normal(rng, *shape):
    scale = np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.1
    return torch.from_numpy((rng.standard_normal(shape) * scale).astype(np.float32))


@pytest.fixture(scope="module")
def alexnet(tmp_path_factory):
    rng, weights = np.random.default_rng(0), {}
    shapes = {
        0: (6, 3, 11, 11),
        3: (9, 6, 5, 5),
        6: (8, 9, 3, 3),
        8: (7, 8, 3, 3),
        10: (5, 7, 3, 3),
    }
    for index, shape in shapes.items():
        weights[f"features.{index}.weight"] = normal(rng, *shape)
        weights[f"features.{index}.bias"] = normal(rng, shape[0])
    return weights, saved(tmp_path_factory.mktemp("alexnet"), weights)


def test_alexnet_is_the_sequence_of_torchvision(alexnet):
    from torch import nn

    weights, file = alexnet
    features = nn.Sequential(
        nn.Conv2d(3, 6, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(6, 9, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(9, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 7, 3, padding=1), nn.ReLU(),
        nn.Conv2d(7, 5, 3, padding=1), nn.ReLU(),
    )  # fmt: skip
    features.load_state_dict({key.removeprefix("features."): w for key, w in weights.items()})
    for layer, stop, shape in (("features.4", 5, (9, 27, 27)), ("features.11", 12, (5, 13, 13))):
        encoder = make_picture_encoder("alexnet", model=file, layer=layer)
        with torch.no_grad():
            inputs = torch.from_numpy(encoder.preprocessing.apply(PICTURES))
            expected = features[:stop](inputs).flatten(1).numpy()
        assert encoder.shape == (np.prod(shape),)
        np.testing.assert_allclose(encoder.encode(PICTURES, ["", ""]), expected, atol=1e-5)


def test_resnet50_is_that_of_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[16, 32, 48, 64], depths=[3, 4, 6, 3],
        layer_type="bottleneck",
    )  # fmt: skip
    model = transformers.ResNetModel(config).eval()
    with torch.no_grad():
        for name, values in model.state_dict().items():
            if values.ndim == 1:
                values.uniform_(0.5, 1.5)
            if name.endswith(("running_mean", "bias")):
                values.sub_(1)
    weights = {_torchvision_name(name): w for name, w in model.state_dict().items()}
    encoder = make_picture_encoder("resnet50", model=saved(tmp_path, weights), size=64)
    assert encoder.shape == (64,)
    with torch.no_grad():
        inputs = torch.from_numpy(encoder.preprocessing.apply(PICTURES))
        expected = model(inputs).pooler_output[:, :, 0, 0].numpy()
    found = encoder.encode(PICTURES, ["", ""])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(found).max() > 0.01


def _torchvision_name(name):
    parts = name.removesuffix(".num_batches_tracked").split(".")
    kind = parts[-1] if not name.endswith("num_batches_tracked") else "num_batches_tracked"
    is_norm = "normalization" in parts
    if parts[0] == "embedder":
        return f"{'bn1' if is_norm else 'conv1'}.{kind}"
    block = f"layer{int(parts[2]) + 1}.{parts[4]}"
    if "shortcut" in parts:
        return f"{block}.downsample.{int(is_norm)}.{kind}"
    return f"{block}.{'bn' if is_norm else 'conv'}{int(parts[6]) + 1}.{kind}"


def inception_shapes():
    """Return the convolutions of Inception-v3 (table 1 of the article, as torchvision names)."""
    shapes = {
        "Conv2d_1a_3x3": (32, 3, 3, 3), "Conv2d_2a_3x3": (32, 32, 3, 3),
        "Conv2d_2b_3x3": (64, 32, 3, 3), "Conv2d_3b_1x1": (80, 64, 1, 1),
        "Conv2d_4a_3x3": (192, 80, 3, 3),
    }  # fmt: skip

    def add(block, inside, **convolutions):
        for name, (out, before, *kernel) in convolutions.items():
            shapes[f"{block}.{name}"] = (out, before or inside, *kernel)

    for letter, inside, pool in (("b", 192, 32), ("c", 256, 64), ("d", 288, 64)):
        add(f"Mixed_5{letter}", inside, branch1x1=(64, 0, 1, 1), branch5x5_1=(48, 0, 1, 1),
            branch5x5_2=(64, 48, 5, 5), branch3x3dbl_1=(64, 0, 1, 1), branch3x3dbl_2=(96, 64, 3, 3),
            branch3x3dbl_3=(96, 96, 3, 3), branch_pool=(pool, 0, 1, 1))  # fmt: skip
    add("Mixed_6a", 288, branch3x3=(384, 0, 3, 3), branch3x3dbl_1=(64, 0, 1, 1),
        branch3x3dbl_2=(96, 64, 3, 3), branch3x3dbl_3=(96, 96, 3, 3))  # fmt: skip
    for letter, c in (("b", 128), ("c", 160), ("d", 160), ("e", 192)):
        add(f"Mixed_6{letter}", 768, branch1x1=(192, 0, 1, 1), branch7x7_1=(c, 0, 1, 1),
            branch7x7_2=(c, c, 1, 7), branch7x7_3=(192, c, 7, 1), branch7x7dbl_1=(c, 0, 1, 1),
            branch7x7dbl_2=(c, c, 7, 1), branch7x7dbl_3=(c, c, 1, 7), branch7x7dbl_4=(c, c, 7, 1),
            branch7x7dbl_5=(192, c, 1, 7), branch_pool=(192, 0, 1, 1))  # fmt: skip
    add("Mixed_7a", 768, branch3x3_1=(192, 0, 1, 1), branch3x3_2=(320, 192, 3, 3),
        branch7x7x3_1=(192, 0, 1, 1), branch7x7x3_2=(192, 192, 1, 7),
        branch7x7x3_3=(192, 192, 7, 1), branch7x7x3_4=(192, 192, 3, 3))  # fmt: skip
    for letter, inside in (("b", 1280), ("c", 2048)):
        add(f"Mixed_7{letter}", inside, branch1x1=(320, 0, 1, 1), branch3x3_1=(384, 0, 1, 1),
            branch3x3_2a=(384, 384, 1, 3), branch3x3_2b=(384, 384, 3, 1),
            branch3x3dbl_1=(448, 0, 1, 1), branch3x3dbl_2=(384, 448, 3, 3),
            branch3x3dbl_3a=(384, 384, 1, 3), branch3x3dbl_3b=(384, 384, 3, 1),
            branch_pool=(192, 0, 1, 1))  # fmt: skip
    return shapes


def inception_weights():
    rng, weights = np.random.default_rng(0), {}
    for name, shape in inception_shapes().items():
        weights[f"{name}.conv.weight"] = normal(rng, *shape)
        for part, offset in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            weights[f"{name}.bn.{part}"] = offset + normal(rng, shape[0]).abs()
    return weights


@pytest.fixture(scope="module")
def inception(tmp_path_factory):
    weights = inception_weights()
    return weights, saved(tmp_path_factory.mktemp("inception"), weights)


# Means of each 256 features by timm 1.0.29.dev0 with these weights and pictures, at 96 pixels.
TIMM = [
    [0.174996, 0.156431, 0.118918, 0.115326, 0.0703218, 0.0676246, 0.0604133, 0.0484047],
    [0.175112, 0.155948, 0.118804, 0.113658, 0.0700946, 0.0670055, 0.0606043, 0.0481341],
]


def test_inception_is_that_of_timm(inception):
    weights, file = inception
    encoder = make_picture_encoder("inception_v3", model=file, size=96)
    found = encoder.encode(PICTURES, ["", ""])
    assert found.shape == (2, 2048)
    np.testing.assert_allclose(found.reshape(2, 8, 256).mean(axis=2), TIMM, rtol=1e-4)
    n_parameters = sum(w.numel() for name, w in weights.items() if "running" not in name)
    assert n_parameters + 2048 * 1000 + 1000 == 23_834_568  # with the classifier


def test_settings_are_plain_and_missing_weights_are_noticed(inception, alexnet, tmp_path):
    for name, (weights, file), lost in (
        ("inception_v3", inception, "Mixed_7c.branch3x3dbl_3b.bn.running_var"),
        ("alexnet", alexnet, "features.10.bias"),
    ):
        settings = make_picture_encoder(name, model=file, size=96).settings()
        assert json.loads(json.dumps(settings)) == settings
        less = saved(tmp_path, {key: w for key, w in weights.items() if key != lost})
        with pytest.raises(DataFault, match=rf"weights are not those of .*{lost}"):
            make_picture_encoder(name, model=less)
        with pytest.raises(ConfigFault, match="input of 20 pixels"):
            make_picture_encoder(name, model=file, size=20)
