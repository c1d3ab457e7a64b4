"""ADNI: FreeSurfer tables of UCSF joined to diagnoses by person and visit.

Put the table of one FreeSurfer version (``UCSFFSX*.csv`` or ``UCSFFSL*.csv``) and
``ADNIMERGE*.csv`` in a folder; or ``DXSUM*.csv`` with ``PTDEMOG*.csv`` in the place of ADNIMERGE.
Rows are joined on ``RID`` and the visit code of the whole study, ``VISCODE2`` (``VISCODE`` where a
table has only that); the screening visit counts as the baseline, since its scan is the baseline
scan.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.morphometry.adni_codes import adni_measure, is_etiv
from neurodecode.datasets.morphometry.checks import (
    Missing,
    Units,
    noted,
    recoded,
    require_columns,
    require_numbers,
    tidy,
)
from neurodecode.datasets.morphometry.names import LOBES, SUBJECT, measure_columns, parts_of
from neurodecode.datasets.morphometry.visits import (
    DAYS_PER_YEAR,
    sorted_visits,
    without_duplicate_scans,
)
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

Quality = Literal["pass", "partial", "any"]
QUALITY: tuple[str, ...] = ("pass", "partial", "any")

HEALTHY_OR_NOT = {
    "CN": 0, "NL": 0, "SMC": 0, "MCI": 1, "EMCI": 1, "LMCI": 1, "Dementia": 1, "AD": 1,
    "MCI to NL": 0, "Dementia to NL": 0, "NL to MCI": 1, "NL to Dementia": 1,
    "MCI to Dementia": 1, "Dementia to MCI": 1,
}  # fmt: skip
"""Diagnoses of ADNIMERGE's DX, and whether the person is impaired at that visit."""

_CHANGES = {1: 0, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 0, 8: 1, 9: 0}
_STATES = {1: 0, 2: 1, 3: 1}
DXSUM_CODES = {"DIAGNOSIS": _STATES, "DXCHANGE": _CHANGES, "DXCURREN": _STATES}
"""Columns of DXSUM by phase of the study, and whether each code is impaired: 1 CN, 2 MCI, 3
dementia; as changes 4 to 6 are conversions, 7 to 9 reversions."""

REGION_QUALITY = {
    "TEMPQC": LOBES["temporal"],
    "FRONTQC": LOBES["frontal"],
    "PARQC": LOBES["parietal"],
    "INSULAQC": LOBES["insula"],
    "OCCQC": LOBES["occipital"],
    "BGQC": ("caudate", "putamen", "pallidum", "accumbens_area"),
    "VENTQC": ("lateral_ventricle", "inf_lat_vent"),
    "HIPPOQC": ("hippocampus",),
}
"""What a column of the quality control speaks for."""

_BASELINE = ("sc", "scmri", "f", "v01", "v02")


def read_table(
    root: Path,
    *,
    quality: Quality = "partial",
    missing: Missing = "drop_subject",
    units: Units = "stop",
    allow_mixed_versions: bool = False,
) -> pd.DataFrame:
    """Read the table of visits.

    Parameters
    ----------
    root : Path
        Folder with the tables, as the module says.
    quality : {"pass", "partial", "any"}, default "partial"
        Scans of which ``OVERALLQC`` is kept: Pass; Pass and Partial, where the measures of a lobe
        or structure whose own column says Fail are missing; or all.
    missing : {"stop", "drop_subject", "drop_measure", "keep"}, default "drop_subject"
        Of scans; see :func:`~neurodecode.datasets.morphometry.checks.apply_missing`. Negative
        values are missing ones; here "drop_subject" leaves out scans, not people.
    units : {"stop", "convert"}, default "stop"
        See :func:`~neurodecode.datasets.morphometry.checks.check_units`.
    allow_mixed_versions : bool, default False
        Read tables of several FreeSurfer versions together; their measures differ by more than
        an early disease does.

    Returns
    -------
    DataFrame
        Visits (:mod:`~neurodecode.datasets.morphometry.visits`) with and without scan; ``age``,
        ``sex``, ``etiv``, ``site`` and measures.

    Raises
    ------
    ConfigFault
        If a policy is unknown.
    DataFault
        If a table or column is missing, versions are mixed, or a diagnosis has an unknown code.
    """
    if quality not in QUALITY:
        raise ConfigFault(unknown("quality", quality, QUALITY))
    root = Path(root)
    paths = sorted([*root.glob("UCSFFSX*.csv"), *root.glob("UCSFFSL*.csv")])
    if not paths:
        raise DataFault("no table UCSFFSX*.csv or UCSFFSL*.csv", where=str(root),
                        fix="see `neurodecode data info ADNI`")  # fmt: skip
    if len(paths) > 1 and not allow_mixed_versions:
        names = ", ".join(path.name for path in paths)
        raise DataFault(f"tables of several FreeSurfer versions: {names}", where=str(root),
                        fix="keep one, or give allow_mixed_versions=true")  # fmt: skip
    scans = pd.concat([_scans(path, quality, missing, units) for path in paths])
    notes = scans.attrs
    visits = _visits(root)
    joined = scans.drop(columns="examined").merge(
        visits, on=[SUBJECT, "visit"], how="outer", validate="many_to_one"
    )
    joined["scan"] = joined["scan"].fillna("")
    joined["day"] = joined["day"].fillna(_day_of_scan(joined, scans, visits))
    joined.attrs = notes
    dated = joined["day"].notna()
    lost = int((~dated & (joined["scan"] != "")).sum())
    found = sorted_visits(joined[dated].drop(columns="entry"))
    return noted(found, f"{lost} scans of people without any diagnosis") if lost else found


def _scans(path: Path, quality: Quality, missing: Missing, units: Units) -> pd.DataFrame:
    """Return the scans of one table that passed, with measures by our names."""
    raw = read_csv(path)
    require_columns(raw, ("RID", "EXAMDATE", "IMAGEUID"), where=str(path))
    columns = {name: ours for name in raw if (ours := adni_measure(str(name)))}
    columns |= {name: "etiv" for name in raw if is_etiv(str(name))}
    if len(columns) < 2:
        raise DataFault("no column ST...CV, SV, TA or SA", where=str(path))
    table = raw[list(columns)].rename(columns=columns)
    table = require_numbers(table, measure_columns(table), where=str(path))
    table = pd.concat([_keys(raw, path), table], axis=1)
    table["scan"] = raw["IMAGEUID"].map(lambda number: f"I{number:.0f}", na_action="ignore")
    table["examined"] = _dates(raw["EXAMDATE"])
    if "FLDSTRENG" in raw:
        text = raw["FLDSTRENG"].astype(str).str.extract(r"(\d+(?:\.\d+)?)")[0]
        table["field_strength"] = pd.to_numeric(text)
    table = _of_quality(table, raw, quality)
    table = table[table["scan"].notna()].reset_index(drop=True)
    return without_duplicate_scans(tidy(table, where=str(path), missing=missing, units=units))


def _of_quality(table: pd.DataFrame, raw: pd.DataFrame, quality: Quality) -> pd.DataFrame:
    """Leave out scans by OVERALLQC, and empty the measures of parts that failed."""
    if quality == "any" or "OVERALLQC" not in raw:
        return table
    overall = raw["OVERALLQC"].astype(str).str.strip().str.lower()
    kept = overall.isin(["pass", "partial"] if quality == "partial" else ["pass"])
    table = table.copy()
    for column, parts in REGION_QUALITY.items():
        if column in raw:
            failed = raw[column].astype(str).str.strip().str.lower() == "fail"
            table.loc[failed, parts_of(parts, measure_columns(table))] = np.nan
    if kept.all():
        return table
    return noted(table[kept].copy(), f"{int((~kept).sum())} scans did not pass the quality control")


def _visits(root: Path) -> pd.DataFrame:
    """Return a row per clinic visit: subject, visit, day, impaired, age, sex, site."""
    merged = sorted(root.glob("ADNIMERGE*.csv"))
    table = _adnimerge(merged[-1]) if merged else _dxsum(root)
    table = table.drop_duplicates([SUBJECT, "visit"], keep="last")
    first = table.groupby(SUBJECT)["date"].transform("min")
    table["day"] = (table["date"] - first).dt.days.astype(float)
    table["entry"] = first
    return table.drop(columns="date")


def _adnimerge(path: Path) -> pd.DataFrame:
    raw = read_csv(path)
    require_columns(raw, ("RID", "VISCODE", "EXAMDATE", "DX", "AGE", "PTGENDER"), where=str(path))
    table = _keys(raw, path).assign(date=_dates(raw["EXAMDATE"]))
    where = str(path)
    table["impaired"] = recoded(raw["DX"], HEALTHY_OR_NOT, column="DX", where=where)
    codes = {"Female": 0, "Male": 1}
    table["sex"] = recoded(raw["PTGENDER"], codes, column="PTGENDER", where=where)
    entry = table.groupby(SUBJECT)["date"].transform("min")
    table["age"] = raw["AGE"] + (table["date"] - entry).dt.days / DAYS_PER_YEAR
    if "SITE" in raw:
        table["site"] = raw["SITE"].astype(str)
    return table


def _dxsum(root: Path) -> pd.DataFrame:
    path, people = _only(root, "DXSUM*.csv"), _only(root, "PTDEMOG*.csv")
    raw = read_csv(path)
    known = [name for name in DXSUM_CODES if name in raw]
    if not known:
        require_columns(raw, list(DXSUM_CODES)[:1], where=str(path))
    date = "EXAMDATE" if "EXAMDATE" in raw else "USERDATE"
    require_columns(raw, (date,), where=str(path))
    table = _keys(raw, path).assign(date=_dates(raw[date]))
    table["impaired"] = np.nan
    for column in known:
        found = recoded(raw[column], DXSUM_CODES[column], column=column, where=str(path))
        table["impaired"] = table["impaired"].fillna(found)
    table = table.merge(_people(people), on=SUBJECT, how="left")
    table["age"] = (table["date"] - table.pop("born")).dt.days / DAYS_PER_YEAR
    return table


def _people(path: Path) -> pd.DataFrame:
    """Return sex and (middle of the) month of birth by subject, of PTDEMOG."""
    raw = read_csv(path)
    require_columns(raw, ("RID", "PTGENDER", "PTDOBYY"), where=str(path))
    codes = {1: 1, 2: 0, "Male": 1, "Female": 0}
    month = raw["PTDOBMM"] if "PTDOBMM" in raw else pd.Series(7, raw.index)
    born = pd.DataFrame({"year": raw["PTDOBYY"], "month": month.fillna(7), "day": 15})
    table = pd.DataFrame({
        SUBJECT: _subjects(raw["RID"]),
        "sex": recoded(raw["PTGENDER"], codes, column="PTGENDER", where=str(path)),
        "born": pd.to_datetime(born, errors="coerce"),
    })  # fmt: skip
    return table.dropna().drop_duplicates(SUBJECT, keep="last")


def _day_of_scan(
    joined: pd.DataFrame, scans: pd.DataFrame, visits: pd.DataFrame
) -> pd.Series[float]:
    """Return the day of scans whose visit nobody diagnosed, from their own date."""
    entry = visits.groupby(SUBJECT)["entry"].first()
    examined = scans.set_index("scan")["examined"]
    date = pd.to_datetime(joined["scan"].map(examined[~examined.index.duplicated()]))
    return (date - joined[SUBJECT].map(entry)).dt.days.astype(float)


def _keys(raw: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return subject and visit code of the whole study, ``bl`` for the screening as well."""
    require_columns(raw, ("RID", "VISCODE"), where=str(path))
    code = raw["VISCODE"]
    if "VISCODE2" in raw:
        code = raw["VISCODE2"].where(raw["VISCODE2"].notna(), code)
    visit = code.astype(str).str.strip().str.lower()
    return pd.DataFrame({
        SUBJECT: _subjects(raw["RID"]),
        "visit": visit.mask(visit.isin(_BASELINE), "bl"),
    })  # fmt: skip


def _subjects(rid: pd.Series[float]) -> pd.Series[str]:
    return rid.map(lambda number: f"{int(number):04d}")


def _dates(column: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    return pd.to_datetime(column, errors="coerce", format="mixed")


def _only(root: Path, pattern: str) -> Path:
    found: Sequence[Path] = sorted(root.glob(pattern))
    if not found:
        raise DataFault(f"no table {pattern}", where=str(root),
                        fix="put ADNIMERGE*.csv there, or DXSUM*.csv and PTDEMOG*.csv")  # fmt: skip
    return found[-1]
