"""What adjustments take from maps, and from whom they learn it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.connectome.adjustment import ConfoundRegression, SiteNormaliser


@pytest.fixture
def study():
    """Return maps of 60 people that depend on site, age and sex, and the people."""
    rng = np.random.default_rng(0)
    people = pd.DataFrame({
        "site": np.repeat(["a", "b", "c"], 20), "sex": rng.choice(["F", "M"], 60),
        "handedness": "right", "age": rng.uniform(7, 21, 60), "full_iq": np.nan,
        "mean_fd": rng.random(60),
    })  # fmt: skip
    people.loc[3, ["age", "sex"]] = np.nan
    site = people["site"].map({"a": 0.0, "b": 5.0, "c": -9.0}).to_numpy()
    maps = rng.standard_normal((60, 30)) + site[:, None]
    maps += np.outer(people["age"].fillna(14), rng.standard_normal(30))
    return maps.astype(np.float32), people


def test_training_residuals_are_uncorrelated_with_confounds(study):
    maps, people = study
    residuals = ConfoundRegression().fit(maps, people).transform(maps, people)
    age = people["age"].fillna(people["age"].median())
    for values in residuals.T:
        assert abs(np.corrcoef(values, age)[0, 1]) < 1e-3
    assert np.allclose([residuals[people["site"] == s].mean() for s in "abc"], 0, atol=1e-4)


@pytest.mark.parametrize("kind", [ConfoundRegression, SiteNormaliser])
def test_people_of_a_new_site_are_centred_without_their_groups(study, kind):
    maps, people = study
    known = (people["site"] != "c").to_numpy()
    fitted = kind().fit(maps[known], people[known])
    found = fitted.transform(maps[~known], people[~known])
    assert np.allclose(found.mean(axis=0), 0, atol=1e-4)


def test_people_of_a_known_site_do_not_change_with_who_else_is_tested(study):
    maps, people = study
    for kind in (ConfoundRegression, SiteNormaliser):
        fitted = kind().fit(maps[::2], people.iloc[::2])
        whole = fitted.transform(maps[1::2], people.iloc[1::2])
        alone = fitted.transform(maps[1:2], people.iloc[1:2])
        assert np.allclose(whole[:1], alone, atol=1e-5)


def test_sites_have_equal_means_and_spreads_after_normalisation(study):
    maps, people = study
    found = SiteNormaliser().fit(maps, people).transform(maps, people)
    for site in "abc":
        mine = found[people["site"] == site]
        assert np.allclose(mine.mean(axis=0), 0, atol=1e-4)
        assert np.allclose(mine.std(axis=0), 1, atol=1e-4)
