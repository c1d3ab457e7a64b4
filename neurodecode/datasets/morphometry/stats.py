"""FreeSurfer's ``aseg.stats`` and ``?h.aparc.stats``: read by their header, never by position.

Comment lines begin with ``#``. ``# Measure NAME, SHORT, description, value, unit`` gives a sum or
mean over the brain; ``# ColHeaders`` names the columns of the table that follows. Versions 5 to 7
differ in columns, in the number of rows and in names (Left-Thalamus-Proper, Left-Thalamus;
IntraCranialVol, EstimatedTotalIntraCranialVol).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.datasets.morphometry.names import (
    ETIV_NAMES,
    WHOLE_BRAIN,
    region_measure,
    structure_name,
)
from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from pathlib import Path

CORTICAL_COLUMNS = {"volume": "GrayVol", "thickness": "ThickAvg", "area": "SurfArea"}
"""Column of ``?h.aparc.stats`` by kind of measure."""

_NAME, _VOLUME = "StructName", "Volume_mm3"
_UNITS = {"mm": 1.0, "mm^2": 1.0, "mm^3": 1.0, "unitless": 1.0, "cm^3": 1e3}
_AGAIN = "run recon-all of this subject again"


@dataclass(frozen=True)
class Stats:
    """A ``.stats`` file.

    Attributes
    ----------
    path : Path
    measures : dict of str to float
        Values of the Measure lines in mm, mm2 and mm3, by their long and their short name.
    table : DataFrame
        Rows by ``StructName``, columns as ``ColHeaders`` names them.
    """

    path: Path
    measures: dict[str, float] = field(default_factory=dict)
    table: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def etiv(self) -> float:
        """Estimated total intracranial volume in mm3, NaN where the file has none."""
        return next((self.measures[name] for name in ETIV_NAMES if name in self.measures), _NAN)

    def column(self, name: str) -> pd.Series[float]:
        """Return a column of numbers by structure.

        Raises
        ------
        DataFault
            If there is none, with the nearest one, or an entry is no number.
        """
        if name not in self.table:
            guess = nearest(name, map(str, self.table.columns))
            fix = f"is '{guess}' meant?" if guess else "take the file that recon-all wrote"
            raise DataFault(f"no column '{name}'", where=str(self.path), fix=fix)
        found = pd.to_numeric(self.table[name], errors="coerce")
        if found.isna().any():
            what = f"{name} of {found.index[found.isna()][0]} is not a number"
            raise DataFault(what, where=str(self.path), fix=_AGAIN)
        return found.astype(float)

    def whole_brain(self) -> dict[str, float]:
        """Return sums and means over the brain by our name."""
        return {ours: self.measures[name] for name, ours in WHOLE_BRAIN.items()
                if name in self.measures}  # fmt: skip


_NAN = float("nan")


def read_stats(path: Path) -> Stats:
    """Read a ``.stats`` file.

    Raises
    ------
    DataFault
        If the file is missing, is an error page, has no ``# ColHeaders`` line or no row, or a row
        has other fields than the header.
    """
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix=_AGAIN)
    sniff(path)
    measures: dict[str, float] = {}
    headers: list[str] = []
    rows: list[list[str]] = []
    text = path.read_text("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if words[:2] == ["#", "Measure"]:
            measures |= _measure(line, f"{path}, line {number}")
        elif words[:2] == ["#", "ColHeaders"]:
            headers = words[2:]
        elif words and not line.startswith("#"):
            rows.append(_row(words, headers, f"{path}, line {number}"))
    if not rows:
        what = "no rows of structures" if headers else "no '# ColHeaders' line"
        raise DataFault(what, where=str(path), fix=_AGAIN)
    table = pd.DataFrame(rows, columns=headers)
    if _NAME not in table:
        raise DataFault(f"no column '{_NAME}'", where=str(path), fix=_AGAIN)
    return Stats(path, measures, table.drop_duplicates(_NAME).set_index(_NAME))


def aseg_measures(stats: Stats) -> dict[str, float]:
    """Return the volumes in mm3 of ``aseg.stats`` by our name, Volume_mm3 rather than NVoxels."""
    volumes = stats.column(_VOLUME)
    return {f"{structure_name(str(name))}_volume": value for name, value in volumes.items()}


def aparc_measures(stats: Stats, hemisphere: str) -> dict[str, float]:
    """Return volume (mm3), thickness (mm) and area (mm2) of the regions of ``?h.aparc.stats``."""
    found: dict[str, float] = {}
    for kind, column in CORTICAL_COLUMNS.items():
        for region, value in stats.column(column).items():
            name = region_measure(hemisphere, str(region), kind)
            if name is not None:
                found[name] = value
    return found


def _measure(line: str, where: str) -> dict[str, float]:
    """Read ``# Measure Name, Short, description, value, unit``."""
    fields = [part.strip() for part in line.partition("Measure")[2].split(",")]
    try:
        value, unit = float(fields[-2]), fields[-1]
    except (IndexError, ValueError) as error:
        raise DataFault("a Measure line without value and unit", where=where, fix=_AGAIN) from error
    if unit not in _UNITS:
        raise DataFault(f"{fields[0]} has the unit '{unit}'", where=where,
                        fix=f"{', '.join(_UNITS)} are known")  # fmt: skip
    return dict.fromkeys(fields[:2], value * _UNITS[unit])


def _row(words: list[str], headers: list[str], where: str) -> list[str]:
    if not headers:
        raise DataFault("a row before the '# ColHeaders' line", where=where, fix=_AGAIN)
    if len(words) != len(headers):
        what = f"{len(words)} fields where the header names {len(headers)}"
        raise DataFault(what, where=where, fix=_AGAIN)
    return words
