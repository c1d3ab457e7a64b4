"""The pixels themselves, the lowest level of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.stimuli.pictures.engineered import EngineeredEncoder

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Pixels(EngineeredEncoder):
    """RGB values in [0, 1] of a small version of the picture, row by row.

    Parameters
    ----------
    size : int, default=32
        Pixels of the square the picture is brought to first.
    """

    name = "pixels"

    def __init__(self, size: int = 32) -> None:
        super().__init__(size)

    @property
    def shape(self) -> tuple[int, ...]:
        """(3 * size * size,)."""
        return (3 * self.size**2,)

    def features(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the values of one picture of shape (size, size, 3)."""
        return (picture / 255.0).ravel()
