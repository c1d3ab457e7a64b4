"""A spikes network that left its run: from a new recording to what the animal did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import torch

from neurodecode.decoder_folder import SavedDecoder, read_settings
from neurodecode.evaluation.behaviour_scores import pearson_r
from neurodecode.evaluation.metrics import score
from neurodecode.faults import DataFault, unknown
from neurodecode.persistence import load_weights
from neurodecode.spikes.decoded import behaviour_of
from neurodecode.spikes.decoder_settings import DecoderSettings
from neurodecode.spikes.new_recording import NewRecording, read_recording

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.datasets.spiking.recording import SpikeSession
    from neurodecode.onnx_network import OnnxNetwork
    from neurodecode.spikes.model import Neuroformer

DECODED, TRUE = "decoded_", "true_"
"""Begin of the columns of a behaviour."""


class SpikeDecoder(SavedDecoder):
    """Decodes behaviour from the spikes of one population, window by window.

    Parameters
    ----------
    settings : DecoderSettings
    network : Neuroformer
        Trained.

    Examples
    --------
    >>> decoder = SpikeDecoder.load(folder)  # doctest: +SKIP
    >>> decoder.predict(decoder.read(path))  # doctest: +SKIP
    """

    kind = "spikes"
    noun = "window"

    def __init__(self, settings: DecoderSettings, network: Neuroformer) -> None:
        self.settings, self.network = settings, network.eval()

    @classmethod
    def opened(cls, folder: Path) -> Self:
        """Read settings and network."""
        settings = read_settings(folder, "network", DecoderSettings)
        network = load_weights(folder, settings.network.build(), name="network")
        return cls(settings, network)

    @property
    def units(self) -> tuple[str, ...]:
        """Labels of the units, in the order of their tokens."""
        return self.settings.units

    def read(self, path: Path) -> NewRecording:
        """Return a recording: NWB file, folder of a session's arrays, or ``.npz`` of spikes.

        Raises
        ------
        DataFault
            If it is absent or broken; spikes out of order; behaviour on another clock; other units
            or frames; shorter than a window: each by name.
        """
        return NewRecording(self.settings, read_recording(path, self.settings))

    def predict(
        self,
        data: NewRecording | SpikeSession,
        *,
        participant: str | None = None,
        top: int = 5,
        rows: NDArray[np.intp] | None = None,
    ) -> pd.DataFrame:
        """Decode the behaviour of every window.

        Parameters
        ----------
        data : NewRecording or SpikeSession
        participant : str, optional
            The one of the training; changes nothing.
        top : int
            Not used: nothing is ranked.
        rows : ndarray of int, optional
            Of ``data.windows``, those to decode; default: all.

        Returns
        -------
        DataFrame
            A row per window: ``window`` (place), ``start`` and ``stop`` (s), ``trial`` where there
            are trials; for each behaviour ``decoded_NAME`` in its own unit, or the class, and
            ``true_NAME``, its last sample in the window (NaN or "" where there is none);
            ``note``.

        Raises
        ------
        DataFault
            Somebody else is named; and what :meth:`read` refuses.
        """
        self._require_subject(participant)
        recorded = data if isinstance(data, NewRecording) else NewRecording(self.settings, data)
        places = np.arange(len(recorded.windows)) if rows is None else np.asarray(rows)
        table = recorded.windows.iloc[places]
        kept = [name for name in ("start", "stop", "trial") if name in table]
        found = table[kept].reset_index(drop=True)
        found.insert(0, "window", places)
        answers = self.infer(recorded, places)
        for target in self.settings.targets:
            found[DECODED + target] = self._named(target, answers[target])
            found[TRUE + target] = self._true(recorded, target, places)
        return found.assign(note=recorded.note)

    @torch.no_grad()
    def infer(self, recorded: NewRecording, rows: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        """Return behaviour of some windows: in its own unit, or the number of the class."""
        chosen = self.settings
        windows = recorded.spike_windows(chosen.reading(), chosen.scales, rows=rows)
        return behaviour_of(self.network, windows, chosen.scales, chosen.batch_size)

    def summary(self, found: pd.DataFrame) -> list[str]:
        """Return how many windows there are, and the score of each behaviour that is known."""
        lines = [f"{len(found)} windows decoded"]
        for target in self.settings.targets:
            true, decoded = found[TRUE + target], found[DECODED + target]
            known = (true != "") & true.notna()
            lines.append(f"{target}: {self._scored(target, true[known], decoded[known])}")
        return lines

    def onnx_network(self, participant: str | None = None) -> OnnxNetwork:
        """Return the network from tokens to behaviour, for ``neurodecode export``.

        Parameters
        ----------
        participant : str, optional
            The one of the training; changes nothing.
        """
        from neurodecode.spikes.onnx_export import network_of

        self._require_subject(participant)
        return network_of(self.settings, self.network)

    def _require_subject(self, participant: str | None) -> None:
        known = (self.settings.subject,)
        if participant is not None and participant not in known:
            raise DataFault(unknown("participant", participant, known),
                            fix="units of somebody else need a training of their own")  # fmt: skip

    def _scored(self, target: str, true: pd.Series[Any], decoded: pd.Series[Any]) -> str:
        if not len(true):
            return f"no behaviour '{target}' in the file"
        if true.nunique() < 2:
            return f"always {true.iloc[0]} in the {len(true)} windows that have it, no score"
        if classes := self.settings.classes.get(target):
            place = {name: k for k, name in enumerate(classes)}
            codes = [series.map(place).to_numpy() for series in (true, decoded)]
            value = score("balanced_accuracy", codes[0], y_pred=codes[1])
            return (f"balanced accuracy {value:.3f}, chance {1 / true.nunique():.3f}, "
                    f"{len(true)} windows")  # fmt: skip
        value = pearson_r(true.to_numpy(float), decoded.to_numpy(float))
        return f"r {value:.3f}, chance 0, {len(true)} windows"

    def _named(self, target: str, answers: NDArray[np.float64]) -> NDArray[Any]:
        """Return classes by their names, quantities as they are."""
        classes = self.settings.classes.get(target)
        return answers if not classes else np.asarray(classes, dtype=object)[answers.astype(int)]

    def _true(self, recorded: NewRecording, target: str, rows: NDArray[Any]) -> NDArray[Any]:
        """Return the last sample in each window, NaN or "" where there is none."""
        is_class = bool(self.settings.classes.get(target))
        if not recorded.has(target):
            return np.full(
                len(rows), "" if is_class else np.nan, dtype=object if is_class else float
            )
        values, names = recorded.values(target)[rows], recorded.classes(target)
        if bool(names) != is_class:
            what = ("a quantity", "classes") if is_class else ("classes", "a quantity")
            raise DataFault(f"'{target}' is {what[0]}, it was {what[1]} in training",
                            where=recorded.session.label)  # fmt: skip
        if not is_class:
            return values
        codes = np.where(np.isfinite(values), values, -1).astype(int)
        return np.asarray((*names, ""), dtype=object)[codes]  # the last one: none
