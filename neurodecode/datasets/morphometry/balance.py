"""As many controls as converters: drawn, or matched by age and sex; again for every replicate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from neurodecode.datasets.morphometry.checks import one_class, require_columns
from neurodecode.datasets.morphometry.names import GROUP
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    import pandas as pd

Balancing = Literal["undersample", "match"]
BALANCING: tuple[str, ...] = ("undersample", "match")
_OTHER_SEX_YEARS = 1e3


def balance(
    table: pd.DataFrame,
    *,
    how: Balancing = "undersample",
    caliper_years: float | None = None,
    random_state: int | np.random.Generator = 42,
) -> pd.DataFrame:
    """Return the smaller group and as many people of the larger one.

    Parameters
    ----------
    table : DataFrame
        Subject table with ``group``; with ``age`` and ``sex`` for matching.
    how : {"undersample", "match"}, default "undersample"
        Draw from the larger group; or give everybody of the smaller one, in a random order, the
        nearest one in age of the same sex who is still free (greedy matching 1:1 without
        replacement; of equally near ones a random one; of the other sex if none is left).
    caliper_years : float, default None
        Matching leaves out who has nobody of the same sex within so many years.
    random_state : int or Generator, default 42
        Another one, another draw.

    Returns
    -------
    DataFrame
        In the order of ``table``.

    Raises
    ------
    ConfigFault
        If ``how`` is unknown or the caliper negative.
    DataFault
        If a group is empty, age or sex is missing, or the caliper leaves nobody.
    """
    if how not in BALANCING:
        raise ConfigFault(unknown("way to balance", how, BALANCING))
    if caliper_years is not None and caliper_years < 0:
        raise ConfigFault(f"caliper_years {caliper_years:g}", fix="give 0 or more")
    require_columns(table, (GROUP,), where="")
    one_class(table, where="")
    rng = np.random.default_rng(random_state)
    if how == "undersample":
        few, many = _by_size(table)
        chosen = np.concatenate([few, rng.choice(many, len(few), replace=False)])
    else:
        chosen = match_pairs(table, caliper_years=caliper_years, random_state=rng).ravel()
    return table.iloc[np.sort(chosen)]


def match_pairs(
    table: pd.DataFrame,
    *,
    caliper_years: float | None = None,
    random_state: int | np.random.Generator = 42,
) -> np.ndarray:
    """Match everybody of the smaller group as :func:`balance` says, also for what is raised.

    Returns
    -------
    ndarray of int, shape (n_pairs, 2)
        Rows of the smaller group and of their partners. Folds have to keep pairs together: where
        one of two alike trains and the other tests, a model learns the opposite of what they share.
    """
    require_columns(table, (GROUP,), where="")
    one_class(table, where="")
    rng = np.random.default_rng(random_state)
    few, many = _by_size(table)
    return _matched(table, few, many, caliper_years, rng)


def _by_size(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of both groups, the smaller one first."""
    first, second = (np.flatnonzero(table[GROUP] == group) for group in (0, 1))
    return (first, second) if len(first) <= len(second) else (second, first)


def _matched(
    table: pd.DataFrame,
    few: np.ndarray,
    many: np.ndarray,
    caliper: float | None,
    rng: np.random.Generator,
) -> np.ndarray:
    require_columns(table, ("age", "sex"), where="")
    age, sex = table["age"].to_numpy(float), table["sex"].to_numpy(float)
    unknown_ones = np.flatnonzero(np.isnan(age) | np.isnan(sex))
    if unknown_ones.size:
        what = f"subject {table.index[unknown_ones[0]]} has no age or no sex"
        raise DataFault(what, fix="leave such people out before matching")
    free = rng.permutation(many)
    first, second = [], []
    for place in rng.permutation(few):
        distance = np.abs(age[free] - age[place]) + _OTHER_SEX_YEARS * (sex[free] != sex[place])
        nearest = int(np.argmin(distance))
        if caliper is not None and distance[nearest] > caliper:
            continue
        first.append(place)
        second.append(free[nearest])
        free = np.delete(free, nearest)
    if not first:
        raise DataFault(f"nobody has a partner within {caliper:g} years", fix="widen the caliper")
    return np.stack([first, second], axis=1)
