"""A run's scores in the columns of MOABB's results, for its plots and statistics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from neurodecode.artefacts import read_json

COLUMNS = ("score", "time", "samples", "subject", "session", "channels", "n_sessions", "dataset",
           "pipeline", "paradigm")  # fmt: skip


def moabb_table(
    rows: pd.DataFrame, stores: Mapping[str, Path], *, dataset: str, paradigm: str
) -> pd.DataFrame:
    """Return one row per decoder, subject and session, as ``moabb`` evaluations return them.

    Parameters
    ----------
    rows : DataFrame
        Metric rows of one split.
    stores : mapping of subject to Path
        For the numbers of trials, channels and sessions.
    dataset, paradigm : str
        Names for the columns of the same name.

    Returns
    -------
    DataFrame
        ``time`` is not measured per decoder and therefore missing.
    """
    infos = {subject: _sizes(folder) for subject, folder in stores.items()}
    sessions = rows[rows["level"] == "session"]
    found = [
        {
            "score": row.value,
            "time": float("nan"),
            "subject": row.subject,
            "session": row.session,
            "dataset": dataset,
            "pipeline": row.model,
            "paradigm": paradigm,
            **infos[str(row.subject)],
        }
        for row in sessions.itertuples()
    ]
    return pd.DataFrame(found, columns=list(COLUMNS))


def _sizes(folder: Path) -> dict[str, Any]:
    n_trials, n_channels, _ = read_json(folder / "store.json")["shape"]
    n_sessions = pd.read_parquet(folder / "trials.parquet", columns=["session"])[
        "session"
    ].nunique()
    return {"samples": n_trials, "channels": n_channels, "n_sessions": n_sessions}
