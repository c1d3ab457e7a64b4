"""A FreeSurfer folder of one's own with a table of people, or of visits, beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodecode.datasets.local_files import PARTICIPANTS, participants_files
from neurodecode.datasets.morphometry import local, simulated
from neurodecode.datasets.morphometry.checks import Missing, Units
from neurodecode.datasets.morphometry.covariates import join_covariates
from neurodecode.datasets.morphometry.freesurfer import read_freesurfer
from neurodecode.datasets.morphometry.names import measure_columns
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    import pandas as pd

PEOPLE = "people.csv"
PARTICIPANT_ID = "participant_id"


def read_table(
    root: Path,
    *,
    people: str = PEOPLE,
    columns: Mapping[str, str] | None = None,
    codes: Mapping[str, Mapping[Any, int]] | None = None,
    missing: Missing = "stop",
    units: Units = "stop",
) -> pd.DataFrame:
    """Read measures of FreeSurfer and whose they are.

    Parameters
    ----------
    root : Path
        A subjects directory, or a folder with group tables, as
        :func:`~neurodecode.datasets.morphometry.freesurfer.read_freesurfer` reads it. With
        ``visits.csv`` in it, the subjects of FreeSurfer are scans, as
        :func:`neurodecode.datasets.morphometry.simulated.read_table` says; else ``people`` has a
        row per subject.
    people : str, default "people.csv"
        Table with ``subject``, ``group`` (0, 1) and, where known, ``age``, ``sex`` and ``site``.
        Where it is not there, ``participants.tsv`` (``participant_id``) of the folder or of the
        two that hold it is taken, as below ``derivatives/freesurfer`` of a BIDS data set.
    columns, codes
        Of that table; see :func:`neurodecode.datasets.morphometry.local.read_table`.
    missing, units
        See :func:`~neurodecode.datasets.morphometry.checks.tidy`.

    Returns
    -------
    DataFrame
        Visits, or a subject table.

    Raises
    ------
    DataFault
        If the table of people is missing, has several rows of somebody or lacks somebody.
    """
    root = Path(root)
    if (root / simulated.VISITS).is_file():
        return simulated.read_table(root, missing=missing, units=units)
    file, columns = people_table(root, people), dict(columns or {})
    if file.name == PARTICIPANTS:
        columns = {"subject": PARTICIPANT_ID, **columns}
    table = local.read_table(file, columns=columns, codes=codes)
    facts = table.drop(columns=measure_columns(table))
    measures = read_freesurfer(root, missing=missing, units=units)
    return join_covariates(measures, facts, where=str(file))


def people_table(root: Path, people: str = PEOPLE) -> Path:
    """Return the table that says who is in which group, beside the measures or above them.

    Raises
    ------
    DataFault
        If there is none.
    """
    if (root / people).is_file():
        return root / people
    for path in participants_files(root):
        return path
    raise DataFault(f"no table {people}, {PARTICIPANTS} or {simulated.VISITS}", where=str(root),
                    fix="say there who is in which group, with a column subject")  # fmt: skip
