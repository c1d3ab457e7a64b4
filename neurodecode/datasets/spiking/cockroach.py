"""Projection neurons of the cockroach's antennal lobe that smell (Chaffiol 2007; R package STAR).

A table ``spikes.csv.gz`` of ``set, neuron, trial, time_s``. Sets of one animal have the same
neurons; the clock restarts with each trial, so trials are laid one after another here, with a
pause between them in which nothing was recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.recording import TableCheck
from neurodecode.datasets.spiking.recording import (
    SilentUnits,
    SpikeSession,
    make_session,
    spikes_of_trains,
)
from neurodecode.faults import ConfigFault, DataFault, unknown

FILE = "spikes.csv.gz"
PAUSE_S = 1.0
"""Between two trials on the session's clock."""


@dataclass(frozen=True)
class OdourSet:
    """One set of the package's manual: what was smelt, and when the valve was open (s)."""

    subject: str
    odour: str
    seconds: float
    opens: float = np.nan
    closes: float = np.nan


SETS = {
    "CAL1V": OdourSet("CAL1", "vanillin", 11, 4.49, 4.99),
    "CAL1S": OdourSet("CAL1", "none", 31),
    "CAL2C": OdourSet("CAL2", "citral", 15, 5.87, 6.37),
    "CAL2S": OdourSet("CAL2", "none", 61),
    "e060517ionon": OdourSet("e060517", "beta-ionone", 15, 6.07, 6.57),
    "e060517spont": OdourSet("e060517", "none", 61),
    "e060817terpi": OdourSet("e060817", "terpineol", 15, 6.03, 6.53),
    "e060817citron": OdourSet("e060817", "citronellal", 15, 5.99, 6.49),
    "e060817mix": OdourSet("e060817", "mixture", 15, 6.01, 6.51),
    "e060817spont": OdourSet("e060817", "none", 60),
    "e060824citral": OdourSet("e060824", "citral", 15, 6.01, 6.51),
    "e060824spont": OdourSet("e060824", "none", 59),
    "e070528citronellal": OdourSet("e070528", "citronellal", 13, 6.14, 6.64),
    "e070528spont": OdourSet("e070528", "none", 61),
}
"""Sets by name. Two manuals' lengths (10 and 14 s, CAL1V and CAL2C) and one of spontaneous activity
are shorter than the last spikes; the next whole second is taken."""

SUBJECTS = tuple(dict.fromkeys(entry.subject for entry in SETS.values()))


def read_recordings(
    root: Path, subject: str, *, spontaneous: bool = False, silent_units: SilentUnits = "stop"
) -> list[SpikeSession]:
    """Read the trials of one animal as one session.

    Parameters
    ----------
    root : Path
        Folder with ``spikes.csv.gz``.
    subject : str
        As "e060817", which smelt two odours and their mixture, 20 trials each.
    spontaneous : bool, default False
        Also take the minute without odour, as a trial.
    silent_units : {"stop", "drop"}, default "stop"

    Returns
    -------
    list of SpikeSession
        One; ``trials`` has ``set``, ``odour`` ("none" without), ``number`` within the set, and
        ``valve_opens`` and ``valve_closes`` (s of the session, NaN without odour).

    Raises
    ------
    ConfigFault
        If the animal is unknown, with the nearest one.
    DataFault
        If the table is missing or broken, or lacks a column or the sets of the animal.
    """
    if subject not in SUBJECTS:
        raise ConfigFault(unknown("animal", subject, SUBJECTS))
    path = Path(root) / FILE
    table = _read(path)
    wanted = [
        name
        for name, entry in SETS.items()
        if entry.subject == subject and (spontaneous or entry.odour != "none")
    ]
    mine = table[table["set"].isin(wanted)]
    absent = [name for name in wanted if not (mine["set"] == name).any()]
    if absent:
        raise DataFault(f"no spike of the set {', '.join(absent)}", where=str(path))
    trials = _trials(mine, wanted)
    start = trials.set_index(["set", "number"])["start"]
    shift = start.loc[pd.MultiIndex.from_frame(mine[["set", "trial"]])].to_numpy()
    mine = mine.assign(time=mine["time_s"].to_numpy() + shift).sort_values("time")
    labels = sorted(mine["neuron"].unique())
    trains = [mine["time"].to_numpy()[mine["neuron"].to_numpy() == name] for name in labels]
    times, units = spikes_of_trains(trains, labels, where=str(path))
    session = make_session(
        subject=subject,
        session="odours",
        times=times,
        units=units,
        unit_table=pd.DataFrame({"unit": labels}),
        limits=(0.0, float(trials["stop"].iloc[-1])),
        trials=trials,
        notes=(f"the clock restarts with each trial; {PAUSE_S:g} s of nothing between two",),
        silent_units=silent_units,
    )
    return [session]


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        fix = "see `neurodecode data info cockroach-antennal-lobe`"
        raise DataFault("file not found", where=str(path), fix=fix)
    table = read_csv(path)
    check = TableCheck(table, "spikes", "set", str(path))
    check.columns(("set", "neuron", "trial", "time_s"))
    check.numbers("time_s")
    late = table["time_s"] >= table["set"].map(lambda name: _seconds(str(name)))
    check.refuse("time_s", late, "lies after the end of its trial")
    return table


def _seconds(name: str) -> float:
    return SETS[name].seconds if name in SETS else np.inf


def _trials(mine: pd.DataFrame, wanted: list[str]) -> pd.DataFrame:
    """Return the trials laid one after another, with their valve times on the session's clock."""
    rows: list[tuple[int | float | str, ...]] = []
    start = 0.0
    for name in wanted:
        entry = SETS[name]
        for number in sorted(mine["trial"][mine["set"] == name].unique()):
            rows.append((
                len(rows) + 1, start, start + entry.seconds, name, entry.odour, int(number),
                start + entry.opens, start + entry.closes,
            ))  # fmt: skip
            start += entry.seconds + PAUSE_S
    columns = ["trial", "start", "stop", "set", "odour", "number", "valve_opens", "valve_closes"]
    return pd.DataFrame(rows, columns=columns)
