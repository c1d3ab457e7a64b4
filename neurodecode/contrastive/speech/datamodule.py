"""Training and validation windows of listening people for any Lightning Trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.contrastive.datamodule import WindowData, require_windows
from neurodecode.contrastive.speech.heard import HeardWindows

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from neurodecode.contrastive.data import Recordings
    from neurodecode.contrastive.speech.targets import TargetBank
    from neurodecode.signals.continuous import ContinuousSection


class ListeningData(WindowData):
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
        super().__init__(batch_size=batch_size, seed=seed, num_workers=num_workers)
        self.recordings, self.bank, self.settings = recordings, bank, settings
        self.shuffled, self.scaler_windows, self.keep = shuffled, scaler_windows, keep

    def setup(self, stage: str | None = None) -> None:
        """Fit the target's scaler and index the windows, once."""
        if self.sets:
            return
        train = self.recordings.windows("train")
        if self.keep is not None:
            train = self.keep(train)
        valid = self.recordings.windows("valid")
        require_windows(training=train, validation=valid)
        self.bank.fit_scaler(train, n_windows=self.scaler_windows, seed=self.seed)
        rng = np.random.default_rng(self.seed)
        orders = [rng.permutation(len(w)) if self.shuffled else None for w in (train, valid)]
        self.sets = {
            part: HeardWindows(self.recordings, self.bank, windows, self.settings, order)
            for part, windows, order in zip(("train", "valid"), (train, valid), orders, strict=True)
        }
