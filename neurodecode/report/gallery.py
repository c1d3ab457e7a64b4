"""Pictures beside one another: what was seen, and what was made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

from neurodecode.report.figures import STYLE, to_svg
from neurodecode.report.model import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

COLUMNS = 12


def gallery_figure(
    rows: Sequence[tuple[str, Sequence[NDArray[np.uint8]]]],
    titles: Sequence[str],
    *,
    name: str,
    alt: str,
    caption: str = "",
) -> Figure:
    """Draw rows of pictures, at most twelve in each.

    Parameters
    ----------
    rows : sequence of (label, pictures)
        As ("seen", [...]) and ("redrawn", [...]); each picture (height, width, 3).
    titles : sequence of str
        Above each column.
    """
    n_columns = min(COLUMNS, len(titles))
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 0.4 + 0.75 * len(rows)), layout="constrained")
        axes = canvas.subplots(len(rows), n_columns, squeeze=False)
        for row, (label, pictures) in enumerate(rows):
            for column in range(n_columns):
                axis = axes[row, column]
                axis.imshow(pictures[column], interpolation="nearest")
                axis.set(xticks=[], yticks=[])
                for spine in axis.spines.values():
                    spine.set_visible(False)
                if row == 0:
                    axis.set_title(titles[column], fontsize=7)
            axes[row, 0].set_ylabel(label, fontsize=8)
        svg = to_svg(canvas, name)
    return Figure(svg, alt, caption)
