"""A recording that a trained network has not seen, in the tokens and scales of its training."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.datasets.spiking.arrays import SPIKES, read_session, read_spikes
from neurodecode.faults import DataFault, unknown
from neurodecode.spikes.recorded import Recorded

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.datasets.spiking.recording import SpikeSession
    from neurodecode.spikes.decoder_settings import DecoderSettings


class NewRecording(Recorded):
    """A session in the vocabulary of a decoder.

    Windows are cut as in training, also those without the behaviour that is decoded.

    Parameters
    ----------
    settings : DecoderSettings
    session : SpikeSession
        Units without a spike left out.

    Attributes
    ----------
    note : str
        Which of the decoder's units have no spike, else "".

    Raises
    ------
    DataFault
        If units are missing or unknown, or something is absent that the network reads; if no
        window fits.
    """

    def __init__(self, settings: DecoderSettings, session: SpikeSession) -> None:
        self.settings = settings
        self.note = _match_units(settings.units, session)
        super().__init__(settings.experiment, session)

    @cached_property
    def units(self) -> NDArray[np.int64]:
        """Token of each spike's unit."""
        place = {name: k for k, name in enumerate(self.settings.units)}
        rows = np.array([place[name] for name in self.unit_labels], dtype=np.int64)
        return rows[self.session.units]

    @property
    def largest(self) -> float:
        """That of the training, so that the same frame is the same input."""
        assert self.settings.frames is not None
        return self.settings.frames.largest

    def has(self, name: str) -> bool:
        """Return whether a behaviour, or a label of trials, was recorded."""
        trials = self.session.trials
        return name in self.session.behaviour or (trials is not None and name in trials)

    def _require_parts(self) -> None:
        where, wanted = self.session.label, self.settings.frames
        for name in self.config.inputs:
            if not self.has(name):
                raise DataFault(unknown("behaviour that the decoder reads,", name,
                                        self.session.behaviour), where=where,
                                fix="it was read in training: record or name it")  # fmt: skip
            if self.classes(name) != self.settings.classes.get(name, ()):
                raise DataFault(f"behaviour '{name}' has classes {', '.join(self.classes(name))}, "
                                "others than in training", where=where)  # fmt: skip
        if wanted is None:
            return
        if self.session.stimulus is None:
            raise DataFault("no stimulus was recorded, the decoder reads one", where=where,
                            fix="give its frames and their times")  # fmt: skip
        size = self.session.stimulus.frames.shape[1:]
        if size != wanted.size:
            raise DataFault(f"frames of {size[0]} x {size[1]}, those of the training are of "
                            f"{wanted.size[0]} x {wanted.size[1]}", where=where)  # fmt: skip

    def _trials(self) -> pd.DataFrame | None:
        if self.session.trials is not None:
            return super()._trials()
        if self.config.crop is not None:
            event = self.config.crop.event
            raise DataFault(f"no trials, the decoder reads windows around '{event}'",
                            where=self.session.label, fix="give the table of trials")  # fmt: skip
        return None


def read_recording(path: Path, settings: DecoderSettings) -> SpikeSession:
    """Read an NWB file, a session's folder of arrays, or an ``.npz`` of spikes alone.

    Raises
    ------
    DataFault
        If it is absent, broken or of another kind; spikes out of order; behaviour on another
        clock: see ``check_session``.
    """
    if path.is_dir():
        return read_session(path, silent_units="drop")
    if not path.is_file():
        raise DataFault("neither a file nor a folder", where=str(path),
                        fix="give an .nwb file, a folder with spikes.npz, or an .npz")  # fmt: skip
    if path.suffix.lower() == ".nwb":
        from neurodecode.datasets.spiking.nwb import read_file

        given = settings.experiment.data.options
        return read_file(
            path, settings.subject, behaviour=given.get("behaviour") or {},
            stimulus=given.get("stimulus"), units_where=given.get("units_where") or {},
            silent_units="drop", leave_out=True,
        )  # fmt: skip
    if path.suffix.lower() != ".npz":
        raise DataFault(f"'{path.suffix}' is no form of spikes", where=str(path),
                        fix="give an .nwb file, a folder with spikes.npz, or an .npz")  # fmt: skip
    if path.name == SPIKES:
        return read_session(path.parent, silent_units="drop")
    return read_spikes(path, silent_units="drop")


def _match_units(trained: tuple[str, ...], session: SpikeSession) -> str:
    """Return which units are without a spike; DataFault for other units, by name.

    A file that lists its units, silent ones too, must list all; where only spikes are known, a
    unit without one cannot be told from one that is missing.
    """
    present = [str(name) for name in session.unit_table["unit"]]
    listed = [*present, *(session.silent or ())]
    extra = [name for name in listed if name not in trained]
    missing = [name for name in trained if name not in listed]
    if extra or (missing and session.silent is not None):
        told = {"missing": missing, "unknown": extra}
        said = "; ".join(f"{word} {_few(names)}" for word, names in told.items() if names)
        raise DataFault(
            f"units of another population: {said} (the decoder has {len(trained)})",
            where=session.label,
            fix="give the units of the training under their labels, and no others",
        )
    silent = [name for name in trained if name not in present]
    return f"units without a spike: {_few(silent)}" if silent else ""


def _few(names: list[str], shown: int = 5) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
