"""Covariates beside FreeSurfer's tables: whose they are, and what their codes mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.datasets.morphometry.checks import (
    noted,
    recoded,
    require_columns,
    require_distinct,
    require_numbers,
)
from neurodecode.datasets.morphometry.names import SUBJECT
from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def join_covariates(
    measures: pd.DataFrame, covariates: pd.DataFrame, *, where: str
) -> pd.DataFrame:
    """Join covariates to measures by subject; people whom the covariates lack are a fault.

    Parameters
    ----------
    measures, covariates : DataFrame
        Index ``subject``. Columns of both are taken from the covariates; people who have only
        covariates are left out, with a note.

    Raises
    ------
    DataFault
        If somebody has no covariates, with the nearest name, or is there twice.
    """
    require_distinct(covariates.index, where=where, kind="subject")
    absent = measures.index.difference(covariates.index)
    if len(absent):
        guess = nearest(str(absent[0]), map(str, covariates.index))
        what = f"no covariates of subject {absent[0]}"
        more = f" (and {len(absent) - 1} more)" if len(absent) > 1 else ""
        raise DataFault(what + more, where=where, fix=f"is '{guess}' meant?" if guess else "")
    ours = measures.drop(columns=[name for name in covariates if name in measures])
    joined = covariates.loc[measures.index].join(ours)
    joined.attrs = measures.attrs
    n_alone = len(covariates.index.difference(measures.index))
    return noted(joined, f"{n_alone} people without measures") if n_alone else joined


def covariates_from(
    raw: pd.DataFrame,
    columns: Mapping[str, str],
    codes: Mapping[str, Mapping[Any, int]],
    *,
    where: str,
) -> pd.DataFrame:
    """Take covariates from a table under our names.

    Parameters
    ----------
    columns : dict of str to str
        Theirs by ours; ``subject`` becomes the index.
    codes : dict of str to dict
        Our number by their code, for coded columns such as ``sex`` and ``group``.

    Raises
    ------
    DataFault
        If a column is missing (with the nearest one) or holds an unknown code.
    """
    require_columns(raw, list(columns.values()), where=where)
    table = raw[list(columns.values())].rename(columns={v: k for k, v in columns.items()})
    for name in set(codes) & set(columns):
        table[name] = recoded(table[name], codes[name], column=columns[name], where=where)
    numbers = [name for name in ("age", "etiv") if name in table]
    table = require_numbers(table, numbers, where=where)
    table[SUBJECT] = table[SUBJECT].astype(str)
    if "site" in table:
        table["site"] = table["site"].astype(str)
    return table.set_index(SUBJECT)
