"""Prepare viewers: one store per recording, its windows, and a scaler fitted on training ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.artefacts import write_json
from neurodecode.contrastive.scaling import fit_scaler
from neurodecode.faults import DataFault
from neurodecode.signals.continuous import read_continuous, require_window
from neurodecode.signals.store import Store, write_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.contrastive.image.config import ViewingSignals
    from neurodecode.datasets.viewing.recording import Viewing

COLUMNS = ("onset", "duration", "image", "category", "part", "test_set", "block")


def prepare_viewer(
    folder: Path,
    recordings: Sequence[Viewing],
    trials: pd.DataFrame,
    settings: ViewingSignals,
    *,
    seed: int,
) -> list[Store]:
    """Write the stores of one participant below ``folder``, and ``store.json`` that lists them.

    Parameters
    ----------
    trials : DataFrame
        Of this participant, from :func:`fetch_seen`.

    Raises
    ------
    DataFault
        See :func:`read_continuous`; also if a recording has no window.
    """
    stores = [
        _prepare(folder, r, trials[trials["recording"] == r.name], settings, seed)
        for r in recordings
    ]
    if not stores:
        raise DataFault("no recording", where=folder.name)
    counts = pd.concat([store.trials["part"] for store in stores]).value_counts()
    summary = {
        "recordings": [store.folder.name for store in stores],
        "channels": sorted({name for store in stores for name in store.info["channels"]}),
        "sfreq": settings.sfreq,
        "windows": {str(part): int(n) for part, n in counts.items()},
        "shape": [int(counts.sum()), max(store.info["shape"][0] for store in stores),
                  settings.n_samples],
        "mended": {store.folder.name: lines for store in stores if (lines := _remarks(store))},
    }  # fmt: skip
    write_json(folder / "store.json", summary)
    return stores


def make_windows(trials: pd.DataFrame, n_samples: int, settings: ViewingSignals) -> pd.DataFrame:
    """Return the windows around picture onsets that lie in the recording, with first samples.

    Parameters
    ----------
    trials : DataFrame
        ``onset`` (s), ``part`` ("": left out by the split) and whatever else describes a trial.
    n_samples : int
        Length of the recording at ``settings.sfreq``.
    """
    used = trials[trials["part"] != ""]
    start = ((used["onset"] + settings.tmin) * settings.sfreq).round().astype(int)
    inside = (start >= 0) & (start + settings.n_samples <= n_samples)
    columns = [name for name in COLUMNS if name in used]
    return used.loc[inside, columns].assign(start=start[inside]).reset_index(drop=True)


def _prepare(
    folder: Path, recording: Viewing, trials: pd.DataFrame, settings: ViewingSignals, seed: int
) -> Store:
    name = recording.name
    place = f"subject {recording.subject}, {name}"
    read = read_continuous(recording.raw, settings, where=place)
    require_window(read, settings, where=place)
    windows = make_windows(trials, read.signals.shape[1], settings)
    own = not (windows["part"] == "train").any()
    fitted_on = windows.assign(part="train") if own else windows
    scaler = fit_scaler(read.signals, fitted_on, settings, seed=seed, where=name)
    info: dict[str, Any] = {
        **read.info,
        "subject": recording.subject,
        "recording": name,
        "channels": read.channels,
        "positions": read.positions.tolist(),
        "sfreq": settings.sfreq,
        "scaler": scaler.to_dict(),
        "scaled_by_own": own,
        "trials_outside": int((trials["part"] != "").sum() - len(windows)),
    }
    return write_store(folder / name, read.signals, windows, info, continuous=True)


def _remarks(store: Store) -> list[str]:
    """Say, for the report, what was changed or left out of a recording."""
    info = store.info
    lines = [*info["mended"]]
    lines += [f"{name}: unknown to the layout, without influence"
              for name in info["without_position"]]  # fmt: skip
    if info["scaled_by_own"]:
        lines.append("no training window: scaled by its own windows, whose pictures are not used")
    if info["trials_outside"]:
        lines.append(f"{info['trials_outside']} windows reach beyond the recording, left out")
    return lines
