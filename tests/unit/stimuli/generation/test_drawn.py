"""Drawn pictures show what their latents say, smoothly, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.generation.drawn import LATENTS, DrawnPictures
from neurodecode.stimuli.generation.generator import make_generator


def latents(n=1, **values):
    rows = np.zeros((n, len(LATENTS)), dtype=np.float32)
    for name, value in values.items():
        rows[:, LATENTS.index(name)] = value
    return {"latent": rows}


def random_latents(n, seed=0):
    rng = np.random.default_rng(seed)
    return {"latent": rng.standard_normal((n, len(LATENTS))).astype(np.float32)}


def drawn(**values):
    """One picture as floats, from 0 to 1."""
    return DrawnPictures().generate(latents(**values))[0] / 255


def object_cover(picture):
    """Pixels of a white object before a black background."""
    return picture.mean(axis=-1) > 0.5


WHITE_ON_BLACK = {
    **{f"background_{c}": -9.0 for c in ("red", "green", "blue")},
    **{f"object_{c}": 9.0 for c in ("red", "green", "blue")},
}


def test_the_shape_is_as_asked_and_equal_latents_give_equal_pictures():
    generator = DrawnPictures(size=40)
    assert generator.latents == {"latent": (16,)}
    pictures = generator.generate(random_latents(300))
    assert pictures.shape == (300, 40, 40, 3)
    assert pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures, generator.generate(random_latents(300), random_state=9))
    alone = generator.generate({"latent": random_latents(300)["latent"][200:201]})
    np.testing.assert_array_equal(pictures[200:201], alone)


@pytest.mark.parametrize("name", LATENTS)
def test_every_latent_changes_the_picture(name):
    shown = {"grating_contrast": 1.0, "ellipse": 0.5, name: 1.5}
    less = {**shown, name: -1.5}
    assert np.abs(drawn(**shown) - drawn(**less)).mean() > 0.005


def test_near_latents_give_near_pictures():
    """Along a path between two latents every step is small, and steps halve with their length."""
    ends = random_latents(2, seed=3)["latent"]

    def largest_step(n):
        path = np.linspace(ends[0], ends[1], n + 1)
        pictures = DrawnPictures().generate({"latent": path}) / 255
        return np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3)).max()

    assert largest_step(200) < 0.005
    assert largest_step(200) < 0.65 * largest_step(100)


@pytest.mark.parametrize("channel", range(3))
def test_background_and_object_have_their_colours(channel):
    colour = ("red", "green", "blue")[channel]
    for part, place in (("background", (32, 1)), ("object", (32, 32))):
        bright = drawn(size=1.0, **{f"{part}_{colour}": 2.0})[place]
        dark = drawn(size=1.0, **{f"{part}_{colour}": -2.0})[place]
        assert bright[channel] - dark[channel] > 0.4
        others = [c for c in range(3) if c != channel]
        np.testing.assert_array_equal(bright[others], dark[others])


@pytest.mark.parametrize(("name", "axis"), [("right", 1), ("down", 0)])
def test_the_object_moves_where_the_latent_says(name, axis):
    centres = []
    for value in (-1.0, 0.0, 1.0):
        cover = object_cover(drawn(**WHITE_ON_BLACK, size=-1.0, **{name: value}))
        centres.append(np.argwhere(cover).mean(axis=0))
    along, across = np.array(centres)[:, axis], np.array(centres)[:, 1 - axis]
    assert np.diff(along).min() > 5
    assert np.ptp(across) < 1


def test_the_object_grows_with_its_size():
    areas = [object_cover(drawn(**WHITE_ON_BLACK, size=value)).sum() for value in (-1, 0, 1)]
    assert areas[0] < 0.8 * areas[1] < 0.64 * areas[2]


def test_categories_of_latents_are_categories_of_pictures():
    """Pictures of one category are nearer to each other than to those of another."""
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.standard_normal((20, 16)), 5, axis=0)
    rows = np.sqrt(0.5) * centres + np.sqrt(0.5) * rng.standard_normal((100, 16))
    flat = DrawnPictures(size=32).generate({"latent": rows}).reshape(100, -1).astype(float)
    distance = np.linalg.norm(flat[:, None] - flat[None], axis=-1)
    same = np.equal.outer(np.arange(100) // 5, np.arange(100) // 5)
    np.fill_diagonal(distance, np.nan)
    assert np.nanmean(distance[same]) < 0.9 * np.nanmean(distance[~same])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"latents": np.zeros((1, 16))}, "did you mean 'latent'"),
        ({}, "'latent' is needed"),
        ({"latent": np.zeros((2, 15))}, r"shape \(2, 15\), \(n, 16\) is needed"),
        ({"latent": np.zeros(16)}, r"shape \(16,\)"),
        ({"latent": np.array([[0.0] * 16, [np.nan] * 16])}, "not finite .*picture 1"),
    ],
)
def test_wrong_latents_are_refused_in_one_line(given, message):
    with pytest.raises(DataFault, match=message):
        DrawnPictures().generate(given)


def test_wrong_options_are_refused_in_one_line():
    with pytest.raises(ConfigFault, match="8 pixels"):
        make_generator("drawn", size=8)
    with pytest.raises(ConfigFault, match="did you mean 'size'"):
        make_generator("drawn", sise=32)
    with pytest.raises(ConfigFault, match="did you mean 'drawn'"):
        make_generator("draw")


def test_the_settings_name_what_changes_the_output():
    assert DrawnPictures(32).settings() != DrawnPictures(64).settings()
