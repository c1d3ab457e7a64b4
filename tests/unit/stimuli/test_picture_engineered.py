"""Engineered encoders see what their formulas say, and nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest
from skimage.feature import hog

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.pictures.encoder import make_picture_encoder

ENGINEERED = ["colour_histogram", "fft2d", "hog", "lbp"]


def encode(name, *pictures, **options):
    encoder = make_picture_encoder(name, **options)
    return encoder.encode(pictures, [""] * len(pictures))


def uniform(colour, size=64):
    return np.full((size, size, 3), colour, dtype=np.uint8)


def grating(cycles, angle=0.0, phase=0.0, size=64):
    """Return a grey sine wave along x (angle 0) or turned counter-clockwise by degrees."""
    y, x = np.mgrid[:size, :size] / size
    turned = x * np.cos(np.deg2rad(angle)) + y * np.sin(np.deg2rad(angle))
    wave = np.round(127.5 + 100 * np.cos(2 * np.pi * (cycles * turned + phase)))
    return np.repeat(wave[..., None], 3, axis=2).astype(np.uint8)


def noise(height=48, width=80, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", ENGINEERED)
def test_widths_do_not_depend_on_the_picture_and_rows_not_on_each_other(name):
    encoder = make_picture_encoder(name)
    pictures = [noise(), noise(200, 100, 1), uniform(0)]
    together = encoder.encode(pictures, [""] * 3)
    assert together.shape == (3, *encoder.shape)
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    for row, picture in zip(together, pictures, strict=True):
        np.testing.assert_array_equal(encoder.encode([picture], [""])[0], row)
    assert not encoder.reads_labels


@pytest.mark.parametrize("name", ENGINEERED)
def test_settings_are_plain_and_follow_the_options(name):
    plain, small = (make_picture_encoder(name, size=size) for size in (64, 32))
    assert plain.settings() == make_picture_encoder(name, size=64).settings()
    assert plain.settings() != small.settings()
    assert json.loads(json.dumps(plain.settings())) == plain.settings()
    with pytest.raises(ConfigFault, match="give 8 or more"):
        make_picture_encoder(name, size=7)


def test_one_colour_is_one_bin_of_512():
    (histogram,) = encode("colour_histogram", uniform((255, 32, 0)))
    assert histogram.shape == (512,)
    assert np.flatnonzero(histogram).tolist() == [7 * 64 + 1 * 8 + 0]
    assert histogram.max() == 1


def test_two_colours_share_by_area_and_the_norm_is_one():
    picture = uniform((0, 0, 0))
    picture[:, :16] = 255
    (joint,) = encode("colour_histogram", picture, size=64)
    np.testing.assert_allclose(joint[[0, -1]], np.array([3, 1]) / np.sqrt(10), rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(joint), 1, rtol=1e-6)
    (marginal,) = encode("colour_histogram", picture, size=64, kind="marginal")
    np.testing.assert_allclose(marginal.reshape(3, 8)[:, [0, 7]], [[0.75, 0.25]] * 3)


def test_marginal_histograms_are_those_of_numpy():
    (found,) = encode("colour_histogram", noise(64, 64), size=64, kind="marginal", n_bins=5)
    expected = [np.histogram(noise(64, 64)[..., c], 5, (0, 256))[0] / 64**2 for c in range(3)]
    np.testing.assert_allclose(found.reshape(3, 5), expected, rtol=1e-6)


def test_colour_does_not_depend_on_place():
    shuffled = np.random.default_rng(0).permutation(noise(64, 64).reshape(-1, 3))
    a, b = encode("colour_histogram", noise(64, 64), shuffled.reshape(64, 64, 3), size=64)
    np.testing.assert_array_equal(a, b)


def test_a_uniform_picture_has_one_pattern_and_shares_add_up():
    flat, rough = encode("lbp", uniform(100), noise())
    assert flat.shape == (10,)
    assert flat[8] == 1  # every neighbour is as light as the middle
    np.testing.assert_allclose(rough.sum(), 1, rtol=1e-6)


def test_patterns_ignore_brightness_contrast_and_quarter_turns():
    picture = noise(64, 64) // 2
    turned = np.rot90(picture)
    brighter = picture + np.uint8(100)
    a, b, c = encode("lbp", picture, brighter, turned, size=64)
    np.testing.assert_allclose(b, a, atol=1e-3)  # luminance is rounded
    np.testing.assert_allclose(c, a, atol=1e-3)


def test_dark_points_and_light_points_have_the_patterns_of_the_formula():
    picture = uniform(100)
    picture[8::16, 8::16] = 200
    (light,) = encode("lbp", picture, size=64)
    assert light[0] == pytest.approx(16 / 62**2)  # lighter than all eight neighbours


def test_direction_of_edges_fills_the_bin_of_the_gradient():
    for angle, direction in ((0, 0), (45, 2), (90, 4), (135, 6)):
        (vector,) = encode("hog", grating(4, angle))
        energy = (vector.reshape(-1, 8) ** 2).sum(axis=0)
        assert energy.argmax() in (direction, (direction - 1) % 8)
        assert energy.argmax() not in ((direction + 4) % 8, (direction + 3) % 8)


def test_gradients_are_those_of_scikit_image():
    (found,) = encode("hog", noise(64, 64))
    expected = hog(
        noise(64, 64), orientations=8, pixels_per_cell=(8, 8), cells_per_block=(2, 2),
        channel_axis=-1,
    )  # fmt: skip
    np.testing.assert_array_equal(found, expected.astype(np.float32))


@pytest.mark.parametrize(
    ("options", "width"),
    [({}, 1568), ({"size": 224}, 23_328), ({"size": 70, "cell": 10, "block": 3}, 25 * 9 * 8)],
)
def test_the_width_of_gradients_is_the_formula(options, width):
    assert make_picture_encoder("hog", **options).shape == (width,)
    assert encode("hog", noise(), **options).shape == (1, width)


def test_a_uniform_picture_has_no_edges():
    assert not encode("hog", uniform(80)).any()


@pytest.mark.parametrize("cycles", [1, 5, 13])
def test_a_grating_is_one_frequency_and_shifting_it_turns_its_phase(cycles):
    pair = [grating(cycles, phase=phase) for phase in (0.0, 0.25)]
    here, shifted = encode("fft2d", *pair).reshape(2, 64, 33, 2)
    power = (here**2).sum(axis=-1)
    power[32, 0] = 0  # the mean
    assert np.unravel_index(power.argmax(), power.shape) == (32, cycles)
    assert power[32, cycles] > 0.99 * power.sum()
    before, after = (complex(*s[32, cycles]) for s in (here, shifted))
    np.testing.assert_allclose(after / before, 1j, atol=0.02)  # a quarter of a cycle


def test_amplitude_stays_and_angle_turns_when_a_grating_moves():
    pair = [grating(5, 90, phase) for phase in (0.0, 0.25)]
    vectors = encode("fft2d", *pair, form="log_psd_angle").reshape(2, 64, 2, 33)
    (psd, angle), (psd_moved, angle_moved) = vectors[:, 32 + 5, :, 0]
    assert psd_moved == pytest.approx(psd, rel=1e-3)
    assert angle_moved - angle == pytest.approx(np.pi / 2, abs=0.02)


def test_all_coefficients_give_the_picture_back():
    (vector,) = encode("fft2d", noise(64, 64))
    parts = np.fft.ifftshift(vector.reshape(64, 33, 2), axes=0)
    grey = np.fft.irfft2(parts[..., 0] + 1j * parts[..., 1])
    np.testing.assert_allclose(grey * 255, noise(64, 64).mean(axis=2), atol=1e-2)


def test_fewer_frequencies_are_the_lowest_ones():
    (few,) = encode("fft2d", noise(64, 64), n_frequencies=3)
    (all_of_them,) = encode("fft2d", noise(64, 64))
    kept = all_of_them.reshape(64, 33, 2)[32 - 3 : 32 + 3, :4]
    np.testing.assert_array_equal(few, kept.ravel())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("colour_histogram", {"kind": "jiont"}, "did you mean 'joint'"),
        ("colour_histogram", {"n_bins": 1}, "give 2 to 32"),
        ("lbp", {"n_points": 2}, "4 to 32 points"),
        ("lbp", {"radius": 200.0}, "radius of 1 to 56"),
        ("hog", {"cell": 40}, "blocks that fit"),
        ("hog", {"orientations": 0}, "give 1 or more"),
        ("fft2d", {"form": "real_imag"}, "did you mean 'real_imaginary'"),
        ("fft2d", {"n_frequencies": 33}, "1 to half of it"),
        ("fft2d", {"size": 65}, "even size"),
        ("hog", {"orientation": 9}, "did you mean 'orientations'"),
        ("hogg", {}, "unknown picture encoder 'hogg', did you mean 'hog'"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_the_way_out(name, options, message):
    with pytest.raises(ConfigFault, match=message):
        make_picture_encoder(name, **options)
