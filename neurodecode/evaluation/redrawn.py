"""Where generated pictures are kept, in the order of the table of their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.artefacts import atomic_path

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PICTURES = "pictures.npy"
"""Generated pictures, in the order of the predictions beside them."""


def save_pictures(folder: Path, pictures: NDArray[np.uint8]) -> None:
    """Write pictures (n, height, width, 3) below a folder."""
    with atomic_path(folder / PICTURES) as path, path.open("wb") as file:
        np.save(file, pictures, allow_pickle=False)


def open_pictures(folder: Path) -> NDArray[np.uint8]:
    """Open the pictures below a folder, memory-mapped."""
    found: NDArray[np.uint8] = np.load(folder / PICTURES, allow_pickle=False, mmap_mode="r")
    return found
