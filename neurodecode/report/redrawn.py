"""Redrawn pictures beside those that were seen: the best, the median and the worst."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.evaluation.display import best_median_worst
from neurodecode.report.gallery import gallery_figure
from neurodecode.stimuli.pictures.files import read_picture, resize_picture

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.report.model import Figure

N_SHOWN = 4
SHOWN_SIZE = 96


def redrawn_gallery(
    table: pd.DataFrame, pictures: Path, redrawn: NDArray[np.uint8], encoder: str
) -> Figure:
    """Draw the best, median and worst pictures by two-way identification.

    Parameters
    ----------
    table : DataFrame
        Its index is the row among ``redrawn``; columns: ``image``, the seen picture's file, and the
        score.
    pictures : Path
        Folder of the seen pictures.
    redrawn : ndarray, shape (n, height, width, 3)
        May be memory-mapped.
    encoder : str
        Whose features identify, a name in the table's columns.
    """
    score = f"{encoder} two-way"
    n_shown = min(N_SHOWN, max(1, len(table) // 3))
    chosen = best_median_worst(table[score].to_numpy(float), n_shown)
    seen, made, titles = [], [], []
    for kind, places in chosen.items():
        for place in places.tolist():
            row: Any = table.iloc[place]
            seen.append(_small(read_picture(pictures / row["image"])))
            made.append(_small(np.asarray(redrawn[table.index[place]])))
            titles.append(f"{kind}\n{row[score]:.2f}")
    return gallery_figure(
        [("seen", seen), ("redrawn", made)], titles, name="gallery",
        alt=f"Seen and redrawn pictures, best, median and worst {n_shown}: {score} identification",
        caption=f"Best, median and worst by {score} identification (0.5: chance).",
    )  # fmt: skip


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return resize_picture(picture, min(SHOWN_SIZE, *picture.shape[:2]))
