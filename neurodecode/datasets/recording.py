"""What every recording of a data set has, and the checks of the table that belongs to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import mne


@dataclass(frozen=True)
class Recording:
    """A recording, not loaded.

    Attributes
    ----------
    subject, session, run : str
        Labels; together they name a recording of the data set.
    raw : mne.io.BaseRaw
        EEG or MEG channels only, signals still on disk where the format allows it.
    """

    subject: str
    session: str
    run: str
    raw: mne.io.BaseRaw

    @property
    def label(self) -> str:
        """Name of the recording for messages: the file, or subject, session and run."""
        files = [str(file) for file in self.raw.filenames if file is not None]
        return files[0] if files else f"subject {self.subject}, {self.session}, {self.run}"

    @property
    def name(self) -> str:
        """Session and run as a folder name, unique within the subject."""
        parts = [part for part in (self.session, self.run) if part]
        return "_".join(re.sub(r"[^A-Za-z0-9-]+", "-", part) for part in parts) or "0"

    @property
    def seconds(self) -> float:
        """Length of the recording in s."""
        return float(self.raw.n_times / self.raw.info["sfreq"])


@dataclass(frozen=True)
class TableCheck:
    """Checks of a table with a row per word or picture; each raises DataFault or passes.

    Attributes
    ----------
    table : DataFrame
        The table.
    kind : str
        What it is called in messages, as "words".
    column : str
        Column that names a row in messages, as "word".
    where : str
        File that the table belongs to.
    """

    table: pd.DataFrame
    kind: str
    column: str
    where: str

    def columns(self, required: Sequence[str]) -> None:
        """Require columns; the nearest one that is there is suggested."""
        for column in required:
            if column not in self.table:
                present = [str(name) for name in self.table.columns]
                guess = nearest(column, set(present) - set(required))
                hint = f"is '{guess}' meant?" if guess else f"it has {', '.join(present)}"
                what = f"the {self.kind} table has no column '{column}'"
                raise DataFault(what, where=self.where, fix=hint)

    def numbers(self, column: str, *, missing: bool = False) -> None:
        """Require finite numbers, none negative; with ``missing`` NaN is allowed."""
        values = self.table[column]
        if not is_numeric_dtype(values):
            what = f"column '{column}' of the {self.kind} table is not numeric"
            raise DataFault(what, where=self.where)
        wrong = ~np.isfinite(values.to_numpy(float))
        if missing:
            wrong &= values.notna().to_numpy()
        self.refuse(column, pd.Series(wrong, values.index), "is not a finite number")
        self.refuse(column, values < 0, "is negative")

    def texts(self, column: str) -> None:
        """Require text that is not empty."""
        wrong = ~self.table[column].map(_is_text).astype(bool)
        self.refuse(column, wrong, "is empty or not text")

    def choices(self, column: str, valid: Sequence[str]) -> None:
        """Require one of some values."""
        wrong = ~self.table[column].isin(list(valid))
        shown = ", ".join(value or "''" for value in valid)
        self.refuse(column, wrong, f"is none of {shown}")

    def onsets(self, stop: float) -> None:
        """Require onsets that are sorted and before the end of the recording, ``stop`` in s."""
        onset = self.table["onset"]
        late = f"lies after the end of the recording, {stop:.3f} s"
        self.refuse("onset", onset >= stop, late)
        self.refuse("onset", onset.diff() < 0, "is earlier than the row before")

    def refuse(self, column: str, wrong: pd.Series[bool], problem: str) -> None:
        """Raise for the first wrong row: its place (from 0), name, and how many there are."""
        places = np.flatnonzero(wrong.to_numpy(bool))
        if not places.size:
            return
        row = self.table.iloc[int(places[0])]
        more = f" (and {places.size - 1} more)" if places.size > 1 else ""
        raise DataFault(
            f"{self.kind} table, row {places[0]} ('{row[self.column]}'): {column} "
            f"{_shown(row[column])} {problem}{more}",
            where=self.where,
            fix="mend or remove the row in the events",
        )


def rows_inside(
    table: pd.DataFrame, raw: mne.io.BaseRaw, *, kind: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows that begin during a recording, by onset, and a note if some do not.

    For public data sets, whose recordings may stop early; in a user's own events a row outside
    the recording is a fault.

    Parameters
    ----------
    table : DataFrame
        With ``onset`` in s.
    raw : mne.io.BaseRaw
        The recording.
    kind : str
        What the rows are in the note, as "words".
    """
    inside = table["onset"].between(0, raw.n_times / raw.info["sfreq"], inclusive="left")
    kept = table[inside].sort_values("onset", kind="stable").reset_index(drop=True)
    if inside.all():
        return kept, ()
    return kept, (f"{(~inside).sum()} {kind} lie outside the recording, left out",)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else repr(value)


def require_distinct(recordings: Sequence[Recording], *, subject: str) -> None:
    """Raise DataFault where two recordings of a subject have the same name."""
    names = [recording.name for recording in recordings]
    for twice in {name for name in names if names.count(name) > 1}:
        raise DataFault(f"two recordings are called {twice}", where=f"subject {subject}",
                        fix="give them sessions or runs")  # fmt: skip
