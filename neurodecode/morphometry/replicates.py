"""Who takes part in a replicate, in which fold, and the seeds of all that is drawn."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.evaluation.cohort_splits import split_cohort
from neurodecode.evaluation.folds import check_counts
from neurodecode.evaluation.splits import group_folds
from neurodecode.morphometry.subjects import check_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from neurodecode.evaluation.folds import Fold
    from neurodecode.morphometry.settings import SearchSettings

    Rows = NDArray[np.intp]


def replicate_rows(
    codes: Rows,
    settings: SearchSettings,
    replicate: int,
    draws: Sequence[ArrayLike] | None = None,
) -> Rows:
    """Return the sorted rows of the people of one replicate.

    Parameters
    ----------
    codes : ndarray, shape (n_subjects,)
        Groups, 0 or 1.
    settings : SearchSettings
        ``balance`` and ``seed`` are read.
    replicate : int
    draws : sequence of array-like of int, optional
        Rows of every replicate, in place of ``balance``.
    """
    if draws is not None:
        return np.sort(np.asarray(draws[replicate], dtype=np.intp))
    if settings.balance == "none":
        return np.arange(len(codes))
    rng = np.random.default_rng([settings.seed, replicate, zlib.crc32(b"undersample")])
    least = int(np.bincount(codes).min())
    parts = [rng.choice(np.flatnonzero(codes == code), least, replace=False) for code in (0, 1)]
    return np.sort(np.concatenate(parts))


def outer_folds(
    table: pd.DataFrame,
    codes: Rows,
    rows: Rows,
    settings: SearchSettings,
    replicate: int,
    pairs: Rows | None = None,
) -> list[Fold]:
    """Split the people of a replicate, or their sites; positions are those within ``rows``.

    ``pairs``, shape (n_subjects,): people of one number stay together.

    Raises
    ------
    DataFault
        If a group has fewer people than folds, there is a single site, or no column ``site``.
    """
    if settings.outer == "sites":
        return _site_folds(table, codes, rows)
    seed = seed_of((settings.seed, replicate))
    return _person_folds(table, codes, rows, settings.n_outer, seed, pairs)


def inner_folds(
    table: pd.DataFrame,
    codes: Rows,
    train: Rows,
    settings: SearchSettings,
    place: tuple[int, int],
    pairs: Rows | None = None,
) -> list[Fold]:
    """Split the training people of a (replicate, outer fold); positions are within ``train``."""
    seed = seed_of((settings.seed, *place))
    return _person_folds(table, codes, train, settings.n_inner, seed, pairs)


def search_key(
    settings: SearchSettings, place: tuple[int, int], classifier: str
) -> tuple[int, ...]:
    """Return the seed of a search in a (replicate, outer fold): the same for harmonisations."""
    return (settings.seed, *place, zlib.crc32(classifier.encode()))


def seed_of(key: tuple[int, ...]) -> int:
    """Return a seed below 2^31, as scikit-learn takes it, that belongs to some numbers."""
    return int(np.random.default_rng(key).integers(2**31))


def _site_folds(table: pd.DataFrame, codes: Rows, rows: Rows) -> list[Fold]:
    check_columns(table, ["site"])
    people = pd.DataFrame({
        "subject": table.index[rows].astype(str), "group": codes[rows],
        "site": table["site"].to_numpy(str)[rows],
    })  # fmt: skip
    found = split_cohort(people, "leave_one_site_out")
    return [replace(fold, fold=str(number)) for number, fold in enumerate(found)]


def _person_folds(
    table: pd.DataFrame, codes: Rows, rows: Rows, n_splits: int, seed: int, pairs: Rows | None
) -> list[Fold]:
    unit = table.index[rows].astype(str) if pairs is None else pairs[rows]
    people = pd.DataFrame({"subject": unit, "group": codes[rows]})
    where = f"{n_splits} folds of {len(rows)} people"
    check_counts(codes[rows], np.array([0, 1]), n_splits, where)
    return group_folds(people, "subject", n_splits, random_state=seed, label="group")
