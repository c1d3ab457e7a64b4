"""Forty subjects of ADHD-200 as ``nilearn.datasets.fetch_adhd`` lays them out.

Below ``adhd`` of nilearn's folder::

    ADHD200_40subs_motion_parameters_and_phenotypics.csv
    data/<id>/<id>_rest_tshift_RPI_voreg_mni.nii.gz
    data/<id>/<id>_regressors.csv

Images are slice-timed, realigned and in MNI space, neither denoised nor filtered; the regressors
are to be taken out by the masker. The fetcher says that the repetition time is 2 s for all; here it
is that of the site. Another grid and pipeline than Athena's: results do not compare.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.nilearn import FOLDER
from neurodecode.datasets.resting.adhd200 import (
    known_numbers,
    padded,
    require_columns,
    require_person,
    sexes,
    site_t_r,
)
from neurodecode.datasets.resting.phenotypes import phenotype_table
from neurodecode.datasets.resting.recording import RestingScan
from neurodecode.datasets.resting.runs import read_run
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

TABLE = "ADHD200_40subs_motion_parameters_and_phenotypics.csv"
SHIFTS = ("motion-x", "motion-y", "motion-z")
ROTATIONS = ("motion-pitch", "motion-roll", "motion-yaw")
GLOBAL, CONSTANT = "global", "constant"
SUBTYPES = {"adhd_combined": "1", "adhd_inattentive": "3"}


def read_recordings(
    root: Path, subject: str, *, t_r: float | None = None, global_signal: bool = False
) -> list[RestingScan]:
    """Read the run of one subject.

    Parameters
    ----------
    root : Path
        ``adhd`` of nilearn's folder, or the folder of the card beside ``nilearn``.
    subject : str
        Id, with or without leading zeros.
    t_r : float, optional
        Repetition time, s; by default that of the site.
    global_signal : bool, default False
        Regress out the global signal as well as the other regressors.

    Returns
    -------
    list of RestingScan
        One, with its confounds.

    Raises
    ------
    DataFault
        If the subject or a file of it is missing, a file is broken, or the site is unknown and the
        image has no repetition time.
    """
    base, label = _base(Path(root)), padded(subject)
    people = read_phenotypes(root)
    require_person(people, label, where=str(base))
    image = base / "data" / label / f"{label}_rest_tshift_RPI_voreg_mni.nii.gz"
    run = read_run(image)
    regressors = _regressors(image.with_name(f"{label}_regressors.csv"), run.n_times)
    left_out = {CONSTANT} if global_signal else {CONSTANT, GLOBAL}
    kept = [name for name in regressors if name not in left_out]
    site = str(people.loc[label, "site"])
    return [
        RestingScan(
            label, "1", t_r or site_t_r(site) or run.t_r, image=image,
            motion=_motion(regressors), confounds=regressors[kept].to_numpy(float), notes=run.notes,
        )
    ]  # fmt: skip


def read_phenotypes(root: Path) -> pd.DataFrame:
    """Read the phenotypes of all forty.

    Returns
    -------
    DataFrame
        As :func:`~neurodecode.datasets.resting.phenotypes.phenotype_table`; sites with their part,
        as "Peking_1".

    Raises
    ------
    DataFault
        If the table is missing or broken, lacks a column, or has a subject twice.
    """
    path = _base(Path(root)) / TABLE
    table = read_csv(path, text=True)
    require_columns(table, ("Subject", "site", "adhd"), where=str(path))
    group = known_numbers(table, "adhd")
    columns = {
        "group": group,
        "dx": _subtypes(table, group),
        "site": table["site"].str.removeprefix("b'").str.strip("'\" "),
        "sex": sexes(table["sex"].str.strip("b'\" ")) if "sex" in table else None,
        "age": known_numbers(table, "age"),
        "handedness": known_numbers(table, "handedness"),
        "verbal_iq": known_numbers(table, "viq"),
        "performance_iq": known_numbers(table, "piq"),
        "full_iq": known_numbers(table, "full_4_iq", "full_2_iq"),
    }
    given = {name: values for name, values in columns.items() if values is not None}
    return phenotype_table(table["Subject"].map(padded), given, where=str(path))


def _base(root: Path) -> Path:
    """Return the folder of the table: the root, or nilearn's beside it."""
    return root if (root / TABLE).is_file() else root.parent / FOLDER / "adhd"


def _subtypes(table: pd.DataFrame, group: NDArray[np.float64]) -> list[str | None]:
    codes: list[str | None] = ["0" if value == 0 else None for value in group]
    for name, code in SUBTYPES.items():
        if name in table:
            has = known_numbers(table, name) == 1
            codes = [code if yes else known for yes, known in zip(has, codes, strict=True)]
    return codes


def _regressors(path: Path, n_times: int) -> pd.DataFrame:
    """Return the regressors; some releases separate them by tabs."""
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix="fetch the data set again")
    try:
        table = pd.read_csv(path, sep=None, engine="python").astype(float)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error, ValueError) as error:
        raise DataFault(f"not a table of regressors: {error}", where=str(path),
                        fix="fetch the data set again") from error  # fmt: skip
    if len(table) != n_times:
        what = f"{len(table)} rows of regressors for {n_times} volumes"
        raise DataFault(what, where=str(path), fix="fetch the data set again")
    return table


def _motion(regressors: pd.DataFrame) -> NDArray[np.float64] | None:
    """Return motion in mm and rad; the file has degrees, as 3dvolreg writes them."""
    if not {*SHIFTS, *ROTATIONS} <= set(regressors):
        return None
    shifts, rotations = (regressors[list(names)].to_numpy(float) for names in (SHIFTS, ROTATIONS))
    return np.column_stack([shifts, np.radians(rotations)])
