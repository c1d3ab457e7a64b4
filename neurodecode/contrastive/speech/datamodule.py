"""Training and validation windows for any Lightning Trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightning
import numpy as np
from torch.utils.data import DataLoader

from neurodecode.contrastive.data import EpochOrder, Recordings
from neurodecode.contrastive.speech.heard import HeardWindows
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from neurodecode.contrastive.speech.targets import TargetBank
    from neurodecode.signals.continuous import ContinuousSection


class ListeningData(lightning.LightningDataModule):
    """Training and validation windows of some participants.

    Parameters
    ----------
    recordings : Recordings
    bank : TargetBank
        Its scaler is fitted on the training windows when the data are set up.
    settings : ContinuousSection
    batch_size : int, default=256
    seed : int, default=0
        Of the order of windows and the scaler's draw.
    shuffled : bool, default=False
        Give every training window another one's target.
    scaler_windows : int, default=8000
    num_workers : int, default=0
    keep : callable, optional
        Maps the training windows to those used (for example the first minutes).

    Raises
    ------
    DataFault
        If there are fewer than two training or validation windows.

    Examples
    --------
    Train on the stores and the story of a finished run under a Trainer of one's own:

    >>> story, audio = read_story(run / "story")  # doctest: +SKIP
    >>> stores = {label: run / "stores" / label for label in ("01", "02")}  # doctest: +SKIP
    >>> recordings = Recordings(stores)  # doctest: +SKIP
    >>> cache = EmbeddingCache("embeddings", make_encoder("mel"))  # doctest: +SKIP
    >>> bank = TargetBank(cache, audio, story, ContinuousSection())  # doctest: +SKIP
    >>> data = ListeningData(recordings, bank, ContinuousSection())  # doctest: +SKIP
    >>> brain = BrainSection().build(bank.n_features, n_participants=2)  # doctest: +SKIP
    >>> module = ContrastiveModule(SpeechNetwork(brain))  # doctest: +SKIP
    >>> lightning.Trainer(max_epochs=10).fit(module, datamodule=data)  # doctest: +SKIP
    """

    def __init__(
        self,
        recordings: Recordings,
        bank: TargetBank,
        settings: ContinuousSection,
        *,
        batch_size: int = 256,
        seed: int = 0,
        shuffled: bool = False,
        scaler_windows: int = 8000,
        num_workers: int = 0,
        keep: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    ) -> None:
        super().__init__()
        self.recordings, self.bank, self.settings = recordings, bank, settings
        self.batch_size, self.seed, self.shuffled = batch_size, seed, shuffled
        self.scaler_windows, self.num_workers, self.keep = scaler_windows, num_workers, keep
        self.sets: dict[str, HeardWindows] = {}

    def setup(self, stage: str | None = None) -> None:
        """Fit the target's scaler and index the windows, once."""
        if self.sets:
            return
        train = self.recordings.windows("train")
        if self.keep is not None:
            train = self.keep(train)
        valid = self.recordings.windows("valid")
        for name, windows in (("training", train), ("validation", valid)):
            if len(windows) < 2:
                raise DataFault(f"{len(windows)} {name} windows", fix="more data, or another split")
        self.bank.fit_scaler(train, n_windows=self.scaler_windows, seed=self.seed)
        rng = np.random.default_rng(self.seed)
        orders = [rng.permutation(len(w)) if self.shuffled else None for w in (train, valid)]
        self.sets = {
            part: HeardWindows(self.recordings, self.bank, windows, self.settings, order)
            for part, windows, order in zip(("train", "valid"), (train, valid), orders, strict=True)
        }

    def train_dataloader(self) -> DataLoader[Any]:
        """In another order each epoch, which depends on the seed and the epoch alone."""
        return self._loader("train", EpochOrder(len(self.sets["train"]), self.seed))

    def val_dataloader(self) -> DataLoader[Any]:
        """Shuffled once, the same every epoch: negatives of a batch come from everywhere."""
        order = EpochOrder(len(self.sets["valid"]), self.seed, moving=False)
        return self._loader("valid", order)

    def _loader(self, part: str, order: EpochOrder) -> DataLoader[Any]:
        windows = self.sets[part]
        return DataLoader(
            windows, batch_size=min(self.batch_size, len(windows)), sampler=order, drop_last=True,
            collate_fn=_as_is, num_workers=self.num_workers,
            persistent_workers=self.num_workers > 0,
        )  # fmt: skip


def _as_is(batch: Any) -> Any:
    return batch
