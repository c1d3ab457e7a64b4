"""A coarser grid is one grid for images and masks, and says what cannot be."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from neurodecode.connectome.images import image_series
from neurodecode.connectome.voxel_size import resampled_grid, resampled_image, resampled_mask
from neurodecode.faults import ConfigFault

AFFINE = np.array([[-2.0, 0, 0, 9], [0, 2, 0, -7], [0, 0, 2, 5], [0, 0, 0, 1]])


@pytest.fixture
def image():
    values = np.random.default_rng(0).standard_normal((7, 6, 5, 30)) + 5
    return nibabel.Nifti1Image(values.astype(np.float32), AFFINE)


@pytest.fixture
def mask():
    inside = np.zeros((7, 6, 5), np.uint8)
    inside[:, 1:, :4] = 1
    return nibabel.Nifti1Image(inside, AFFINE)


def test_image_and_mask_of_one_grid_come_to_one_grid(image, mask, tmp_path):
    coarse, inside = resampled_image(image, 4), resampled_mask(mask, 4)
    assert coarse.shape[:3] == inside.shape == (4, 4, 3)
    np.testing.assert_array_equal(coarse.affine, inside.affine)
    assert set(np.unique(inside.dataobj)) == {0, 1}
    nibabel.save(image, tmp_path / "run.nii.gz")
    shape, affine = resampled_grid(tmp_path / "run.nii.gz", 4)
    assert shape == inside.shape
    np.testing.assert_array_equal(affine, inside.affine)


def test_a_smooth_field_keeps_its_values_at_the_places_in_mm(mask):
    places = np.stack(np.meshgrid(*map(np.arange, mask.shape), indexing="ij"), axis=-1)
    field = places @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    coarse = resampled_image(nibabel.Nifti1Image(field, AFFINE), 4)
    wanted = np.stack(np.meshgrid(*map(np.arange, coarse.shape[:3]), indexing="ij"), axis=-1)
    expected = wanted @ coarse.affine[:3, :3].T + coarse.affine[:3, 3]
    within = resampled_mask(nibabel.Nifti1Image(np.ones(mask.shape, np.uint8), AFFINE), 4)
    inside = np.asarray(within.dataobj) > 0
    np.testing.assert_allclose(coarse.get_fdata()[inside], expected[inside], atol=0.5)


def test_courses_are_those_of_the_coarse_voxels_inside(image, mask):
    inside = resampled_mask(mask, 4)
    series = image_series(image, inside, voxel_mm=4)
    assert series.courses.shape == (int(np.asarray(inside.dataobj).sum()), 30)


def test_a_finer_grid_than_the_images_is_refused(image, mask):
    assert resampled_image(image, None) is image
    assert resampled_mask(mask, 2).shape == mask.shape
    with pytest.raises(ConfigFault, match=r"1 mm is finer than the voxels of 2 x 2 x 2 mm"):
        resampled_image(image, 1)
