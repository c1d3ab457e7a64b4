"""Splits of people by site and group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.evaluation.cohort_splits import COHORT_PROTOCOLS, deal, split_cohort
from neurodecode.faults import ConfigFault, DataFault


def cohort(sizes):
    """Return people of sites with so many controls and cases each."""
    rows = [
        {"site": site, "group": group}
        for site, counts in sizes.items()
        for group, n in enumerate(counts)
        for _ in range(n)
    ]
    return pd.DataFrame(rows).assign(subject=[f"{k:03d}" for k in range(len(rows))])


PEOPLE = cohort({"a": (20, 10), "b": (15, 15), "c": (7, 0)})


@pytest.mark.parametrize("protocol", COHORT_PROTOCOLS)
def test_nobody_trains_and_tests_and_everybody_is_tested_once_at_most(protocol):
    folds = split_cohort(PEOPLE, protocol, n_folds=5, seed=1)
    tested = np.concatenate([fold.test for fold in folds])
    assert len(set(tested)) == tested.size
    assert all(not set(fold.train) & set(fold.test) for fold in folds)


def test_stratified_folds_have_equal_shares_of_every_site_and_group():
    folds = split_cohort(PEOPLE, "stratified", n_folds=5)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(PEOPLE)))
    for fold in folds:
        counts = PEOPLE.iloc[fold.test].groupby(["site", "group"]).size()
        assert counts["a", 0] == 4
        assert counts["a", 1] == 2
        assert counts["b", 0] == counts["b", 1] == 3
        assert counts["c", 0] in (1, 2)


def test_dealing_spreads_rare_strata_over_the_folds():
    folds = deal(np.arange(10), 5, seed=0)  # ten strata of one person
    assert np.bincount(folds).tolist() == [2] * 5


def test_a_site_is_tested_by_what_has_seen_no_one_of_it():
    for fold in split_cohort(PEOPLE, "leave_one_site_out"):
        assert set(PEOPLE["site"].iloc[fold.test]) == {fold.fold}
        assert fold.fold not in set(PEOPLE["site"].iloc[fold.train])


def test_per_site_models_leave_out_sites_with_too_few_of_a_group():
    folds = split_cohort(PEOPLE, "per_site", n_folds=5)
    assert {PEOPLE["site"].iloc[fold.test[0]] for fold in folds} == {"a", "b"}
    for fold in folds:
        assert len(set(PEOPLE["site"].iloc[np.concatenate([fold.train, fold.test])])) == 1
    with pytest.raises(DataFault, match="no site has 20 people of each group"):
        split_cohort(PEOPLE, "per_site", n_folds=20)


def test_the_data_set_s_own_parts_are_taken_where_there_are_some():
    part = np.where(np.arange(len(PEOPLE)) % 3 == 0, "test", "train")
    (fold,) = split_cohort(PEOPLE.assign(part=part), "train_test")
    assert fold.test.tolist() == np.flatnonzero(part == "test").tolist()
    (drawn,) = split_cohort(PEOPLE, "train_test", test_size=0.2)
    counts = PEOPLE.iloc[drawn.test].groupby(["site", "group"]).size()
    assert counts.tolist() == [4, 2, 3, 3, 1]


def test_what_does_not_allow_a_split_is_said():
    one_site = PEOPLE[PEOPLE["site"] == "a"]
    with pytest.raises(DataFault, match=r"a single site, a.*stratified"):
        split_cohort(one_site, "leave_one_site_out")
    with pytest.raises(DataFault, match="single class"):
        split_cohort(PEOPLE[PEOPLE["group"] == 0], "stratified")
    with pytest.raises(ConfigFault, match="did you mean 'per_site'"):
        split_cohort(PEOPLE, "per_sites")
