"""Tables of the ENIGMA working groups, as the ENIGMA Toolbox ships them.

``cov.csv`` (``SubjID``, ``Dx``, ``Age``, ``Sex``: 1 male, 2 female, ``ICV``), ``metr1_SubVol.csv``
(``LLatVent`` ... ``Raccumb``), ``metr2_CortThick.csv`` (``L_bankssts_thickavg``) and
``metr3_CortSurf.csv`` (``L_bankssts_surfavg``); summary statistics are tables of Cohen's d by
structure.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.morphometry.checks import (
    Missing,
    Units,
    require_columns,
    require_distinct,
    tidy,
)
from neurodecode.datasets.morphometry.covariates import covariates_from, join_covariates
from neurodecode.datasets.morphometry.names import GROUP, SUBJECT, region_measure
from neurodecode.faults import DataFault

COVARIATES_FILE = "cov.csv"
MEASURE_FILES = ("metr1_SubVol.csv", "metr2_CortThick.csv", "metr3_CortSurf.csv")
EFFECT_COLUMNS = {"d_icv": "d", "se_icv": "se", "low_ci_icv": "ci_low", "up_ci_icv": "ci_high",
                  "pobs": "p_value", "fdr_p": "p_fdr"}  # fmt: skip

_STRUCTURES = {
    "LatVent": "lateral_ventricle", "thal": "thalamus", "caud": "caudate", "put": "putamen",
    "pal": "pallidum", "hippo": "hippocampus", "amyg": "amygdala", "accumb": "accumbens_area",
}  # fmt: skip
_SIDES = {"L": ("left", "lh"), "R": ("right", "rh")}
_CORTICAL = re.compile(r"([LR])_(\w+?)(?:_(thickavg|surfavg))?$")
_SUBCORTICAL = re.compile(rf"([LR])({'|'.join(_STRUCTURES)})$")
_KINDS = {"thickavg": "thickness", "surfavg": "area"}
_COLUMNS = {SUBJECT: "SubjID", "age": "Age", "sex": "Sex", "etiv": "ICV", GROUP: "Dx"}
_CODES: dict[str, dict[object, int]] = {"sex": {1: 1, 2: 0}, GROUP: {0: 0, 1: 1}}
_TABLE_KINDS = {"CorticalThickness": "thickness", "SurfaceArea": "area"}


def enigma_measure(column: str, kind: str = "") -> str | None:
    """Return our name of ``Lhippo`` or ``L_bankssts_thickavg``; None if it is no measure.

    Parameters
    ----------
    column : str
    kind : str, default ""
        "thickness" or "area" where the column does not say so, as in summary statistics.
    """
    structure = _SUBCORTICAL.match(column)
    if structure:
        return f"{_SIDES[structure[1]][0]}_{_STRUCTURES[structure[2]]}_volume"
    region = _CORTICAL.match(column)
    if region is None:
        return None
    found = _KINDS.get(region[3] or "", kind)
    return region_measure(_SIDES[region[1]][1], region[2], found) if found else None


def read_table(root: Path, *, missing: Missing = "stop", units: Units = "stop") -> pd.DataFrame:
    """Read the tables of people, from ``root`` or its folder ``example_individual``.

    Parameters
    ----------
    root : Path
    missing, units
        See :func:`~neurodecode.datasets.morphometry.checks.tidy`.

    Returns
    -------
    DataFrame
        Subject table with ``age``, ``sex``, ``etiv``, ``group`` (1 case) and measures.

    Raises
    ------
    DataFault
        If a file or column is missing, or somebody has no covariates.
    """
    root = Path(root)
    folder = root if (root / COVARIATES_FILE).is_file() else root / "example_individual"
    tables = [_measures(folder / name) for name in MEASURE_FILES if (folder / name).is_file()]
    if not tables:
        what = f"none of {', '.join(MEASURE_FILES)}"
        raise DataFault(what, where=str(folder), fix="see `neurodecode data info enigma-toolbox`")
    measures = pd.concat(tables, axis=1, join="outer").rename_axis(SUBJECT)
    measures = tidy(measures, where=str(folder), missing=missing, units=units)
    path = folder / COVARIATES_FILE
    people = covariates_from(_read(path), _COLUMNS, _CODES, where=str(path))
    return join_covariates(measures, people.astype({GROUP: int}), where=str(path))


def read_effects(path: Path) -> pd.DataFrame:
    """Read published effect sizes of cases against controls.

    Parameters
    ----------
    path : Path
        A table of ``summary_statistics``, such as ``scz_case-controls_CortThick.csv``.

    Returns
    -------
    DataFrame
        Index ``measure``, our names; ``d`` (Cohen), ``se``, ``ci_low``, ``ci_high``, ``p_value``,
        ``p_fdr``; NaN where the publication has none.

    Raises
    ------
    DataFault
        If a column is missing, or a structure is unknown or there twice.
    """
    raw = _read(path)
    require_columns(raw, ("Structure", "d_icv"), where=str(path))
    kind = _TABLE_KINDS.get(str(raw.columns[0]), "")
    names = [enigma_measure(str(name).strip(), kind) for name in raw["Structure"]]
    if None in names:
        what = f"unknown structure '{raw['Structure'].iloc[names.index(None)]}'"
        raise DataFault(what, where=str(path), fix="mend the name")
    index = pd.Index(names, name="measure")
    require_distinct(index, where=str(path), kind="structure")
    present = {theirs: ours for theirs, ours in EFFECT_COLUMNS.items() if theirs in raw}
    effects = raw[list(present)].rename(columns=present).set_axis(index)
    return effects.apply(lambda column: column.map(_number))


def _measures(path: Path) -> pd.DataFrame:
    raw = _read(path)
    require_columns(raw, ("SubjID",), where=str(path))
    require_distinct(raw["SubjID"], where=str(path), kind="subject")
    columns = {str(name): ours for name in raw if (ours := enigma_measure(str(name)))}
    return raw.set_index("SubjID")[list(columns)].rename(columns=columns)


def _number(entry: object) -> float:
    """Read a number as the groups write it: with a decimal comma; ``<0.001`` is its bound."""
    return float(str(entry).strip().removeprefix("<").replace(",", "."))


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise DataFault("file not found", where=str(path))
    return read_csv(path)
