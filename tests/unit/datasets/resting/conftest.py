"""Tiny files in the layouts of the releases."""

import nibabel
import numpy as np
import pytest

GRID = (3, 4, 3)


def band_limited(n_times, t_r, rng, *, top=0.08):
    """Return 36 courses (n_times, 36) without power above a frequency."""
    spectrum = np.fft.rfft(rng.standard_normal((n_times, int(np.prod(GRID)))), axis=0)
    spectrum[np.fft.rfftfreq(n_times, t_r) > top] = 0
    return np.fft.irfft(spectrum, n_times, axis=0)


@pytest.fixture
def write_image():
    def write(path, *, n_times=60, t_r=2.0, top=0.08, change=None):
        path.parent.mkdir(parents=True, exist_ok=True)
        courses = band_limited(n_times, t_r, np.random.default_rng(0), top=top)
        values = courses.T.reshape(*GRID, n_times).astype(np.float32)
        if change is not None:
            change(values)
        image = nibabel.Nifti1Image(values, np.diag([4.0, 4, 4, 1]))
        image.header.set_zooms((4, 4, 4, t_r))
        nibabel.save(image, path)
        return path

    return write


@pytest.fixture
def write_mask():
    def write(path, *, shape=GRID):
        path.parent.mkdir(parents=True, exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(np.ones(shape, np.uint8), np.diag([4.0, 4, 4, 1])), path)
        return path

    return write
