"""How well one half of the repetitions tells the picture of the other: no decoder, no training.

It says what a participant's signal holds at half the repetitions; a decoder of pictures, which
must also predict the response, rarely does better on real recordings, where no ceiling is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.contrastive.image.data import SeenWindows
from neurodecode.evaluation.identification import correlations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.contrastive.image.units import Seen

BATCH = 256


def split_half_ranks(seen: Seen) -> pd.DataFrame:
    """Rank, for every picture of the small set shown twice or more, its own other half.

    Even and odd repetitions are averaged apart; the mean over pictures is taken out of either
    half; halves are compared by the correlation of their windows.

    Returns
    -------
    DataFrame
        ``participant, image, rank`` (1: best), ``n_candidates``; empty without repetitions.
    """
    recordings = seen.recordings()
    windows = recordings.windows("test")
    windows = windows[windows["test_set"] == "small"]
    turn = windows.groupby(["participant", "image"]).cumcount()
    windows = windows.assign(half=turn % 2)
    tables = []
    for participant, mine in windows.groupby("participant", sort=False):
        both = mine.groupby("image")["half"].nunique() == 2
        names = sorted(both.index[both])
        if len(names) > 1:
            first, second = (_means(seen, mine[mine["half"] == half], names) for half in (0, 1))
            tables.append(_ranked(str(participant), names, first, second))
    columns = ["participant", "image", "rank", "n_candidates"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _means(seen: Seen, windows: pd.DataFrame, names: list[str]) -> NDArray[np.float64]:
    """Return the mean window of each picture (n_pictures, C * T), less the mean over pictures."""
    sight = SeenWindows(seen.recordings(), None, windows, seen.config.signals)
    place = sight.windows["image"].map({name: i for i, name in enumerate(names)})
    total: NDArray[np.float64] | None = None
    for start in range(0, len(sight), BATCH):
        rows = range(start, min(start + BATCH, len(sight)))
        cut = sight.__getitems__(rows)["signals"].flatten(1).numpy().astype(np.float64)
        total = np.zeros((len(names), cut.shape[1])) if total is None else total
        known = place.iloc[list(rows)].notna().to_numpy()
        np.add.at(total, place.iloc[list(rows)][known].to_numpy(int), cut[known])
    assert total is not None
    counts = place.dropna().astype(int).value_counts().reindex(range(len(names))).to_numpy()
    means = total / counts[:, None]
    centred: NDArray[np.float64] = means - means.mean(axis=0)
    return centred


def _ranked(
    participant: str, names: list[str], first: NDArray[np.float64], second: NDArray[np.float64]
) -> pd.DataFrame:
    scores = correlations(first, second)
    own = np.diag(scores)
    ranks = 1 + (scores > own[:, None]).sum(axis=1)
    return pd.DataFrame(
        {"participant": participant, "image": names, "rank": ranks, "n_candidates": len(names)}
    )
