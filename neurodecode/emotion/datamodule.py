"""Training and validation windows of rated trials for any Lightning Trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import lightning
from torch.utils.data import DataLoader

from neurodecode.emotion.batches import (
    BalancedBatches,
    BalancedCrops,
    BatchOrder,
    WindowBatches,
)
from neurodecode.emotion.windows import WindowSource, all_windows, balanced_crops
from neurodecode.evaluation.stretches import consensus_levels
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.evaluation.rated_folds import RatedFold

    Signals = Mapping[str, NDArray[np.float32]]

HELD_OUT_BATCH = 500
"""Windows of a batch where nothing is learnt: as many as stay below 10 MB of 32 channels."""


class RatedData(lightning.LightningDataModule):
    """Loaders of batches ``(windows (B, n_channels, n_samples), levels (B,))``.

    Parameters
    ----------
    source : WindowSource
    train, valid : BatchOrder
        From :mod:`neurodecode.emotion.batches`.
    num_workers : int, default=0
        Windows are gathered in far less time than the smallest network takes for them.

    See Also
    --------
    of_crops, of_sources, of_calibration : the three published kinds of training.
    """

    def __init__(
        self, source: WindowSource, train: BatchOrder, valid: BatchOrder, *, num_workers: int = 0
    ) -> None:
        super().__init__()
        self.source, self.train, self.valid, self.num_workers = source, train, valid, num_workers

    @classmethod
    def of_crops(
        cls,
        signals: Signals,
        stretches: pd.DataFrame,
        fold: RatedFold,
        *,
        window_samples: int = 128,
        batch_size: int = 256,
        n_batches: int | None = None,
        n_valid: int = 2000,
        seed: int = 0,
    ) -> Self:
        """Random crops with equal levels, validated on a fixed draw of them (within subjects).

        Parameters
        ----------
        signals : mapping of str to ndarray, shape (n_trials, n_channels, n_samples)
            Of every subject in the fold.
        stretches : DataFrame
            What the fold's positions refer to.
        fold : RatedFold
        window_samples, batch_size, n_batches
            See :class:`BalancedCrops`.
        n_valid : int, default=2000
            Windows to validate, the same every epoch.
        seed : int, default=0

        Raises
        ------
        DataFault
            If the fold has no validation part, or no window fits.
        """
        _require_valid(fold)
        source = _source(signals, stretches, fold, window_samples)
        train = BalancedCrops(
            stretches.iloc[fold.train], source.subjects, window_samples=window_samples,
            batch_size=batch_size, n_batches=n_batches, seed=seed,
        )  # fmt: skip
        drawn = balanced_crops(stretches.iloc[fold.valid], window_samples, n_valid, seed=seed)
        return cls(source, train, held_out_batches(drawn, source))

    @classmethod
    def of_sources(
        cls,
        signals: Signals,
        stretches: pd.DataFrame,
        fold: RatedFold,
        *,
        window_samples: int = 128,
        batch_size: int = 120,
        consensus: bool = True,
        seed: int = 0,
    ) -> Self:
        """Windows that follow one another, in batches of equal levels (across subjects).

        Parameters
        ----------
        signals, stretches, fold
            See :meth:`of_crops`.
        window_samples, batch_size
            See :class:`BalancedBatches`.
        consensus : bool, default=True
            Replace the level of a clip by what the training subjects gave it most often, as
            published; validation keeps the ratings as they are.
        seed : int, default=0

        Raises
        ------
        DataFault
            As :meth:`of_crops`.
        """
        _require_valid(fold)
        source, known = (
            _source(signals, stretches, fold, window_samples),
            stretches.iloc[fold.train],
        )
        if consensus:
            known = known.assign(level=consensus_levels(known))
        train = BalancedBatches(
            all_windows(known, window_samples), source.subjects, batch_size=batch_size, seed=seed
        )
        valid = all_windows(stretches.iloc[fold.valid], window_samples)
        return cls(source, train, held_out_batches(valid, source))

    @classmethod
    def of_calibration(
        cls,
        signals: Signals,
        stretches: pd.DataFrame,
        fold: RatedFold,
        *,
        window_samples: int = 128,
        stride: int = 32,
        batch_size: int = 100,
        seed: int = 0,
    ) -> Self:
        """Overlapping windows of the target's calibration part, each once per epoch.

        Nothing of the target is left to validate on, and the test part must not: the validation
        loss is that of the calibration windows without overlap, and says only how well these are
        fitted. Published: the last of 400 epochs is used.

        Parameters
        ----------
        signals, stretches, fold
            See :meth:`of_crops`.
        window_samples : int, default=128
        stride : int, default=32
        batch_size : int, default=100
        seed : int, default=0

        Raises
        ------
        DataFault
            If the fold has no calibration part, or no window fits.
        """
        known = stretches.iloc[fold.calibrate]
        if known.empty:
            raise DataFault("nothing to calibrate on", where=fold.name,
                            fix="use the protocol calibrated")  # fmt: skip
        source = WindowSource({fold.subject: signals[fold.subject]}, window_samples)
        train = WindowBatches(
            all_windows(known, window_samples, stride), source.subjects, batch_size=batch_size,
            seed=seed,
        )  # fmt: skip
        return cls(source, train, held_out_batches(all_windows(known, window_samples), source))

    def train_dataloader(self) -> DataLoader[Any]:
        """In another order each epoch, which depends on the seed and the epoch alone."""
        return loader(self.source, self.train, num_workers=self.num_workers)

    def val_dataloader(self) -> DataLoader[Any]:
        """The same windows in the same order every epoch."""
        return loader(self.source, self.valid, num_workers=self.num_workers)


def held_out_batches(windows: pd.DataFrame, source: WindowSource) -> WindowBatches:
    """Return windows in their given order, to validate or to test, each once."""
    return WindowBatches(windows, source.subjects, batch_size=HELD_OUT_BATCH, shuffled=False)


def loader(source: WindowSource, order: BatchOrder, *, num_workers: int = 0) -> DataLoader[Any]:
    """Return a loader whose sampler names whole batches."""
    return DataLoader(
        source, batch_size=None, sampler=order, collate_fn=_as_is, num_workers=num_workers,
        persistent_workers=num_workers > 0,
    )  # fmt: skip


def _as_is(batch: Any) -> Any:
    return batch


def _source(
    signals: Signals, stretches: pd.DataFrame, fold: RatedFold, window_samples: int
) -> WindowSource:
    """Open those subjects that the fold trains and validates on."""
    used = stretches["subject"].iloc[[*fold.train, *fold.valid]].astype(str).unique()
    missing = [name for name in used if name not in signals]
    if missing:
        raise DataFault(f"no signals of subject {', '.join(missing)}", where=fold.name)
    return WindowSource({name: signals[name] for name in used}, window_samples)


def _require_valid(fold: RatedFold) -> None:
    if not fold.valid.size:
        raise DataFault(
            "nothing to validate on", where=fold.name, fix="set valid_subjects to 1 or more"
        )
