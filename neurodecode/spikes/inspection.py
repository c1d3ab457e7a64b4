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
) -> None:
    """Write the wiring that the unit's model shows, and, by the first job, the cost curve.

    Parameters
    ----------
    folder : Path
        Of the trained models.
    out : Path
        Of the evaluation.
    simulated : Path or None
        Folder of a simulated data set, for the true wiring.
    """
    for part in unit.parts:
        if part.task == "generate" and part.model == study.config.wiring.model:
            wirings = [
                wiring for subject in unit.subjects
                for wiring in read_wiring(study, part, subject, folder / part.slug, simulated)
            ]  # fmt: skip
            save_wiring(out, wirings, score_wiring(wirings, study.config.seed))
    if first:
        write_parquet(out / COST, measure_cost(study.config.network))


def read_cost(folders: Sequence[Path]) -> pd.DataFrame:
    """Return the cost curve of a run; empty where none was measured."""
    found = [folder / COST for folder in folders if (folder / COST).is_file()]
    return pd.read_parquet(found[0]) if found else pd.DataFrame()
