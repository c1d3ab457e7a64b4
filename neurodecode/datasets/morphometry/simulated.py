"""The tables that the simulator writes: group tables of FreeSurfer by scan, and ``visits.csv``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.morphometry.checks import Missing, Units
from neurodecode.datasets.morphometry.freesurfer import read_freesurfer
from neurodecode.datasets.morphometry.names import SUBJECT
from neurodecode.datasets.morphometry.visits import SCAN, check_visits, sorted_visits
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    import pandas as pd

VISITS = "visits.csv"


def read_table(root: Path, *, missing: Missing = "stop", units: Units = "stop") -> pd.DataFrame:
    """Read the table of visits, also of own data in this form.

    Parameters
    ----------
    root : Path
        Folder with ``visits.csv`` (``subject``, ``day``, ``impaired``, ``scan``,
        ``field_strength``, ``age``, ``sex``, ``site``) and group tables whose subjects are the
        scans.
    missing, units
        See :func:`~neurodecode.datasets.morphometry.checks.tidy`; of scans.

    Returns
    -------
    DataFrame
        Visits, with the measures of their scans.

    Raises
    ------
    DataFault
        If a table is missing or broken, or a scan has no measures.
    """
    path = Path(root) / VISITS
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix="simulate the data set again")
    visits = check_visits(read_csv(path).astype({SUBJECT: str}), where=str(path))
    measures = read_freesurfer(Path(root), missing=missing, units=units)
    named = set(visits[SCAN]) - {""}
    absent = sorted(named - set(measures.index))
    if absent and missing != "drop_subject":
        more = f" (and {len(absent) - 1} more)" if len(absent) > 1 else ""
        raise DataFault(f"no measures of scan {absent[0]}{more}", where=str(root),
                        fix="add it to the group tables, or give missing=drop_subject")  # fmt: skip
    kept = visits[~visits[SCAN].isin(absent)]
    joined = kept.merge(measures, left_on=SCAN, right_index=True, how="left")
    joined.attrs = measures.attrs
    return sorted_visits(joined)
