"""What ``evaluate`` keeps of a unit beside its scores: the wiring, and how cost grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.artefacts import write_parquet
from neurodecode.spikes.cost import measure_cost
from neurodecode.spikes.wiring import read_wiring, save_wiring, score_wiring

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.spikes.study import Study
    from neurodecode.spikes.units import Unit

COST = "cost.parquet"


def inspect_unit(
    study: Study, unit: Unit, folder: Path, out: Path, simulated: Path | None, *, first: bool
) -> str:
    """Write the wiring that a unit's model shows, and, by the first job, the cost curve.

    Parameters
    ----------
    folder : Path
        Of the trained models.
    out : Path
        Of the evaluation.
    simulated : Path or None
        Folder of a simulated data set, for the true wiring.

    Returns
    -------
    str
        What was found, for the log; empty where no wiring was read.
    """
    said = ""
    for part in unit.parts:
        if part.task == "wire":
            wirings = [
                wiring for subject in unit.subjects
                for wiring in read_wiring(study.wired, part, subject, folder / part.slug, simulated)
            ]  # fmt: skip
            scores = score_wiring(wirings, study.config.seed)
            save_wiring(out, wirings, scores)
            said = "wiring" if scores.empty else f"AUC of connections {scores['value'].iloc[0]:.3f}"
    if first:
        write_parquet(out / COST, measure_cost(study.config.network))
    return said


def read_cost(folders: Sequence[Path]) -> pd.DataFrame:
    """Return the cost curve of a run; empty where none was measured."""
    found = [folder / COST for folder in folders if (folder / COST).is_file()]
    return pd.read_parquet(found[0]) if found else pd.DataFrame()
