"""Forms of the cohort, jobs, matched pairs, whole sites, and what harmonisation removes."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import validate
from neurodecode.datasets.morphometry.balance import match_pairs
from neurodecode.datasets.morphometry.names import REGIONS, STRUCTURES
from neurodecode.faults import ConfigFault
from neurodecode.morphometry import SearchSettings, nested_search
from neurodecode.morphometry.baselines import BASELINES
from neurodecode.morphometry.choices import (
    BASELINE_NAMES,
    CLASSIFIER_NAMES,
    RANKING_NAMES,
    require_known,
)
from neurodecode.morphometry.classifiers import CLASSIFIERS
from neurodecode.morphometry.config import MCIConfig
from neurodecode.morphometry.places import place_of, strongest_by_place
from neurodecode.morphometry.rankings import RANKINGS
from neurodecode.morphometry.removed import explained_variance
from neurodecode.morphometry.replicates import inner_folds, outer_folds
from neurodecode.morphometry.units import unit_of, units_of

BARE = {"description": "a test", "data": {"dataset": "simulated-morphometry"}}


def config(**changed):
    return validate(MCIConfig, {**BARE, **changed})


def cohort(n=60, seed=0):
    rng = np.random.default_rng(seed)
    groups = np.tile([0, 0, 1], n // 3)
    table = pd.DataFrame({
        "group": groups, "age": rng.uniform(60, 85, n), "sex": rng.integers(0, 2, n),
        "etiv": rng.normal(1.5e6, 1e5, n), "site": np.array(["a", "b", "c"])[np.arange(n) // 3 % 3],
    }, index=[f"p{k}" for k in range(n)])  # fmt: skip
    for k in range(4):
        noise = rng.standard_normal(n)
        table[f"r{k}_volume"] = noise + 0.2 * table["age"] + 3 * (table["site"] == "a")
    return table, groups


def test_names_that_load_no_library_are_those_of_the_registries():
    assert tuple(CLASSIFIERS) == CLASSIFIER_NAMES
    assert tuple(RANKINGS) == RANKING_NAMES
    assert tuple(BASELINES) == BASELINE_NAMES


def test_an_unknown_or_repeated_name_is_refused():
    with pytest.raises(ConfigFault, match="did you mean 'lda'"):
        require_known("classifier", ["ldaa"], CLASSIFIER_NAMES)
    with pytest.raises(ConfigFault, match="'lda' stands twice"):
        require_known("classifier", ["lda", "lda"], CLASSIFIER_NAMES)


def test_jobs_divide_all_models_and_nothing_twice():
    for jobs, n in (("form", 2), ("harmonisation", 8), ("classifier", 2 * (3 * 6 + 1))):
        units = [unit for unit in units_of(config(jobs=jobs)) if unit.form]
        assert len(units) == n
        models = [(u.form, h, c) for u in units for h in u.harmonisations for c in u.classifiers]
        assert len(models) == len(set(models)) == 2 * 3 * 6
        assert sum(len(unit.baselines) for unit in units) == 2 * 3
    assert unit_of(config(), "null").form == ""
    with pytest.raises(ConfigFault, match="did you mean 'null'"):
        unit_of(config(), "nul")


def test_the_criterion_goes_by_the_balance_of_the_groups():
    assert config().criterion("matched") == "roc_auc"
    assert config().criterion("imbalanced") == "mcc_prime"
    assert config(search={"criterion": "roc_auc"}).criterion("imbalanced") == "roc_auc"


def test_settings_that_cannot_go_together_are_refused():
    with pytest.raises(ConfigFault, match="ComBat knows no site"):
        config(forms=["sites"], harmonisations=["combat"])
    with pytest.raises(ConfigFault, match="sex is told apart"):
        config(cohort={"label": "sex"})
    with pytest.raises(ConfigFault, match="needs age among the covariates"):
        config(search={"spread": "age", "covariates": ["sex"]})


def test_matched_pairs_are_never_on_two_sides():
    table, groups = cohort()
    pairs = match_pairs(table, random_state=1)
    assert pairs.shape == (20, 2)
    numbers = np.full(60, -1)
    numbers[pairs] = np.arange(20)[:, None]
    rows = np.sort(pairs.ravel())
    settings = SearchSettings(n_outer=4, n_inner=3)
    folds = outer_folds(table, groups, rows, settings, 0, numbers)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(40))
    for fold in folds:
        train, test = rows[fold.train], rows[fold.test]
        assert not set(numbers[train]) & set(numbers[test])
        for inner in inner_folds(table, groups, train, settings, (0, 0), numbers):
            assert not set(numbers[train[inner.train]]) & set(numbers[train[inner.test]])


def test_each_site_is_tested_once_by_models_that_saw_no_one_of_it():
    table, groups = cohort()
    settings = SearchSettings(
        outer="sites", n_replicates=1, search="preset", n_inner=2, rankings=("anova",),
        preset_features=2, site_term=True, classifiers=("gaussian nb",),
        harmonisations=("z-score",),
    )  # fmt: skip
    found = nested_search(table.drop(columns="group"), groups, settings).predictions
    assert len(found) == 60
    sites = table.loc[found["subject"], "site"].groupby(found["fold"].to_numpy()).unique()
    assert [list(names) for names in sites] == [["a"], ["b"], ["c"]]


def test_harmonisation_takes_out_what_it_is_given_and_the_site_only_with_its_term():
    table, groups = cohort(180)
    table = table.drop(columns="group")
    for site_term in (False, True):
        settings = SearchSettings(site_term=site_term)
        found = explained_variance(table, groups, settings, ["raw", "residual"])
        medians = found.set_index(["harmonisation", "covariate"])["median"]
        assert medians["raw", "age"] > 0.4
        assert medians["residual", "age"] < 0.05
        assert medians["raw", "site"] > 0.25
        assert (medians["residual", "site"] < 0.05) == site_term


def test_every_region_and_most_structures_have_a_place_and_sides_mirror():
    for region in REGIONS:
        left, right = (place_of(f"{side}_{region}_thickness") for side in ("lh", "rh"))
        assert left is not None
        assert right is not None
        assert left[0] == -right[0] < 0
    assert [name for name in STRUCTURES if place_of(f"{name}_volume") is None] == ["csf"]
    assert place_of("lh_cortex_volume") is None


def test_of_several_measures_of_a_place_the_strongest_is_drawn():
    table = pd.DataFrame({
        "measure": ["lh_insula_volume", "lh_insula_thickness", "csf_volume"],
        "g": [0.2, -0.5, 3.0],
    })  # fmt: skip
    found = strongest_by_place(table, "g")
    assert found["measure"].tolist() == ["lh_insula_thickness"]
