"""What a simulated spike session is made of, written beside it and read back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.forward_model import TRUTH, read_arrays, write_arrays
from neurodecode.datasets.simulate.spiking_circuit import Circuit
from neurodecode.datasets.simulate.spiking_settings import FRAME_S, Settings
from neurodecode.datasets.simulate.spiking_stimulus import Schedule, speed_of
from neurodecode.faults import DataFault

Array = NDArray[np.float64]

TAU_S = 0.01
"""Time constant of a connection."""

MOST_HZ = 300.0
"""No unit has a higher rate at any moment."""

_TEXT = ("subject", "session")
_NUMBERS = ("bin_seconds", "behaviour_seconds")


@dataclass(frozen=True, eq=False, kw_only=True)
class SpikingTruth:
    """Circuit, drive and behaviour of one simulated session.

    Attributes
    ----------
    subject, session : str
    bin_seconds, behaviour_seconds : float
        Width of a bin; time constant of the behaviour.
    baseline, weights, delays, fields, loadings, hubs
        See :class:`neurodecode.datasets.simulate.spiking_circuit.Circuit`.
    drive : ndarray, shape (n_frames, n_units)
        What the stimulus adds to each log rate.
    latent : ndarray, shape (n_frames,)
        z of the behaviour.
    """

    subject: str
    session: str
    bin_seconds: float
    behaviour_seconds: float
    baseline: Array
    weights: Array
    delays: NDArray[np.int64]
    fields: Array
    loadings: Array
    hubs: NDArray[np.int64]
    drive: Array
    latent: Array

    @classmethod
    def of(
        cls, subject: str, session: str, settings: Settings, circuit: Circuit, schedule: Schedule
    ) -> Self:
        """Put together what was drawn for a session."""
        frames = schedule.frames.reshape(len(schedule.frames), -1).astype(np.float64)
        return cls(
            subject=subject,
            session=session,
            bin_seconds=settings.bin_seconds,
            behaviour_seconds=settings.behaviour_seconds,
            drive=frames @ circuit.fields.reshape(len(circuit.fields), -1).T,
            latent=schedule.latent,
            **{field.name: getattr(circuit, field.name) for field in fields(circuit)},
        )

    @property
    def bins_per_frame(self) -> int:
        """Bins that stimulus and behaviour stay constant."""
        return round(FRAME_S / self.bin_seconds)

    @property
    def n_bins(self) -> int:
        """Bins of the session."""
        return len(self.latent) * self.bins_per_frame

    @property
    def speed(self) -> Array:
        """The behaviour at every frame, (n_frames,)."""
        return speed_of(self.latent)

    @property
    def connections(self) -> NDArray[np.bool_]:
        """Which unit (row) is driven by which other one (column), (n_units, n_units)."""
        found = self.delays > 0
        np.fill_diagonal(found, val=False)
        return found

    def write(self, folder: Path) -> None:
        """Write the truth below ``derivatives/truth`` of a simulated data set."""
        arrays: dict[str, Any] = {
            field.name: np.asarray(getattr(self, field.name))
            for field in fields(self)
            if field.name not in _TEXT
        }
        write_arrays(_path(folder, self.subject, self.session), arrays)

    @classmethod
    def read(cls, folder: Path, subject: str, session: str) -> Self:
        """Read what :meth:`write` wrote.

        Raises
        ------
        DataFault
            If there is no truth of this session, or it is of another version.
        """
        path = _path(Path(folder), subject, session)
        arrays: dict[str, Any] = dict(read_arrays(path))
        wanted = {field.name for field in fields(cls)} - set(_TEXT)
        if set(arrays) != wanted:
            absent = ", ".join(sorted(wanted ^ set(arrays)))
            raise DataFault(
                f"truth of another form: {absent}", where=str(path), fix="simulate it again"
            )
        arrays |= {name: float(arrays[name]) for name in _NUMBERS}
        return cls(subject=subject, session=session, **arrays)


def _path(folder: Path, subject: str, session: str) -> Path:
    return folder / TRUTH / f"sub-{subject}_ses-{session}.npz"
