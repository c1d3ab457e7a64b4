"""Histogram of oriented gradients: which way edges run, in each part of the picture."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from skimage.feature import hog

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.pictures.engineered import EngineeredEncoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class OrientedGradients(EngineeredEncoder):
    r"""Histograms of gradient directions in cells, normalised in overlapping blocks.

    In each cell, gradient magnitudes are added up in equal bins of the unsigned direction, 0 to
    180 degrees, bin 0 being a horizontal gradient (a vertical edge); of the three channels, the
    one with the largest gradient counts at each pixel. Blocks of neighbouring cells, one cell
    apart, are normalised to

    .. math:: v \leftarrow v / \sqrt{\lVert v \rVert_2^2 + \epsilon^2}

    then clipped at 0.2 and normalised again (L2-Hys). With c = size / cell cells on a side, the
    width is :math:`(c - B + 1)^2 B^2 O`: 1568 by default.

    Parameters
    ----------
    orientations : int, default=8
        O, bins of direction.
    cell : int, default=8
        Pixels on the side of a cell.
    block : int, default=2
        B, cells on the side of a block.
    size : int, default=64
        Pixels of the square the picture is brought to first. The article does not say; the width
        grows with its square (23,328 for 224).

    Raises
    ------
    ConfigFault
        If a setting is below 1, or a block does not fit into the picture.

    References
    ----------
    .. [1] Dalal and Triggs 2005, CVPR, 886-893.
    .. [2] Benchetrit et al. 2024, ICLR, section 2.3: 8 orientations, 8-pixel cells, 2 per block.
    """

    name = "hog"

    def __init__(
        self, orientations: int = 8, cell: int = 8, block: int = 2, size: int = 64
    ) -> None:
        super().__init__(size)
        if min(orientations, cell, block) < 1 or cell * block > size:
            raise ConfigFault(
                f"{orientations} orientations, cells of {cell} pixels, blocks of {block} cells "
                f"on a side, in a picture of {size}",
                fix="give 1 or more, and blocks that fit into the picture",
            )
        self.orientations, self.cell, self.block = int(orientations), int(cell), int(block)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an embedding, see the class."""
        blocks = self.size // self.cell - self.block + 1
        return (blocks**2 * self.block**2 * self.orientations,)

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        return {**super().settings(), "scikit-image": version("scikit-image")}

    def features(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the histograms of one picture: block row, block column, cell, direction."""
        vector: NDArray[Any] = hog(
            picture,
            orientations=self.orientations,
            pixels_per_cell=(self.cell, self.cell),
            cells_per_block=(self.block, self.block),
            block_norm="L2-Hys",
            channel_axis=-1,
        )
        return vector
