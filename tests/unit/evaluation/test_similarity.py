"""Pixels and features are compared as scikit-image 0.26.0 and scipy 1.17 do it, or by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import correlation
from skimage.color import rgb2gray
from skimage.metrics import structural_similarity

from neurodecode.evaluation import (
    correlation_distance,
    identification,
    pix_corr,
    ssim,
    two_way_identification,
)
from neurodecode.evaluation.similarity import resize_like
from neurodecode.faults import DataFault


def pictures(n, size=(24, 31), seed=0):
    rng = np.random.default_rng(seed)
    return list(rng.integers(256, size=(n, *size, 3), dtype=np.uint8))


@pytest.mark.parametrize("size", [(11, 11), (24, 31), (64, 40)])
def test_ssim_is_that_of_scikit_image(size):
    true, noise = pictures(3, size), pictures(3, size, seed=1)
    generated = [(0.6 * t + 0.4 * n).astype(np.uint8) for t, n in zip(true, noise, strict=True)]
    expected = [
        structural_similarity(
            rgb2gray(t), rgb2gray(g), gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False, data_range=1.0,
        )
        for t, g in zip(true, generated, strict=True)
    ]  # fmt: skip
    np.testing.assert_allclose(ssim(true, generated), expected, atol=1e-10)


def test_pixcorr_is_pearson_over_all_rgb_values():
    true, generated = pictures(3), pictures(3, seed=1)
    expected = [
        np.corrcoef(t.ravel(), g.ravel())[0, 1] for t, g in zip(true, generated, strict=True)
    ]
    np.testing.assert_allclose(pix_corr(true, generated), expected, atol=1e-12)


def test_the_same_picture_scores_one_and_its_negative_minus_one():
    true = pictures(2)
    np.testing.assert_allclose(ssim(true, true), 1.0)
    np.testing.assert_allclose(pix_corr(true, true), 1.0)
    np.testing.assert_allclose(pix_corr(true, [255 - t for t in true]), -1.0)


def test_a_picture_of_one_colour_correlates_with_nothing():
    grey = [np.full((24, 31, 3), 90, np.uint8)]
    assert pix_corr(pictures(1), grey) == [0.0]
    assert 0 < ssim(grey, grey)[0] <= 1


def test_a_generated_picture_is_brought_to_the_true_size():
    ramp = np.linspace(0, 255, 60).astype(np.uint8)
    small = np.repeat(np.tile(ramp[:, None], (1, 40))[..., None], 3, axis=2)
    large = np.kron(small, np.ones((2, 2, 1), np.uint8))
    assert resize_like(large, small).shape == small.shape
    assert pix_corr([small], [large])[0] > 0.999
    assert ssim([large, small], [small, large]).min() > 0.98
    assert resize_like(small, small) is small


def brute_force_shares(true, generated, names):
    """The definition, a correlation at a time."""
    shares = []
    for i, g in enumerate(generated):
        own, wins = np.corrcoef(true[i], g)[0, 1], []
        for j, t in enumerate(true):
            if names[j] != names[i]:
                other = np.corrcoef(t, g)[0, 1]
                tie = abs(other - own) < 1e-9
                wins.append(0.5 if tie else float(other < own))
        shares.append(np.mean(wins))
    return shares


@pytest.mark.parametrize("repeated", [False, True])
def test_identification_is_the_double_loop_of_its_definition(repeated, monkeypatch):
    rng = np.random.default_rng(3)
    true = rng.standard_normal((15, 40))
    names = [str(i // 3 if repeated else i) for i in range(15)]
    if repeated:
        true = true[np.arange(15) // 3 * 3]
    generated = true + 3 * rng.standard_normal((15, 40))
    expected = brute_force_shares(true, generated, names)
    np.testing.assert_allclose(two_way_identification(true, generated, names), expected)
    monkeypatch.setattr(identification, "BLOCK_BYTES", 8 * 15 * 7)  # 7 features at a time
    np.testing.assert_allclose(two_way_identification(true, generated, names), expected)


def test_identification_of_worked_numbers():
    true = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    generated = np.array([[3.0, 1, 0], [2, 0, 1], [0, 1, 1]])
    # Order of the true pictures by correlation: 1 2 3; 1 3 2; 2 and 3 tie, then 1.
    assert two_way_identification(true, generated).tolist() == [1.0, 0.0, 0.75]


def test_identification_without_information_is_at_chance():
    rng = np.random.default_rng(0)
    shares = two_way_identification(rng.normal(size=(300, 50)), rng.normal(size=(300, 50)))
    assert shares.mean() == pytest.approx(0.5, abs=0.05)  # 3 standard errors
    same = np.tile(rng.normal(size=50), (6, 1))
    assert two_way_identification(same, rng.normal(size=(6, 50))).tolist() == [0.5] * 6


def test_identification_does_not_depend_on_scale_offset_or_dtype():
    rng = np.random.default_rng(1)
    true, generated = rng.normal(size=(2, 10, 4, 6))
    expected = two_way_identification(true, generated)
    np.testing.assert_allclose(two_way_identification(5 * true - 3, generated), expected)
    single = two_way_identification(true.astype(np.float32), generated.astype(np.float32))
    np.testing.assert_allclose(single, expected)


def test_distance_is_that_of_scipy(monkeypatch):
    rng = np.random.default_rng(2)
    true, generated = rng.normal(size=(2, 8, 30))
    expected = [correlation(t, g) for t, g in zip(true, generated, strict=True)]
    np.testing.assert_allclose(correlation_distance(true, generated), expected)
    monkeypatch.setattr(identification, "BLOCK_BYTES", 8 * 8 * 11)
    np.testing.assert_allclose(correlation_distance(true, generated), expected)


def test_faults_name_the_picture():
    true = pictures(2)
    with pytest.raises(DataFault, match="2 true pictures, 1 generated"):
        pix_corr(true, true[:1])
    with pytest.raises(DataFault, match=r"generated picture is float64 .* \[picture 1\]"):
        ssim(true, [true[0], true[1] / 255])
    with pytest.raises(DataFault, match="11 x 11 pixels or more, the picture has 10 x 31"):
        ssim(pictures(1, (10, 31)), true[:1])
    features = np.random.default_rng(0).normal(size=(3, 5))
    with pytest.raises(DataFault, match=r"generated picture are all the same.*\[picture 2\]"):
        two_way_identification(features, np.vstack([features[:2], np.full(5, 0.1)]))
    with pytest.raises(DataFault, match=r"true picture are not finite.*\[picture 0\]"):
        correlation_distance(np.vstack([[np.nan] * 5, features[1:]]), features)
    with pytest.raises(DataFault, match=r"shape \(3, 5\), of generated ones \(2, 5\)"):
        two_way_identification(features, features[:2])
    with pytest.raises(DataFault, match="two different pictures or more"):
        two_way_identification(features, features, ["a"] * 3)
    with pytest.raises(DataFault, match="2 names for 3 pictures"):
        two_way_identification(features, features, ["a", "b"])
