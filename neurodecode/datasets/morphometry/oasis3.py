"""OASIS-3: FreeSurfer table and clinic visits, joined by day.

Sessions are called ``OAS30001_MR_d0129``: subject, modality, days since entry. The folder holds
``OASIS3_Freesurfer_output*.csv`` (``Subject``, ``MR_session``, ``version``, ``FS QC Status``),
``OASIS3_UDSb4_cdr*.csv`` (``OASISID``, ``days_to_visit``, ``CDRTOT``) and
``OASIS3_demographics*.csv`` (``OASISID``, ``AgeatEntry``, ``GENDER``: 1 male, 2 female).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.morphometry.checks import (
    Missing,
    Units,
    noted,
    recoded,
    require_columns,
    tidy,
)
from neurodecode.datasets.morphometry.names import ETIV_NAMES, SUBJECT, measure_name
from neurodecode.datasets.morphometry.visits import (
    DAYS_PER_YEAR,
    join_nearest,
    without_duplicate_scans,
)
from neurodecode.faults import DataFault

SESSION = re.compile(r"(OAS3\d{4})_([A-Za-z0-9]+)_d(\d{4,})$")
IMPAIRED_CDR = 0.5

HCP_PATCH_T, OLDER_T = 3.0, 1.5
"""Field strength by FreeSurfer version: 5.3 with the HCP patch was run on the 3 T scans, 5.0 and
5.1 on those of 1.5 T; the table of measures does not state it."""


class Session(NamedTuple):
    """Parts of a session's name."""

    subject: str
    modality: str
    day: int


def parse_session(name: str) -> Session:
    """Return the parts of ``OAS30001_MR_d0129``; BIDS labels with ``sub-`` and ``ses-`` as well.

    Raises
    ------
    DataFault
        If it is no such name.
    """
    bids = re.match(r"sub-(OAS3\d{4})_(?:sess?-)d(\d{4,})", name)
    if bids:
        return Session(bids[1], "MR", int(bids[2]))
    found = SESSION.match(name.strip())
    if not found:
        raise DataFault(f"'{name}' is no session of OASIS-3", fix="as OAS30001_MR_d0129")
    return Session(found[1], found[2], int(found[3]))


def read_table(
    root: Path,
    *,
    most_days: float = 365.0,
    accepted_quality: tuple[str, ...] = ("passed", "passed with edits"),
    missing: Missing = "drop_subject",
    units: Units = "stop",
) -> pd.DataFrame:
    """Read the table of visits.

    Parameters
    ----------
    root : Path
        Folder with the three tables, also in folders below it.
    most_days : float, default 365.0
        Furthest clinic visit, before or after, whose CDR a scan takes over.
    accepted_quality : tuple of str
        Of ``FS QC Status``, letter case apart; scans of another one are left out, and with an
        empty tuple none is. Without that column all are kept.
    missing, units
        See :func:`~neurodecode.datasets.morphometry.checks.tidy`; of scans.

    Returns
    -------
    DataFrame
        Visits (:mod:`~neurodecode.datasets.morphometry.visits`); ``impaired`` is 1 from a CDR of
        0.5; ``age``, ``sex``, ``etiv``, ``site`` (FreeSurfer version) and measures.

    Raises
    ------
    DataFault
        If a table or column is missing, or a session has another name.
    """
    root = Path(root)
    scans = _scans(_find(root, "OASIS3_Freesurfer_output"), accepted_quality, missing, units)
    clinic = _clinic(_find(root, "OASIS3_UDSb4_cdr"))
    visits = join_nearest(scans, clinic, ["impaired"], most_days=most_days)
    people = _people(_find(root, "OASIS3_demographics"))
    visits = visits.merge(people, on=SUBJECT, how="left")
    visits["age"] = visits.pop("entry_age") + visits["day"] / DAYS_PER_YEAR
    visits.attrs = scans.attrs
    return visits


def _scans(path: Path, accepted: tuple[str, ...], missing: Missing, units: Units) -> pd.DataFrame:
    raw = read_csv(path)
    name = "MR_session" if "MR_session" in raw or "Session" not in raw else "Session"
    require_columns(raw, (name,), where=str(path))
    columns = {str(column): ours for column in raw if (ours := measure_name(str(column)))}
    columns |= {column: "etiv" for column in ETIV_NAMES if column in raw}
    sessions = [parse_session(str(label)) for label in raw[name]]
    table = raw[list(columns)].rename(columns=columns)
    table.insert(0, "scan", raw[name].astype(str))
    table.insert(0, "day", [float(session.day) for session in sessions])
    table.insert(0, SUBJECT, [session.subject for session in sessions])
    if "version" in raw:
        table["site"] = raw["version"].astype(str)
        table["field_strength"] = [
            HCP_PATCH_T if "HCP" in version or "5.3" in version else OLDER_T
            for version in table["site"]
        ]
    if "FS QC Status" in raw and accepted:
        status = raw["FS QC Status"].astype(str).str.strip().str.lower()
        kept = status.isin([entry.lower() for entry in accepted])
        table = noted(table[kept].copy(), f"{int((~kept).sum())} scans of another FS QC Status")
    return without_duplicate_scans(tidy(table, where=str(path), missing=missing, units=units))


def _clinic(path: Path) -> pd.DataFrame:
    raw = read_csv(path)
    require_columns(raw, ("OASISID", "days_to_visit", "CDRTOT"), where=str(path))
    cdr = pd.to_numeric(raw["CDRTOT"], errors="coerce")
    impaired = (cdr >= IMPAIRED_CDR).astype(float).where(cdr.notna())
    table = pd.DataFrame(
        {SUBJECT: raw["OASISID"], "day": raw["days_to_visit"], "impaired": impaired}
    )
    # of two forms on one day the worse rating counts
    return table.groupby([SUBJECT, "day"])["impaired"].max().reset_index()


def _people(path: Path) -> pd.DataFrame:
    raw = read_csv(path)
    require_columns(raw, ("OASISID", "AgeatEntry", "GENDER"), where=str(path))
    codes = {1: 1, 2: 0, "M": 1, "F": 0}
    return pd.DataFrame({
        SUBJECT: raw["OASISID"],
        "entry_age": pd.to_numeric(raw["AgeatEntry"], errors="coerce"),
        "sex": recoded(raw["GENDER"], codes, column="GENDER", where=str(path)),
    }).drop_duplicates(SUBJECT)  # fmt: skip


def _find(root: Path, stem: str) -> Path:
    found = sorted(root.rglob(f"{stem}*.csv"))
    if not found:
        fix = "see `neurodecode data info OASIS-3`"
        raise DataFault(f"no table {stem}*.csv", where=str(root), fix=fix)
    return found[-1]
