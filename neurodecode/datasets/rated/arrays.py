"""Rated clips as plain arrays: the form that the simulator writes, for own recordings as well.

Below the data set's folder lie ``description.json`` (``channel_names``, ``sampling_rate`` in Hz,
``ratings``: lowest and highest value by name) and per subject ``sub-LABEL_trials.parquet`` (the
table of :class:`~neurodecode.datasets.rated.recording.Rated`, with ``session`` where there are
several) and ``sub-LABEL_signals.npz`` with the arrays ``clip-K`` and, where there is one,
``baseline-K`` of the table's row K from 0: (n_channels, n_samples) in uV.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import atomic_path, read_json, write_json, write_parquet
from neurodecode.datasets.rated.recording import BadTrials, Rated, make_rated
from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

DESCRIPTION = "description.json"
FIELDS = ("channel_names", "sampling_rate", "ratings")
ONLY_SESSION = "0"


def read_recordings(root: Path, subject: str, *, bad_trials: BadTrials = "stop") -> list[Rated]:
    """Read all sessions of one subject.

    Parameters
    ----------
    root : Path
        Folder of the data set.
    subject : str
        Label.
    bad_trials : {"stop", "drop"}, default "stop"
        See :func:`~neurodecode.datasets.rated.recording.make_rated`.

    Returns
    -------
    list of Rated
        One per session, in the order of the table.

    Raises
    ------
    DataFault
        A file, a field or an array is missing, or as
        :func:`~neurodecode.datasets.rated.recording.check_rated`.
    """
    root, label = Path(root), subject.removeprefix("sub-")
    description = _description(root)
    table = _table(root, label)
    path = root / f"sub-{label}_signals.npz"
    if not path.is_file():
        raise DataFault("file not found", where=str(path))
    sniff(path)
    with np.load(path, allow_pickle=False) as arrays:
        return [
            make_rated(
                subject=label,
                session=session,
                channel_names=description["channel_names"],
                sampling_rate=description["sampling_rate"],
                signals=[_array(arrays, f"clip-{row}", path) for row in rows],
                baselines=_baselines(arrays, rows, path),
                table=table.iloc[rows]
                .drop(columns="session", errors="ignore")
                .reset_index(drop=True),
                ratings={name: tuple(scale) for name, scale in description["ratings"].items()},
                bad_trials=bad_trials,
            )
            for session, rows in _rows_by_session(table)
        ]


def write_description(
    root: Path,
    channel_names: Sequence[str],
    sampling_rate: float,
    ratings: Mapping[str, tuple[int, int]],
) -> None:
    """Write ``description.json`` of a data set."""
    fields = dict(zip(FIELDS, (list(channel_names), sampling_rate, ratings), strict=True))
    write_json(root / DESCRIPTION, fields)


def write_subject(
    root: Path,
    subject: str,
    table: pd.DataFrame,
    signals: Sequence[NDArray[Any]],
    baselines: Sequence[NDArray[Any]] = (),
) -> None:
    """Write the table and the arrays (float32) of one subject."""
    write_parquet(root / f"sub-{subject}_trials.parquet", table)
    arrays: dict[str, Any] = {f"clip-{row}": array for row, array in enumerate(signals)}
    arrays |= {f"baseline-{row}": array for row, array in enumerate(baselines)}
    with atomic_path(root / f"sub-{subject}_signals.npz") as path, path.open("wb") as file:
        np.savez(file, **{name: array.astype(np.float32) for name, array in arrays.items()})


def _description(root: Path) -> dict[str, Any]:
    description: dict[str, Any] = read_json(root / DESCRIPTION)
    for field in FIELDS:
        if field not in description:
            raise DataFault(f"no field '{field}'", where=str(root / DESCRIPTION))
    return description


def _table(root: Path, label: str) -> pd.DataFrame:
    path = root / f"sub-{label}_trials.parquet"
    if not path.is_file():
        end = "_trials.parquet"
        valid = sorted(p.name.removeprefix("sub-").removesuffix(end) for p in root.glob(f"*{end}"))
        raise DataFault(unknown("subject", label, valid), where=str(root))
    return pd.read_parquet(path)


def _rows_by_session(table: pd.DataFrame) -> list[tuple[str, list[int]]]:
    if "session" not in table:
        return [(ONLY_SESSION, list(range(len(table))))]
    groups = table.reset_index(drop=True).groupby("session", sort=False).indices
    return [(str(session), [int(row) for row in rows]) for session, rows in groups.items()]


def _array(arrays: Any, name: str, path: Path) -> NDArray[np.float64]:
    if name not in arrays:
        raise DataFault(f"no array '{name}' for this row of the table", where=str(path))
    try:
        found: NDArray[np.float64] = arrays[name].astype(np.float64)
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        raise DataFault(f"array '{name}' cannot be read: {error}", where=str(path)) from error
    return found


def _baselines(arrays: Any, rows: Sequence[int], path: Path) -> list[NDArray[np.float64]] | None:
    names = [f"baseline-{row}" for row in rows]
    if not all(name in arrays for name in names):
        return None
    return [_array(arrays, name, path) for name in names]
