"""Training and validation windows of viewing people for any Lightning Trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.contrastive.datamodule import WindowData
from neurodecode.contrastive.image.data import training_sets

if TYPE_CHECKING:
    from neurodecode.contrastive.data import Recordings
    from neurodecode.contrastive.image.bank import PictureBank
    from neurodecode.contrastive.image.config import ViewingSignals
    from neurodecode.contrastive.image.config_evaluation import Span


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
        self.recordings, self.bank, self.settings = recordings, bank, settings
        self.span, self.shuffled = span, shuffled

    def setup(self, stage: str | None = None) -> None:
        """Index the windows, once."""
        if not self.sets:
            self.sets = training_sets(
                self.recordings, self.bank, self.settings,
                span=self.span, shuffled=self.shuffled, seed=self.seed,
            )  # fmt: skip
