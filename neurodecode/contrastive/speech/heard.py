"""Windows of listening people together with what was heard in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch.utils.data import Dataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurodecode.contrastive.data import Batch, Recordings
    from neurodecode.contrastive.speech.targets import TargetBank
    from neurodecode.signals.continuous import ContinuousSection


def shift_by_lag(signals: torch.Tensor, targets: torch.Tensor, lag: int) -> tuple[Any, Any]:
    """Drop the first ``lag`` brain samples and the last ``lag`` target samples."""
    stop = targets.shape[-1] - lag
    return signals[..., lag:], targets[..., :stop]


class HeardWindows(Dataset[Any]):
    """Windows with their targets; asked for many at a time by the loader.

    Parameters
    ----------
    windows : DataFrame
        Of :meth:`Recordings.windows`.
    permutation : ndarray of int, optional
        Row whose target each row gets: a control with targets in random order.
    """

    def __init__(
        self,
        recordings: Recordings,
        bank: TargetBank,
        windows: pd.DataFrame,
        settings: ContinuousSection,
        permutation: NDArray[Any] | None = None,
    ) -> None:
        self.recordings, self.bank, self.settings = recordings, bank, settings
        self.windows = windows.reset_index(drop=True)
        heard = self.windows if permutation is None else self.windows.iloc[permutation]
        self.index = bank.index(heard)
        keys = heard["block"].astype(str) + "@" + heard["sound_start"].round(2).astype(str)
        self.segments = torch.from_numpy(pd.factorize(keys)[0])

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, row: int) -> Batch:
        return self.__getitems__([row])

    def __getitems__(self, rows: Sequence[int]) -> Batch:
        """Return a batch: signals and targets shifted against one another by the lag."""
        batch = self.recordings.read(self.windows.iloc[list(rows)], self.settings)
        targets = self.bank.gather(self.index[list(rows)])
        batch["signals"], batch["targets"] = shift_by_lag(
            batch["signals"], targets, self.settings.n_lag
        )
        batch["segments"] = self.segments[list(rows)]
        return batch
