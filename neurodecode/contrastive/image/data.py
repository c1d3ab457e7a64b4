"""Windows of people who look at pictures together with what they saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.contrastive.data import Batch, Recordings
    from neurodecode.contrastive.image.bank import PictureBank
    from neurodecode.contrastive.image.config import ViewingSignals
    from neurodecode.contrastive.image.config_evaluation import Span


def samples_of(span: Span | None, settings: ViewingSignals) -> slice:
    """Return the samples of a part of the window: from its start up to, not including, its end.

    Parameters
    ----------
    span : (float, float) or None
        Start and stop in s after the onset; None: the whole window, both ends included.
    """
    if span is None:
        return slice(0, settings.n_samples)
    first, stop = (round((edge - settings.tmin) * settings.sfreq) for edge in span)
    return slice(first, max(stop, first + 1))


class SeenWindows:
    """Windows with the embedding of the seen picture; asked for many at a time by the loader.

    Parameters
    ----------
    recordings : Recordings
    bank : PictureBank or None
        None: signals alone.
    windows : DataFrame
        Of :meth:`Recordings.windows`.
    settings : ViewingSignals
    span : (float, float), optional
        Part of the window that is seen; the baseline is subtracted before.
    permutation : ndarray of int, optional
        Row whose picture each row gets: a control with pictures in random order.
    """

    def __init__(
        self,
        recordings: Recordings,
        bank: PictureBank | None,
        windows: pd.DataFrame,
        settings: ViewingSignals,
        span: Span | None = None,
        permutation: NDArray[Any] | None = None,
    ) -> None:
        self.recordings, self.bank, self.settings = recordings, bank, settings
        self.windows = windows.reset_index(drop=True)
        self.samples = samples_of(span, settings)
        seen = self.windows if permutation is None else self.windows.iloc[permutation]
        self.index = None if bank is None else bank.index(seen["image"].tolist())

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, row: int) -> Batch:
        return self.__getitems__([row])

    def __getitems__(self, rows: Sequence[int]) -> Batch:
        """Return a batch: ``signals, subjects, layouts, positions``.

        With a bank also ``targets`` (B, F), ``pooled``, and ``segments``: which picture.
        """
        batch = self.recordings.read(self.windows.iloc[list(rows)], self.settings)
        batch["signals"] = batch["signals"][..., self.samples]
        if self.bank is not None and self.index is not None:
            chosen = self.index[list(rows)]
            batch["targets"] = self.bank.gather(chosen)
            batch["pooled"] = self.bank.pooled(batch["targets"])
            batch["segments"] = torch.from_numpy(chosen)
        return batch


def training_sets(
    recordings: Recordings,
    bank: PictureBank,
    settings: ViewingSignals,
    *,
    span: Span | None = None,
    shuffled: bool = False,
    seed: int = 0,
) -> dict[str, SeenWindows]:
    """Return the windows of "train" and "valid".

    Parameters
    ----------
    shuffled : bool, default=False
        Give every window another one's picture, drawn with ``seed``.

    Raises
    ------
    DataFault
        If there are fewer than two training or validation windows.
    """
    rng = np.random.default_rng(seed)
    sets = {}
    for part, name in (("train", "training"), ("valid", "validation")):
        windows = recordings.windows(part)
        if len(windows) < 2:
            raise DataFault(f"{len(windows)} {name} windows", fix="more data, or another split")
        order = rng.permutation(len(windows)) if shuffled else None
        sets[part] = SeenWindows(recordings, bank, windows, settings, span, order)
    return sets
