"""Splits of a cohort, one row per person: stratified by site and group, or by whole sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.evaluation.folds import Fold, check_counts, classes_of, require
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from neurodecode.evaluation.folds import Rows

TRAIN, TEST = "train", "test"
"""Values of the column ``part`` of a data set that comes with a split."""


@dataclass(frozen=True)
class CohortProtocol:
    """A named split of people.

    Attributes
    ----------
    name : str
        As in configurations and in the ``split`` field of scores.
    description : str
        One line for users.
    unit : str
        What must not be on both sides of a fold: "subject" or "site".
    make : callable
        ``make(people, n_folds, test_size, seed)`` returns the folds.
    """

    name: str
    description: str
    unit: str
    make: Callable[[pd.DataFrame, int, float, int], list[Fold]]


def split_cohort(
    people: pd.DataFrame,
    protocol: str,
    *,
    n_folds: int = 5,
    test_size: float = 0.2,
    seed: int = 0,
) -> list[Fold]:
    """Divide people into training and test parts.

    ====================== =======================================================================
    ``train_test``         One fold: the data set's own parts (column ``part``: "train", "test"),
                           else a share of every site and group is drawn.
    ``stratified``         k folds with equal shares of every site and group.
    ``leave_one_site_out`` Each site is tested by a model that has seen no one of it.
    ``per_site``           k folds within each site, a model per site and fold; sites with fewer
                           people of a group than folds are left out.
    ====================== =======================================================================

    Parameters
    ----------
    people : DataFrame
        One row per person: ``subject``, ``site``, ``group``, perhaps ``part``.
    protocol : str
        Of :data:`COHORT_PROTOCOLS`.
    n_folds : int, default=5
    test_size : float, default=0.2
        Share that ``train_test`` draws.
    seed : int, default=0

    Raises
    ------
    ConfigFault
        If the protocol is unknown.
    DataFault
        If a group is missing in a training part, or the people do not allow the split.
    """
    found = cohort_protocol(protocol)
    require(people, "subject", "site", "group")
    classes_of(people, "group")
    folds = found.make(people, n_folds, test_size, seed)
    for fold in folds:
        labels = people["group"].to_numpy()
        check_counts(labels[fold.train], np.unique(labels), 2, f"{fold.name}, training part")
    return folds


def cohort_protocol(name: str) -> CohortProtocol:
    """Return a protocol by its name; an unknown one raises ConfigFault with the nearest."""
    if name not in COHORT_PROTOCOLS:
        raise ConfigFault(unknown("protocol", name, COHORT_PROTOCOLS))
    return COHORT_PROTOCOLS[name]


def strata_of(people: pd.DataFrame) -> Rows:
    """Return a number per person, the same for people of one site and group."""
    return people.groupby(["site", "group"], sort=True).ngroup().to_numpy().astype(np.intp)


def deal(strata: Rows, n_folds: int, seed: int) -> Rows:
    """Return a fold number per row; each stratum is shuffled and dealt out, one after the other.

    The dealing goes on where the last stratum ended, so folds differ by one row at most, and rare
    strata are spread as far as they reach.
    """
    rng = np.random.default_rng(seed)
    folds = np.empty(strata.size, dtype=np.intp)
    start = 0
    for stratum in np.unique(strata):
        rows = rng.permutation(np.flatnonzero(strata == stratum))
        folds[rows] = (start + np.arange(rows.size)) % n_folds
        start += rows.size
    return folds


def _train_test(people: pd.DataFrame, _n_folds: int, test_size: float, seed: int) -> list[Fold]:
    if "part" in people and people["part"].notna().any():
        part = people["part"].to_numpy()
        train, test = np.flatnonzero(part == TRAIN), np.flatnonzero(part == TEST)
        return [Fold(train, test, "the data set's own split")]
    tested = np.zeros(len(people), dtype=bool)
    strata, rng = strata_of(people), np.random.default_rng(seed)
    for stratum in np.unique(strata):
        rows = rng.permutation(np.flatnonzero(strata == stratum))
        tested[rows[: round(test_size * rows.size)]] = True
    return [Fold(np.flatnonzero(~tested), np.flatnonzero(tested), f"{test_size:g} held out")]


def _stratified(people: pd.DataFrame, n_folds: int, _size: float, seed: int) -> list[Fold]:
    if len(people) < n_folds:
        raise DataFault(f"{len(people)} people for {n_folds} folds", fix="use fewer folds")
    return _folds(np.arange(len(people)), deal(strata_of(people), n_folds, seed), "")


def _leave_one_site_out(people: pd.DataFrame, _n: int, _size: float, _seed: int) -> list[Fold]:
    sites = people["site"].to_numpy(str)
    names = np.unique(sites)
    if names.size < 2:
        raise DataFault(f"a single site, {names[0]}: no site to leave out",
                        fix="use the protocol stratified")  # fmt: skip
    return [
        Fold(
            np.flatnonzero(sites != site), np.flatnonzero(sites == site), f"site {site}", fold=site
        )
        for site in names
    ]


def _per_site(people: pd.DataFrame, n_folds: int, _size: float, seed: int) -> list[Fold]:
    sites, groups = people["site"].to_numpy(str), people["group"].to_numpy()
    folds: list[Fold] = []
    for site in np.unique(sites):
        rows = np.flatnonzero(sites == site)
        counts = [int(np.sum(groups[rows] == group)) for group in np.unique(groups)]
        if min(counts) >= max(n_folds, 3):
            dealt = deal(strata_of(people.iloc[rows]), n_folds, seed)
            folds += _folds(rows, dealt, f"site {site}, ")
    if not folds:
        raise DataFault(f"no site has {max(n_folds, 3)} people of each group",
                        fix="use fewer folds, or the protocol stratified")  # fmt: skip
    return folds


def _folds(rows: Rows, dealt: Rows, prefix: str) -> list[Fold]:
    return [
        Fold(rows[dealt != k], rows[dealt == k], f"{prefix}fold {k}", fold=f"{prefix}{k}")
        for k in np.unique(dealt)
    ]


COHORT_PROTOCOLS: dict[str, CohortProtocol] = {
    protocol.name: protocol
    for protocol in (
        CohortProtocol("train_test", "one part held out, sites in both", "subject", _train_test),
        CohortProtocol("stratified", "folds with equal shares of sites and groups", "subject",
                       _stratified),
        CohortProtocol("leave_one_site_out", "sites that were not trained on", "site",
                       _leave_one_site_out),
        CohortProtocol("per_site", "a model per site, folds within it", "subject", _per_site),
    )
}  # fmt: skip
"""Protocols by name."""
