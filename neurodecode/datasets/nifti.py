"""NIfTI files opened and read with faults in one line where they are absent or broken."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

BROKEN = (OSError, EOFError, ValueError, zlib.error)
"""What readers of images raise for files that are cut short or damaged."""


def load_image(path: Path) -> Any:
    """Open an image; its numbers are not read yet.

    Raises
    ------
    DataFault
        If the file is missing, an error page, or no image.
    """
    import nibabel
    from nibabel.filebasedimages import ImageFileError

    if not path.is_file():
        raise DataFault("file not found", where=str(path))
    sniff(path)
    try:
        return nibabel.load(path)
    except (*BROKEN, ImageFileError) as error:
        raise cannot_read(path, error) from error


def image_numbers(image: Any, path: Path) -> NDArray[Any]:
    """Return the numbers of an image of :func:`load_image`; DataFault if it is cut short."""
    try:
        return np.asanyarray(image.dataobj)
    except BROKEN as error:
        raise cannot_read(path, error) from error


def cannot_read(path: Path, error: Exception) -> DataFault:
    """Word an image that cannot be read."""
    what = f"the image cannot be read: {error}"
    return DataFault(what, where=str(path), fix="it may be cut short: fetch or copy it again")
