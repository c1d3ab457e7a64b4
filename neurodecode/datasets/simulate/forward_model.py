"""What a simulated participant's recording is made of, written beside it and read back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.artefacts import atomic_path, read_json, write_json
from neurodecode.datasets.simulate.background import (
    draw_background,
    draw_line,
    draw_processes,
    render_pops,
)
from neurodecode.faults import DataFault, unknown

Array = NDArray[np.floating[Any]]

TRUTH = "derivatives/truth"
POP_COLUMNS = ("channel", "onset", "amplitude", "decay")


@dataclass(frozen=True, kw_only=True)
class ForwardModel:
    """Head and noise of one participant; signals in uV, in the channels of the file.

    What the sources do is added by the classes derived from it.

    Attributes
    ----------
    gains : ndarray, shape (n_channels, n_sources)
    covariance : ndarray, shape (n_channels, n_channels)
        Of the background noise.
    coefficients : ndarray, shape (order + 1,)
        AR polynomial of the background noise.
    dropped : tuple of str
        Channels that the file lacks.
    pops : DataFrame
        Columns channel, onset (s), amplitude (uV), decay (s).
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("gains", "covariance", "coefficients")
    """Attributes that are arrays; the others are plain values."""

    subject: str
    sfreq: float
    channels: tuple[str, ...]
    dropped: tuple[str, ...]
    gains: Array
    covariance: Array
    coefficients: Array
    pops: pd.DataFrame

    def rhythm(self) -> tuple[Array, Array]:
        """Return the gains (n_channels, n_rhythms) of a rhythm, uV, and its AR polynomial.

        It is noise besides the background; here there is none.
        """
        return np.zeros((len(self.channels), 0)), np.ones(1)

    def noise(self, n_samples: int, rng: np.random.Generator) -> Array:
        """Draw background, rhythm and line (n_channels, n_samples), and add the pops."""
        noise = draw_background(self.coefficients, self.covariance, n_samples, rng)
        gains, coefficients = self.rhythm()
        if gains.size:
            noise += gains @ draw_processes(coefficients, gains.shape[1], n_samples, rng)
        noise += draw_line(len(self.channels), n_samples, self.sfreq, rng)
        noise += self.pop_signal(n_samples)
        return noise

    def pop_signal(self, n_samples: int) -> Array:
        """Return the electrode pops (n_channels, n_samples)."""
        return render_pops(self.pops, self.channels, n_samples, self.sfreq)

    def write(self, folder: Path) -> None:
        """Write ``sub-LABEL.npz`` and ``sub-LABEL.json`` of a simulated data set."""
        base = folder / TRUTH / f"sub-{self.subject}"
        write_arrays(base.with_suffix(".npz"), {name: getattr(self, name) for name in self.ARRAYS})
        plain = [field.name for field in fields(self) if field.name not in self.ARRAYS]
        facts = {name: getattr(self, name) for name in plain}
        write_json(base.with_suffix(".json"), {**facts, "pops": self.pops.to_dict("records")})

    @classmethod
    def read(cls, folder: Path, subject: str) -> Self:
        """Read what :meth:`write` wrote of one participant.

        Raises
        ------
        DataFault
            If the participant or a file is missing.
        """
        base = folder / TRUTH / f"sub-{subject}"
        if not base.with_suffix(".json").is_file():
            valid = [path.stem.removeprefix("sub-") for path in base.parent.glob("sub-*.json")]
            raise DataFault(unknown("participant", subject, sorted(valid)), where=str(base.parent))
        facts = read_json(base.with_suffix(".json"))
        pops = pd.DataFrame(facts.pop("pops"), columns=list(POP_COLUMNS))
        facts = {k: tuple(v) if isinstance(v, list) else v for k, v in facts.items()}
        arrays: dict[str, Any] = dict(read_arrays(base.with_suffix(".npz")))
        return cls(**facts, **arrays, pops=pops)


def write_arrays(path: Path, arrays: dict[str, Array]) -> None:
    """Write named arrays as one uncompressed ``.npz``, atomically."""
    named: dict[str, Any] = dict(arrays)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **named)


def read_arrays(path: Path) -> dict[str, Array]:
    """Read what :func:`write_arrays` wrote, in its order.

    Raises
    ------
    DataFault
        If the file is missing.
    """
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix="simulate the data set again")
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)
