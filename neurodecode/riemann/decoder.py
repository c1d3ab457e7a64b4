"""A fitted ``acm`` decoder that left its run: from new recordings to ranked classes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from sklearn.pipeline import Pipeline

from neurodecode.decoder_folder import AGAIN, SavedDecoder, read_settings
from neurodecode.faults import DataFault, unknown
from neurodecode.persistence import load_estimators
from neurodecode.riemann.decoder_settings import DecoderSettings
from neurodecode.riemann.decoders import TRUSTED, class_probabilities, decision_scores
from neurodecode.riemann.folds import FeatureCache
from neurodecode.signals.amplitudes import require_finite, require_unit
from neurodecode.signals.fixed_settings import settings_are_fixed
from neurodecode.signals.markers import annotated_onsets
from neurodecode.signals.matching import channels_of_kind, match_channels, recording_name
from neurodecode.signals.onsets import cut_onsets
from neurodecode.signals.trials import row_names
from neurodecode.streaming.chain import ordered_windows
from neurodecode.streaming.protocol import Ranking, Wearer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import mne
    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.signals.matching import Extra
    from neurodecode.streaming.chain import Chain


class Answers(NamedTuple):
    """What a classifier says of some trials.

    Attributes
    ----------
    scores, probabilities : ndarray, shape (n, n_classes)
        One score per class, larger means more likely; and :func:`class_probabilities` of them.
    chosen : ndarray of int, shape (n,)
        Place of the predicted class.
    """

    scores: NDArray[Any]
    probabilities: NDArray[Any]
    chosen: NDArray[np.intp]


class ACMDecoder(SavedDecoder):
    """Ranks classes of imagined movement from windows of EEG.

    Parameters
    ----------
    settings : DecoderSettings
    pipeline : Pipeline
        Fitted, with the steps ``features`` and ``classifier``.

    Raises
    ------
    DataFault
        If the pipeline has other steps or classes than the settings say.

    Examples
    --------
    >>> decoder = ACMDecoder.load(folder)  # doctest: +SKIP
    >>> decoder.predict(raw)  # doctest: +SKIP
    """

    kind = "acm"
    noun = "class"
    first_only = True
    trial_types: tuple[str, ...] = ()
    label_columns = ("trial_type", "value")

    def __init__(self, settings: DecoderSettings, pipeline: Pipeline) -> None:
        steps = list(pipeline.named_steps) if isinstance(pipeline, Pipeline) else []
        if steps != ["features", "classifier"]:
            raise DataFault("the saved model is no acm decoder", fix=AGAIN)
        found = tuple(map(str, pipeline.named_steps["classifier"].classes_))
        if found != settings.classes or len(settings.spread) != len(settings.signals.bands) * len(
            settings.channels
        ):
            raise DataFault("the saved model and its settings do not fit together", fix=AGAIN)
        self.settings, self.pipeline = settings, pipeline

    @classmethod
    def opened(cls, folder: Path) -> Self:
        """Read settings and pipeline."""
        settings = read_settings(folder, "model", DecoderSettings)
        return cls(settings, load_estimators(folder, trusted=TRUSTED))

    @property
    def participants(self) -> tuple[str, ...]:
        """Those of the training."""
        return self.settings.participants

    @property
    def channels(self) -> tuple[str, ...]:
        """Electrodes needed."""
        return self.settings.channels

    @property
    def cues(self) -> tuple[str, ...]:
        """The classes: markers of other names begin no trial."""
        return self.settings.classes

    @cached_property
    def chain(self) -> Chain:
        """Rate, window, unit and bands."""
        return self.settings.chain()

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """Names of the rows of a window: the channels, band after band where there are several."""
        return tuple(row_names(self.channels, self.settings.signals.bands))

    def anyone(self) -> Wearer:
        """Return somebody; nothing of a person enters the decoder but the training trials."""
        return Wearer("", self.channels)

    def person(self, label: str) -> Wearer:
        """Return a participant of the training.

        Raises
        ------
        DataFault
            If the label is unknown, with the nearest one.
        """
        if label not in self.participants:
            raise DataFault(unknown("participant", label, self.participants))
        return Wearer(label, self.channels)

    def stranger(self, raw: mne.io.BaseRaw, onsets: Sequence[float] | None = None) -> Wearer:
        """Return :meth:`anyone`: nothing is fitted on a recording."""
        return self.anyone()

    def check_unit(self, windows: NDArray[Any], person: Any = None, *, where: str = "") -> None:
        """Raise DataFault if the spread of windows lies a hundredfold beside the training's.

        Parameters
        ----------
        windows : ndarray, shape (n, n_rows, T)
        """
        if not len(windows):
            return
        require_finite(windows, self.rows, where=where)
        ratio = windows.std(axis=(0, 2)) / np.asarray(self.settings.spread)
        require_unit(float(np.median(ratio)), "eeg", where=where)

    def scale(self, windows: NDArray[Any], person: Any = None) -> NDArray[np.float32]:
        """Return the windows as they are: covariances are of unscaled signals."""
        return np.asarray(windows, dtype=np.float32)

    def infer(self, windows: NDArray[np.float32], person: Any = None) -> Answers:
        """Return scores and predicted classes of windows (n, n_rows, T) in uV."""
        matrices = FeatureCache(windows)(self.pipeline)
        classifier = self.pipeline.named_steps["classifier"]
        scores = decision_scores(classifier, matrices)
        predicted = classifier.predict(matrices)
        chosen = np.array([self.cues.index(str(name)) for name in predicted], dtype=np.intp)
        return Answers(scores, class_probabilities(classifier, scores), chosen)

    def rank(self, answers: Answers, *, top: int = 5, true: Sequence[str] | None = None) -> Ranking:
        """Return the classes of each trial: the predicted one, then the others by their scores.

        A support vector machine of several classes may predict another class than that of the
        largest score where its votes tie.

        Parameters
        ----------
        answers : Answers
        top : int, default=5
            Classes returned.
        true : sequence of str, shape (n,), optional
            True classes; "" where unknown.
        """
        first = np.arange(len(self.cues)) != answers.chosen[:, None]
        order = np.lexsort((-answers.scores, first), axis=1)
        return Ranking.of_classes(
            order, self.cues, answers.scores, answers.probabilities, top=top, true=true
        )

    def predict(
        self,
        signals: mne.io.BaseRaw | NDArray[Any],
        onsets: Sequence[float] | None = None,
        *,
        participant: str | None = None,
        true: Sequence[str] | None = None,
        top: int = 5,
        extra: Extra = "stop",
        channels: Sequence[str] | None = None,
        sfreq: float | None = None,
    ) -> pd.DataFrame:
        """Rank classes for every onset of a recording, as the run's own evaluation does.

        Parameters
        ----------
        signals : Raw, or ndarray of shape (n, n_rows, T)
            A recording, left as it is; or filtered windows in uV as a run's store has them.
        onsets : sequence of float, optional
            Of a recording, s after the first sample; default: those annotations whose
            descriptions are classes, which are then taken for ``true``.
        participant : str, optional
            One of the training; changes nothing.
        true, top
            See :meth:`rank`.
        extra : {"stop", "drop"}, default="stop"
            What to do with channels that the decoder does not know.
        channels : sequence of str, optional
            Of an array: names of its rows, in any order; default: :attr:`rows`.
        sfreq : float, optional
            Of an array, Hz; refused where it is not the decoder's.

        Returns
        -------
        DataFrame
            See :meth:`Ranking.table`, and ``note``; onsets whose window leaves the recording are
            left out. The onsets of an array are NaN.

        Raises
        ------
        DataFault
            Channels are missing, unknown or there twice; another sampling rate, length or unit;
            NaN or infinite values; no onset, no window inside the recording; unknown participant.
        """
        if participant is not None:
            self.person(participant)
        if isinstance(signals, np.ndarray):
            windows = ordered_windows(signals, self.rows, channels, self.chain, sfreq, extra)
            onsets, inside, where = [float("nan")] * len(windows), np.arange(len(windows)), ""
        else:
            if onsets is None:
                onsets, true = self._annotated(signals)
            where = recording_name(signals)
            windows, inside = self._of_recording(signals, onsets, extra, where)
        if true is not None and len(true) != len(onsets):
            raise DataFault(f"{len(true)} classes for {len(onsets)} onsets", where=where)
        self.check_unit(windows, where=where)
        places = inside.tolist()
        known = None if true is None else [true[k] for k in places]
        ranking = self.rank(self.infer(self.scale(windows)), top=top, true=known)
        return ranking.table([onsets[k] for k in places], known).assign(note="")

    def _annotated(self, raw: mne.io.BaseRaw) -> tuple[list[float], list[str]]:
        marks = annotated_onsets(raw)
        cues = marks["description"].isin(self.cues)
        chosen = marks[cues] if cues.any() else marks
        return chosen["onset"].tolist(), chosen["description"].tolist()

    def _of_recording(
        self, raw: mne.io.BaseRaw, onsets: Sequence[float], extra: Extra, where: str
    ) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        """Return the windows (n, n_rows, T) around onsets, and which onsets they belong to."""
        reading, chosen = self.settings.reading(), self.settings
        policy: Extra = "drop" if chosen.signals.channels is not None else extra
        match_channels(
            self.channels, channels_of_kind(raw, "eeg", where), where=where, extra=policy
        )
        measured = float(raw.info["sfreq"])
        if reading.resample is None and not np.isclose(measured, chosen.sfreq, rtol=1e-6):
            raise DataFault(
                f"recorded at {measured:g} Hz, the decoder was trained at {chosen.sfreq:g} Hz",
                where=where,
                fix=f"resample it, as with raw.resample({chosen.sfreq:g})",
            )
        with settings_are_fixed():
            windows, inside = cut_onsets(raw, onsets, reading, chosen.interval, where=where)
        if windows.shape[2] < chosen.n_samples:
            raise DataFault(
                f"windows of {windows.shape[2]} samples, the decoder sees {chosen.n_samples}",
                where=where,
                fix="resample the recording to the rate of those that it was trained on",
            )
        return windows[:, :, : chosen.n_samples].astype(np.float32), inside
