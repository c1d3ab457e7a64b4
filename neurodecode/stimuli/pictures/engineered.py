"""What encoders without learned weights share: one size of picture, one vector from each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.pictures.files import resize_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class EngineeredEncoder(ABC):
    """A formula from a square picture to a vector, so that widths do not depend on the file.

    Parameters
    ----------
    size : int
        Pixels of the square the picture is brought to first, see
        :func:`~neurodecode.stimuli.pictures.files.resize_picture`.

    Raises
    ------
    ConfigFault
        If ``size`` is less than ``smallest``.
    """

    reads_labels: ClassVar[bool] = False
    name: ClassVar[str]
    smallest: ClassVar[int] = 8

    def __init__(self, size: int) -> None:
        if size < self.smallest:
            fix = f"give {self.smallest} or more"
            raise ConfigFault(f"pictures of {size} pixels for {self.name}", fix=fix)
        self.size = int(size)

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one picture's embedding."""

    @abstractmethod
    def features(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the vector of one picture of shape (size, size, 3)."""

    def settings(self) -> dict[str, Any]:
        """Return what changes the output: the arguments, all of them plain attributes."""
        return {"encoder": self.name, **vars(self)}

    def encode(
        self, pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str]
    ) -> NDArray[np.float32]:
        """Return the vectors, shape (n_pictures, *shape); labels are not read."""
        vectors = np.empty((len(pictures), *self.shape), dtype=np.float32)
        for vector, picture in zip(vectors, pictures, strict=True):
            vector[:] = self.features(resize_picture(picture, self.size))
        return vectors
