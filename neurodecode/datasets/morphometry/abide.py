"""ABIDE I, FreeSurfer 6: measures of 1,035 people of 20 samples, autism (1) or typical (0).

The folder holds group tables of ``aseg`` and ``aparc`` (any names) and the phenotypic table
``Phenotypic*.csv`` of the Preprocessed Connectomes Project, joined by ``FILE_ID``. It shows what
harmonisation does to age, sex and scanner; it is no study of dementia.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.morphometry.checks import Missing, Units
from neurodecode.datasets.morphometry.covariates import covariates_from, join_covariates
from neurodecode.datasets.morphometry.freesurfer import read_freesurfer
from neurodecode.datasets.morphometry.names import GROUP, SUBJECT
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {
    SUBJECT: "FILE_ID", "age": "AGE_AT_SCAN", "sex": "SEX", "site": "SITE_ID", GROUP: "DX_GROUP",
}  # fmt: skip
_CODES: dict[str, dict[object, int]] = {"sex": {1: 1, 2: 0}, GROUP: {1: 1, 2: 0}}
_NO_SCAN = "no_filename"


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
        See :func:`~neurodecode.datasets.morphometry.freesurfer.read_freesurfer`; eight people
        have a region without area or thickness and are left out by default.

    Returns
    -------
    DataFrame
        ``age``, ``sex``, ``site``, ``group`` (1 autism), ``etiv`` and measures.

    Raises
    ------
    DataFault
        If a table is missing or broken, or somebody has no phenotype.
    """
    root = Path(root)
    paths = sorted(root.glob("Phenotypic*.csv"))
    if not paths:
        raise DataFault("no table Phenotypic*.csv", where=str(root),
                        fix="see `neurodecode data info ABIDE1-freesurfer6`")  # fmt: skip
    raw = read_csv(paths[0])
    measures = read_freesurfer(root, whole_brain=whole_brain, missing=missing, units=units)
    people = covariates_from(raw, _COLUMNS, _CODES, where=str(paths[0]))
    people = people[people.index != _NO_SCAN].astype({GROUP: int})
    return join_covariates(measures, people, where=str(paths[0]))
