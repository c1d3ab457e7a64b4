"""OASIS-1 and OASIS-2: open tables of people and visits, without FreeSurfer measures.

``oasis_cross-sectional.csv`` (OASIS-1: 416 people of 18 to 96 years, 20 of them scanned again) and
``oasis_longitudinal.csv`` (OASIS-2: 150 people of 60 to 98 years, 373 visits) give eTIV in cm3, the
normalised whole-brain volume nWBV (share of eTIV), its scaling factor ASF = 1755 / eTIV, and CDR
and MMSE. The whole-brain volume in mm3 is ``brain_volume`` here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.morphometry.checks import (
    one_class,
    recoded,
    require_columns,
    require_distinct,
    require_numbers,
    tidy,
)
from neurodecode.datasets.morphometry.names import GROUP, SUBJECT
from neurodecode.datasets.morphometry.visits import sorted_visits
from neurodecode.faults import ConfigFault, DataFault, unknown

CROSS_SECTIONAL, LONGITUDINAL = "oasis_cross-sectional.csv", "oasis_longitudinal.csv"
MM3_PER_CM3 = 1000.0
FIELD_T = 1.5

Contrast = Literal["visits", "impaired", "converted"]
CONTRASTS: tuple[str, ...] = ("visits", "impaired", "converted")

_SEX = {"F": 0, "M": 1}
_NUMBERS = ("Age", "eTIV", "nWBV", "ASF", "CDR", "MMSE")


def read_oasis1(root: Path, *, minimum_age: float = 60.0) -> pd.DataFrame:
    """Read OASIS-1: people with a CDR above 0 against those with 0.

    Parameters
    ----------
    root : Path
        Folder with ``oasis_cross-sectional.csv``, or the file.
    minimum_age : float, default 60.0
        Of years; younger people have no CDR, or a CDR of 0. 0 takes everybody who has one.

    Returns
    -------
    DataFrame
        Subject table of first scans (``_MR1``): ``group`` (1 if CDR > 0), ``age``, ``sex``,
        ``etiv`` (mm3), ``brain_volume`` (mm3), ``nwbv``, ``asf``, ``cdr``, ``mmse``,
        ``education``.

    Raises
    ------
    DataFault
        If the file or a column is missing, a person is there twice, or one group is empty.
    """
    path = _file(root, CROSS_SECTIONAL)
    raw = _read(path, ("ID", "M/F", "Educ", *_NUMBERS))
    first = raw[raw["ID"].astype(str).str.endswith("_MR1")]
    table = _facts(first, path, sex="M/F", education="Educ")
    table.insert(0, SUBJECT, first["ID"].str.removesuffix("_MR1"))
    table = table[table["cdr"].notna() & (table["age"] >= minimum_age)]
    require_distinct(table[SUBJECT], where=str(path), kind="subject")
    table = table.assign(group=(table["cdr"] > 0).astype(int)).set_index(SUBJECT)
    one_class(table, where=str(path))
    return tidy(table, where=str(path))


def read_oasis2(root: Path, *, contrast: Contrast = "visits") -> pd.DataFrame:
    """Read OASIS-2.

    Parameters
    ----------
    root : Path
        Folder with ``oasis_longitudinal.csv``, or the file.
    contrast : {"visits", "impaired", "converted"}, default "visits"
        All visits, for :func:`~neurodecode.datasets.morphometry.cohort.build_cohort`
        (``field_strength=1.5``); or the first visit of everybody: with CDR > 0 against 0; or of
        those called Converted against those called Nondemented.

    Returns
    -------
    DataFrame
        Visits, or a subject table with ``group``; otherwise as :func:`read_oasis1`.

    Raises
    ------
    ConfigFault
        If the contrast is unknown.
    DataFault
        As :func:`read_oasis1`.
    """
    if contrast not in CONTRASTS:
        raise ConfigFault(unknown("contrast", contrast, CONTRASTS))
    path = _file(root, LONGITUDINAL)
    raw = _read(path, ("Subject ID", "MRI ID", "Group", "MR Delay", "Sex", "EDUC", *_NUMBERS))
    table = _facts(raw, path, sex="Sex", education="EDUC")
    table = table.assign(
        subject=raw["Subject ID"].astype(str),
        day=raw["MR Delay"].astype(float),
        scan=raw["MRI ID"].astype(str),
        field_strength=FIELD_T,
        impaired=(table["cdr"] > 0).astype(float).where(table["cdr"].notna()),
    )
    visits = sorted_visits(tidy(table, where=str(path)))
    if contrast == "visits":
        return visits
    return _first_visits(visits, raw.groupby("Subject ID")["Group"].first(), contrast, path)


def _first_visits(
    visits: pd.DataFrame, called: pd.Series[str], contrast: Contrast, path: Path
) -> pd.DataFrame:
    first = visits.drop_duplicates(SUBJECT).set_index(SUBJECT)
    if contrast == "impaired":
        first[GROUP] = first["impaired"]
    else:
        first[GROUP] = called.reindex(first.index).map({"Nondemented": 0, "Converted": 1})
    first = first[first[GROUP].notna()].astype({GROUP: int})
    one_class(first, where=str(path))
    return first.drop(columns=["impaired", "day"])


def _facts(raw: pd.DataFrame, path: Path, *, sex: str, education: str) -> pd.DataFrame:
    etiv = raw["eTIV"] * MM3_PER_CM3
    return pd.DataFrame({
        "age": raw["Age"],
        "sex": recoded(raw[sex], _SEX, column=sex, where=str(path)),
        "etiv": etiv,
        "brain_volume": raw["nWBV"] * etiv,
        "nwbv": raw["nWBV"],
        "asf": raw["ASF"],
        "cdr": raw["CDR"],
        "mmse": raw["MMSE"],
        "education": raw[education],
    })  # fmt: skip


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    raw = read_csv(path)
    require_columns(raw, columns, where=str(path))
    return require_numbers(raw, _NUMBERS, where=str(path))


def _file(root: Path, name: str) -> Path:
    path = Path(root) if Path(root).is_file() else Path(root) / name
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix="put the OASIS table there")
    return path
