"""IXI, FreeSurfer tables: 581 healthy people of 20 to 86 years, from three scanners.

The folder holds the tables ``IXI_asegstats.tsv`` and ``IXI_aparcstats_*`` of the R package
brainnet, and its sheet of demographics saved as ``IXI*.csv``. Subjects are called
``IXI002-Guys-0828-T1``: number, hospital, and two more; Guy's (Guys) has 1.5 T, Hammersmith (HH)
3 T, the Institute of Psychiatry (IOP) 1.5 T.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.morphometry.checks import Missing, Units, noted
from neurodecode.datasets.morphometry.covariates import covariates_from, join_covariates
from neurodecode.datasets.morphometry.freesurfer import read_freesurfer
from neurodecode.datasets.morphometry.names import SUBJECT
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    import pandas as pd

FIELDS_T = {"Guys": 1.5, "HH": 3.0, "IOP": 1.5}
"""Field strength by hospital."""

_NAME = re.compile(r"IXI(\d+)-(Guys|HH|IOP)\b")
_CODES: dict[str, dict[object, int]] = {"sex": {1: 1, 2: 0, "male": 1, "female": 0}}


def read_table(
    root: Path,
    *,
    whole_brain: bool = False,
    missing: Missing = "drop_subject",
    units: Units = "stop",
) -> pd.DataFrame:
    """Read the subject table.

    Parameters
    ----------
    root : Path
    whole_brain, missing, units
        See :func:`~neurodecode.datasets.morphometry.freesurfer.read_freesurfer`.

    Returns
    -------
    DataFrame
        ``age``, ``sex``, ``site`` (hospital), ``field_strength``, ``etiv`` and measures. People
        without age or sex are left out, with a note.

    Raises
    ------
    DataFault
        If a table is missing or broken, or a subject's name does not tell the hospital.
    """
    root = Path(root)
    paths = sorted(root.glob("IXI*.csv"))
    if not paths:
        raise DataFault("no table of demographics IXI*.csv", where=str(root),
                        fix="save the sheet IXI.xls as IXI.csv")  # fmt: skip
    raw = read_csv(paths[0])
    sex = next((name for name in map(str, raw.columns) if name.startswith("SEX_ID")), "SEX_ID")
    columns = {SUBJECT: "IXI_ID", "age": "AGE", "sex": sex}
    people = covariates_from(raw, columns, _CODES, where=str(paths[0])).dropna()
    people = people[~people.index.duplicated()]
    people.index = people.index.map(lambda number: f"{int(float(number)):03d}")
    measures = read_freesurfer(root, whole_brain=whole_brain, missing=missing, units=units)
    names = [_parts(str(name), root) for name in measures.index]
    known = [number in people.index for number, _ in names]
    chosen = people.reindex([number for number, _ in names]).set_axis(measures.index)
    chosen["site"] = [site for _, site in names]
    chosen["field_strength"] = chosen["site"].map(FIELDS_T)
    joined = join_covariates(measures[known], chosen[known], where=str(paths[0]))
    lost = len(known) - sum(known)
    return noted(joined, f"{lost} people without age or sex, left out") if lost else joined


def _parts(name: str, root: Path) -> tuple[str, str]:
    found = _NAME.search(name)
    if not found:
        raise DataFault(f"subject '{name}' does not tell the hospital", where=str(root),
                        fix="as IXI002-Guys-0828-T1")  # fmt: skip
    return f"{int(found[1]):03d}", found[2]
