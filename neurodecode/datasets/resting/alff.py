"""ADHD-200, four sites: amplitude of low-frequency fluctuation of the 116 regions of AAL.

The folder holds ``adhd200_alff_aal116.csv.gz`` (541 people of NYU, Peking, KKI and NeuroIMAGE;
site, scandir_id, dx, age, gender, handedness, full4_iq, peking_part, id_check, aal_001 ... aal_116)
and, for quality control and the other IQs, ``adhd200_phenotypic_715.csv``, a phenotype table of the
release. Peking recruited in three parts with different shares of cases, so parts are sites.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.resting.adhd200 import (
    diagnoses,
    group_of,
    known_numbers,
    padded,
    require_columns,
    require_person,
    sexes,
)
from neurodecode.datasets.resting.athena import ID
from neurodecode.datasets.resting.phenotypes import phenotype_table
from neurodecode.datasets.resting.recording import RestingScan
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE, RELEASE, ALFF = "adhd200_alff_aal116.csv.gz", "adhd200_phenotypic_715.csv", "alff"
QC = "QC_Rest_1"
CHECKED = "dx order checked"
_REGION = re.compile(r"aal_\d{3}")


def read_recordings(
    root: Path, subject: str, *, scale: Literal["raw", "mean"] = "raw"
) -> list[RestingScan]:
    """Read the ALFF of one person.

    Parameters
    ----------
    root : Path
    subject : str
        Id, with or without leading zeros.
    scale : {"raw", "mean"}, default "raw"
        "mean" divides by the person's mean over regions, which removes the scanner's scale.

    Returns
    -------
    list of RestingScan
        One, with features "alff" (116,). A note tells where the row was joined with the person by
        its place only, which nobody could check.

    Raises
    ------
    ConfigFault
        If the scale is unknown.
    DataFault
        If the table is missing or broken, or has no such person.
    """
    if scale not in ("raw", "mean"):
        raise ConfigFault(unknown("scale", scale, ("raw", "mean")))
    label, path = padded(subject), Path(root) / FILE
    table = _read(path)
    require_person(table, label, where=str(path))
    values = _alff(table.loc[[label]], path)
    if scale == "mean":
        values = values / values.mean()
    checked = "id_check" not in table or table.loc[label, "id_check"] == CHECKED
    notes = () if checked else ("values and phenotype were joined by their order, unchecked",)
    return [RestingScan(label, "1", None, features={ALFF: values}, notes=notes)]


def read_phenotypes(
    root: Path, *, peking_parts: bool = True, qc: Literal["all", "passed"] = "all"
) -> pd.DataFrame:
    """Read the phenotypes.

    Parameters
    ----------
    root : Path
    peking_parts : bool, default True
        Take the parts of Peking (1; 2 and 3) as sites.
    qc : {"all", "passed"}, default "all"
        "passed" leaves out people whose first scan did not pass (``QC_Rest_1`` is not 1) in the
        release's phenotype table.

    Returns
    -------
    DataFrame
        As :func:`~neurodecode.datasets.resting.phenotypes.phenotype_table`; group 1 is ADHD of any
        subtype. Verbal and performance IQ where the release's table is in the folder.

    Raises
    ------
    ConfigFault
        If ``qc`` is unknown.
    DataFault
        If a table is missing or broken, lacks a column, or has a person twice.
    """
    if qc not in ("all", "passed"):
        raise ConfigFault(unknown("quality control", qc, ("all", "passed")))
    path = Path(root) / FILE
    table = _read(path)
    release = _release(Path(root), needed=qc == "passed").reindex(table.index)
    if qc == "passed":
        passed = (known_numbers(release, QC) == 1).tolist()
        table, release = table[passed], release[passed]
    site = table["site"]
    if peking_parts and "peking_part" in table:
        site = site.where(table["peking_part"] == "", table["peking_part"])
    codes = diagnoses(table["dx"], table.index, where=str(path))
    columns = {
        "group": group_of(codes),
        "dx": codes,
        "site": site,
        "sex": sexes(table["gender"]),
        "age": known_numbers(table, "age"),
        "handedness": known_numbers(table, "handedness"),
        "verbal_iq": known_numbers(release, "Verbal IQ"),
        "performance_iq": known_numbers(release, "Performance IQ"),
        "full_iq": known_numbers(table, "full4_iq"),
    }
    return phenotype_table(table.index.to_series(), columns, where=str(path))


def _alff(row: pd.DataFrame, path: Path) -> NDArray[np.float32]:
    regions = [name for name in row if _REGION.fullmatch(str(name))]
    if not regions:
        raise DataFault("no column aal_001 and further", where=str(path))
    return row[regions].apply(pd.to_numeric, errors="coerce").to_numpy(np.float32)[0]


def _read(path: Path) -> pd.DataFrame:
    """Return the table as text, by padded id."""
    table = read_csv(path, text=True)
    require_columns(table, ("scandir_id", "site", "dx", "gender"), where=str(path))
    table.index = pd.Index(table["scandir_id"].map(padded))
    if table.index.has_duplicates:
        twice = ", ".join(table.index[table.index.duplicated()].unique()[:10])
        raise DataFault(f"subject with two rows: {twice}", where=str(path),
                        fix="keep one row per subject")  # fmt: skip
    return table


def _release(root: Path, *, needed: bool) -> pd.DataFrame:
    """Return the release's table by padded id, without columns where it is not in the folder."""
    path = root / RELEASE
    if not path.is_file() and not needed:
        return pd.DataFrame()
    table = read_csv(path, text=True)
    require_columns(table, (ID, *([QC] if needed else [])), where=str(path))
    table.index = pd.Index(table[ID].map(padded))
    return table[~table.index.duplicated()]
