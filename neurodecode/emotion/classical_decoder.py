"""A classical decoder of ratings that left its run: as a network does, without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.pipeline import Pipeline

from neurodecode.decoder_folder import AGAIN, read_settings
from neurodecode.emotion.classical import TRUSTED, level_probabilities, make_classical
from neurodecode.emotion.decoder import EmotionDecoder
from neurodecode.emotion.decoder_settings import DecoderSettings
from neurodecode.emotion.decoders import decoder_of
from neurodecode.faults import DataFault
from neurodecode.persistence import load_estimators

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class ClassicalDecoder(EmotionDecoder):
    """Gives windows of a clip a probability for each value of a rating.

    Parameters
    ----------
    settings : DecoderSettings
    pipeline : Pipeline
        Fitted, of :func:`~neurodecode.emotion.classical.make_classical`.

    Raises
    ------
    DataFault
        If the pipeline is not of that decoder, or knows other levels than the settings.
    """

    def __init__(self, settings: DecoderSettings, pipeline: Pipeline) -> None:
        family, rate = decoder_of(settings.name).family, settings.signals.sampling_rate
        expected = [type(step) for _, step in make_classical(family, rate).steps]
        steps = pipeline.steps if isinstance(pipeline, Pipeline) else []
        if [type(step) for _, step in steps] != expected:
            raise DataFault(f"the saved model is no {family}", fix=AGAIN)
        if not np.isin(pipeline.classes_, np.arange(len(settings.levels))).all():
            raise DataFault("the saved model and its settings do not fit together", fix=AGAIN)
        self.settings, self.pipeline = settings, pipeline

    @classmethod
    def opened(cls, folder: Path) -> Self:
        """Read settings and pipeline."""
        settings = read_settings(folder, "model", DecoderSettings)
        return cls(settings, load_estimators(folder, trusted=TRUSTED))

    def infer(self, windows: NDArray[np.float32], person: Any = None) -> NDArray[np.float32]:
        """Return probabilities (n, n_levels) of normalised windows (n, C, T)."""
        found = level_probabilities(self.pipeline, windows, len(self.cues))
        return found.astype(np.float32)
