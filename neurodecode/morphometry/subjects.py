"""What a table of subjects must be before anything is fitted on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.faults import DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

COVARIATES = ("age", "sex", "etiv", "site", "group")
"""Columns of a subject table that are not measures: age in years, sex (0 female, 1 male), estimated
intracranial volume in mm3, scanner or cohort, and the group (0 stable control, 1 converter)."""


def measures_of(table: pd.DataFrame) -> list[str]:
    """Return the columns of a subject table that are measures."""
    return [str(name) for name in table.columns if name not in COVARIATES]


def check_columns(table: pd.DataFrame, names: Sequence[str | int]) -> None:
    """Raise DataFault, with the nearest column, if the table lacks one of the names."""
    for name in names:
        if name not in table:
            what = unknown("column", str(name), map(str, table.columns))
            raise DataFault(what, where=str(name), fix="rename it in the table, or name another")


def finite_columns(table: pd.DataFrame, names: Sequence[str | int]) -> NDArray[np.float64]:
    """Return columns as float64, shape (n_subjects, n_names).

    Raises
    ------
    DataFault
        If a column is absent, is not made of numbers, or has missing or infinite values: the
        first such subject and column are named.
    """
    check_columns(table, names)
    try:
        values = table[list(names)].to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        where = ", ".join(map(str, names[:5]))
        raise DataFault("a column holds text instead of numbers", where=where,
                        fix="code it as numbers, or leave it out") from error  # fmt: skip
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise DataFault(
            f"{len(bad)} missing or infinite values",
            where=f"first: subject {table.index[row]}, {names[column]}",
            fix="leave these subjects or columns out, or impute them",
        )
    return values


def two_groups(groups: ArrayLike, n: int) -> NDArray[np.intp]:
    """Return groups as 0 (stable control) and 1 (converter), shape (n,).

    Raises
    ------
    DataFault
        If the length is another, a value is neither 0 nor 1, or a group is empty.
    """
    values: NDArray[Any] = np.asarray(groups)
    if values.shape != (n,):
        raise DataFault(f"{n} subjects but groups of shape {values.shape}")
    if not np.isin(values, (0, 1)).all():
        shown = ", ".join(map(str, pd.unique(values)[:5]))
        raise DataFault(f"groups must be 0 (stable) and 1 (converter), got {shown}")
    counts = np.bincount(values.astype(np.intp), minlength=2)
    if counts.min() == 0:
        raise DataFault(f"one group is empty (stable: {counts[0]}, converters: {counts[1]})",
                        fix="relax the filters of the cohort")  # fmt: skip
    return values.astype(np.intp)


def check_unique(table: pd.DataFrame) -> None:
    """Raise DataFault, with the names, if a subject occurs twice in the index."""
    twice = table.index[table.index.duplicated()].unique()
    if len(twice):
        raise DataFault(
            "subject given more than once",
            where=", ".join(map(str, twice[:10])),
            fix="keep one scan per person: two on the two sides of a split would leak",
        )
