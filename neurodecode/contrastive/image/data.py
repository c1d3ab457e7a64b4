"""Windows of people who look at pictures together with what they saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from neurodecode.contrastive.datamodule import WindowData, require_windows

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


class ViewingData(WindowData):
    """Training and validation windows of people who look at pictures.

    Parameters
    ----------
    recordings : Recordings
    bank : PictureBank
    settings : ViewingSignals
    span : (float, float), optional
        Part of the window.
    batch_size, seed, num_workers : int
    shuffled : bool, default=False
        Give every training window another one's picture.

    Raises
    ------
    DataFault
        If there are fewer than two training or validation windows.

    Examples
    --------
    Train on the stores of a finished run under a Trainer of one's own:

    >>> recordings = Recordings({"01": run / "stores" / "01"})  # doctest: +SKIP
    >>> trials = recordings.windows()  # doctest: +SKIP
    >>> encoder = make_picture_encoder("hog")  # doctest: +SKIP
    >>> features = PictureCache("embeddings", encoder).get(pictures, images)  # doctest: +SKIP
    >>> data = ViewingData(recordings, PictureBank("hog", images, features),
    ...                    ViewingSignals(), batch_size=128, seed=1)  # doctest: +SKIP
    """

    def __init__(
        self,
        recordings: Recordings,
        bank: PictureBank,
        settings: ViewingSignals,
        *,
        batch_size: int,
        seed: int,
        span: Span | None = None,
        shuffled: bool = False,
        num_workers: int = 0,
    ) -> None:
        super().__init__(batch_size=batch_size, seed=seed, num_workers=num_workers)
        self.sets: dict[str, SeenWindows] = {}
        self.recordings, self.bank, self.settings = recordings, bank, settings
        self.span, self.shuffled = span, shuffled

    def setup(self, stage: str | None = None) -> None:
        """Index the windows, once."""
        if self.sets:
            return
        train, valid = (self.recordings.windows(part) for part in ("train", "valid"))
        require_windows(training=train, validation=valid)
        rng = np.random.default_rng(self.seed)
        orders = [rng.permutation(len(w)) if self.shuffled else None for w in (train, valid)]
        self.sets = {
            part: SeenWindows(self.recordings, self.bank, windows, self.settings, self.span, order)
            for part, windows, order in zip(("train", "valid"), (train, valid), orders, strict=True)
        }
