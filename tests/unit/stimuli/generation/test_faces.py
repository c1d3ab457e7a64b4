"""Faces come from the published weights, without importing the package, and move with latents."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.generation import faces
from neurodecode.stimuli.generation.generator import default_generator, make_generator


@pytest.fixture(scope="module")
def generator():
    try:
        faces.find_weights()
    except ConfigFault as fault:
        pytest.skip(str(fault))
    return faces.FaceGenerator()


@pytest.fixture
def without(monkeypatch):
    """Hide a package from the search for it."""

    def hide(name):
        found = faces.find_spec
        monkeypatch.setattr(faces, "find_spec", lambda m: None if m == name else found(m))

    return hide


def random_latents(n, seed=0):
    return np.random.default_rng(seed).standard_normal((n, 100)).astype(np.float32)


def test_a_hundred_numbers_become_a_face_of_64_pixels(generator):
    assert generator.latents == {"latent": (100,)}
    pictures = generator.generate({"latent": random_latents(70)})
    assert pictures.shape == (70, 64, 64, 3)
    assert pictures.dtype == np.uint8
    assert pictures.std(axis=0).mean() > 20
    again = generator.generate({"latent": random_latents(70)}, random_state=9)
    np.testing.assert_array_equal(pictures, again)


def test_a_face_does_not_depend_on_its_batch(generator):
    rows = random_latents(66)
    together = generator.generate({"latent": rows})
    alone = generator.generate({"latent": rows[65:]})
    assert np.abs(together[65:].astype(int) - alone).max() <= 1


def test_the_average_picture_is_a_face(generator):
    """It is symmetric, and skin, in the middle, is redder than blue: the weights are in place."""
    mean = generator.generate({"latent": random_latents(128)}).mean(axis=0)
    half = mean.mean(axis=-1)
    assert np.corrcoef(half.ravel(), half[:, ::-1].ravel())[0, 1] > 0.8
    middle = mean[24:40, 24:40].mean(axis=(0, 1))
    assert middle[0] > middle[1] > middle[2]


def test_pictures_tell_how_near_a_latent_is(generator):
    """Correlation of pixels rises with that of the latents."""
    true, noise = random_latents(100), random_latents(100, seed=1)
    pictures = generator.generate({"latent": true}).reshape(100, -1).astype(float)
    found = []
    for share in (0.0, 0.5, 0.8, 1.0):
        near = share * true + np.sqrt(1 - share**2) * noise
        others = generator.generate({"latent": near}).reshape(100, -1).astype(float)
        found.append(
            np.mean([np.corrcoef(*pair)[0, 1] for pair in zip(pictures, others, strict=True)])
        )
    assert np.all(np.diff(found) > 0.1)
    assert found[-1] == pytest.approx(1.0)


def test_the_package_is_not_imported(generator):
    code = (
        "import sys, numpy; from neurodecode.stimuli.generation.faces import FaceGenerator; "
        "FaceGenerator().generate({'latent': numpy.zeros((1, 100))}); "
        "sys.exit('gan_face_generate' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_other_weights_are_refused(generator, monkeypatch, tmp_path):
    (tmp_path / "weights.tar").write_bytes(b"something else")
    monkeypatch.setattr(faces, "find_weights", lambda: tmp_path / "weights.tar")
    with pytest.raises(DataFault, match=r"not the published ones .*weights\.tar.*reinstall"):
        faces.FaceGenerator()


def test_the_default_is_faces_where_they_are_installed(generator):
    assert default_generator() == "faces"


@pytest.mark.parametrize(
    ("package", "advice"),
    [
        ("gan_face_generate", r"pip install --no-deps gan-face-generate==1\.1\.1"),
        ("torch", r"pip install 'neurodecode\[torch\]'"),
    ],
)
def test_a_missing_package_is_named_and_pictures_are_drawn_by_default(without, package, advice):
    without(package)
    with pytest.raises(ConfigFault, match=advice):
        make_generator("faces")
    assert default_generator() == "drawn"
