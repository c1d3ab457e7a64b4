"""Children and adults who watch one film: time courses of regions, a positive control.

Richardson et al., Nature Communications 9, 1027, 2018, doi:10.1038/s41467-018-03399-2, OpenNeuro
ds000228. Beside the time courses that :mod:`neurodecode.datasets.responses.film` describes, the
folder holds ``participants.csv`` (participant, age, child_adult, sex, handedness). Cases are the
adults: brains of children of 3 to 12 and of adults are connected differently, so a pipeline that
cannot tell them apart is broken. It is no rest, and all saw the same film.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.responses.film import TR_S, read_series
from neurodecode.datasets.resting.adhd200 import known_numbers, require_columns, require_person
from neurodecode.datasets.resting.phenotypes import phenotype_table
from neurodecode.datasets.resting.recording import RestingScan
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    import pandas as pd

PARTICIPANTS, ATLASES = "participants.csv", ("aal116", "basc064")
GROUPS = {"child": 0.0, "adult": 1.0}
SITE = "one"
_HANDS = {"L": 0.0, "R": 1.0, "A": 2.0}


def read_recordings(root: Path, subject: str, *, atlas: str = "aal116") -> list[RestingScan]:
    """Read the time courses of one person.

    Parameters
    ----------
    root : Path
    subject : str
        As "pixar001".
    atlas : {"aal116", "basc064"}, default "aal116"
        Regions: 116 of AAL or 64 of BASC.

    Returns
    -------
    list of RestingScan
        One of 168 volumes; the confounds were regressed out by those who made the file.

    Raises
    ------
    ConfigFault
        If the atlas is unknown.
    DataFault
        If a file is missing or broken, or has no such person.
    """
    if atlas not in ATLASES:
        raise ConfigFault(unknown("atlas", atlas, ATLASES))
    root = Path(root)
    require_person(read_phenotypes(root), subject, where=str(root))
    path = root / f"{atlas}_timeseries.npz"
    names, series = read_series(path)
    if subject not in names:
        raise DataFault(f"no time courses of '{subject}'", where=str(path),
                        fix=f"take {PARTICIPANTS} of the same release")  # fmt: skip
    courses = series[names.index(subject)]
    regions = tuple(f"{atlas}-{place + 1:03d}" for place in range(courses.shape[1]))
    return [RestingScan(subject, "1", TR_S, courses=courses, regions=regions)]


def read_phenotypes(root: Path) -> pd.DataFrame:
    """Read who is a child (group 0) and who an adult (group 1).

    Returns
    -------
    DataFrame
        As :func:`~neurodecode.datasets.resting.phenotypes.phenotype_table`; one site, no IQ.

    Raises
    ------
    DataFault
        If the table is missing or broken, lacks a column, or a person has two rows.
    """
    path = Path(root) / PARTICIPANTS
    table = read_csv(path, text=True)
    require_columns(table, ("participant", "child_adult"), where=str(path))
    columns = {
        "group": table["child_adult"].map(GROUPS),
        "dx": table["child_adult"],
        "site": [SITE] * len(table),
        "age": known_numbers(table, "age"),
    }
    if "sex" in table:
        columns["sex"] = table["sex"].where(table["sex"].isin(["F", "M"]), None)
    if "handedness" in table:
        columns["handedness"] = table["handedness"].map(_HANDS)
    return phenotype_table(table["participant"], columns, where=str(path))
