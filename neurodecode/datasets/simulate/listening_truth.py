"""What the simulated listeners' recordings are made of, written beside them and read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.artefacts import atomic_path, read_json, write_json
from neurodecode.datasets.simulate.listening_noise import render_pops
from neurodecode.datasets.simulate.listening_sources import convolve
from neurodecode.faults import DataFault, unknown

Array = NDArray[np.floating[Any]]

TRUTH = "derivatives/truth"
_ARRAYS = ("gains", "acoustic", "lexical", "covariance", "coefficients")
POP_COLUMNS = ("channel", "onset", "amplitude", "decay")


@dataclass(frozen=True)
class Latents:
    """Acoustic (6, n) and lexical (6, n) latents of one sound at the recordings' rate."""

    acoustic: Array
    lexical: Array


@dataclass(frozen=True)
class Truth:
    """Forward model of one participant; signals in uV, in the channels of the file.

    Attributes
    ----------
    gains : ndarray, shape (n_channels, n_sources)
    acoustic, lexical : ndarray, shape (n_sources, n_latents, n_lags)
        Kernels, their amplitude included.
    covariance : ndarray, shape (n_channels, n_channels)
        Of the background noise.
    coefficients : ndarray, shape (order + 1,)
        AR polynomial of the background noise.
    onsets : dict of str to int
        First sample of each sound.
    dropped : tuple of str
        Channels that the file lacks.
    pops : DataFrame
        Columns channel, onset (s), amplitude (uV), decay (s).
    """

    subject: str
    sfreq: float
    channels: tuple[str, ...]
    dropped: tuple[str, ...]
    gains: Array
    acoustic: Array
    lexical: Array
    covariance: Array
    coefficients: Array
    onsets: dict[str, int]
    pops: pd.DataFrame

    def sources(self, latents: Latents) -> Array:
        """Return the activity (n_sources, n_samples + n_lags - 1) that a sound evokes."""
        return convolve(latents.acoustic, self.acoustic) + convolve(latents.lexical, self.lexical)

    def response(self, story: dict[str, Latents], n_samples: int) -> Array:
        """Return the noise-free recording (n_channels, n_samples) of the whole story."""
        activity = np.zeros((self.gains.shape[1], n_samples))
        for sound, latents in story.items():
            driven = self.sources(latents)
            start = self.onsets[sound]
            activity[:, start : start + driven.shape[1]] += driven[:, : n_samples - start]
        response: Array = self.gains @ activity
        return response

    def pop_signal(self, n_samples: int) -> Array:
        """Return the electrode pops (n_channels, n_samples)."""
        return render_pops(self.pops, self.channels, n_samples, self.sfreq)


def write_truth(folder: Path, truth: Truth) -> None:
    """Write one participant's forward model as ``sub-LABEL.npz`` and ``sub-LABEL.json``."""
    arrays = {name: getattr(truth, name) for name in _ARRAYS}
    _write_arrays(folder / TRUTH / f"sub-{truth.subject}.npz", arrays)
    facts = {
        "subject": truth.subject,
        "sfreq": truth.sfreq,
        "channels": truth.channels,
        "dropped": truth.dropped,
        "onsets": truth.onsets,
        "pops": truth.pops.to_dict("records"),
    }
    write_json(folder / TRUTH / f"sub-{truth.subject}.json", facts)


def read_truth(folder: Path, subject: str) -> Truth:
    """Read one participant's forward model from a simulated data set.

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
    arrays = _read_arrays(base.with_suffix(".npz"))
    return Truth(
        subject=facts["subject"],
        sfreq=facts["sfreq"],
        channels=tuple(facts["channels"]),
        dropped=tuple(facts["dropped"]),
        onsets=facts["onsets"],
        pops=pd.DataFrame(facts["pops"], columns=list(POP_COLUMNS)),
        gains=arrays["gains"],
        acoustic=arrays["acoustic"],
        lexical=arrays["lexical"],
        covariance=arrays["covariance"],
        coefficients=arrays["coefficients"],
    )


def write_story(folder: Path, story: dict[str, Latents]) -> None:
    """Write the latents of every sound as ``story.npz``."""
    arrays = {f"{sound}/acoustic": latents.acoustic for sound, latents in story.items()}
    arrays |= {f"{sound}/lexical": latents.lexical for sound, latents in story.items()}
    _write_arrays(folder / TRUTH / "story.npz", arrays)


def read_story(folder: Path) -> dict[str, Latents]:
    """Read the latents of every sound of a simulated data set, in the story's order."""
    arrays = _read_arrays(folder / TRUTH / "story.npz")
    sounds = [name.removesuffix("/acoustic") for name in arrays if name.endswith("/acoustic")]
    return {s: Latents(arrays[f"{s}/acoustic"], arrays[f"{s}/lexical"]) for s in sounds}


def _write_arrays(path: Path, arrays: dict[str, Array]) -> None:
    named: dict[str, Any] = dict(arrays)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **named)


def _read_arrays(path: Path) -> dict[str, Array]:
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix="simulate the data set again")
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)
