"""The harmonizer removes what covariates explain, learned from the training controls alone."""

import sys
import types

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.morphometry import ComBat, PolynomialHarmonizer


def cohort(n=200, seed=0):
    """Draw two measures that follow age, sex and head size, with converters 2 SD below."""
    rng = np.random.default_rng(seed)
    age, sex = rng.uniform(55, 90, n), rng.integers(0, 2, n)
    etiv = 1.4e6 + 1e5 * sex + 1e5 * rng.standard_normal(n)
    site = np.where(rng.random(n) < 0.5, "A", "B")
    y = (rng.random(n) < 0.3).astype(int)
    expected = 3000 - 0.3 * (age - 55) ** 2 + 50 * sex + 1e-3 * etiv
    table = pd.DataFrame({
        "left_hippocampus_volume": expected + 100 * rng.standard_normal(n) - 200 * y,
        "lh_entorhinal_thickness": 3 - 0.01 * age + 0.1 * rng.standard_normal(n),
        "age": age, "sex": sex, "etiv": etiv, "site": site,
    })  # fmt: skip
    return table, y


def plain(table):
    return table.drop(columns="site")


@parametrize_with_checks([PolynomialHarmonizer((0,), fit_on="everyone", output="residual",
                                               interactions=())])  # fmt: skip
def test_the_harmonizer_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


def test_z_scores_of_controls_are_standard_and_keep_the_disease():
    table, y = cohort()
    z = PolynomialHarmonizer().fit_transform(plain(table), y)
    healthy = z[y == 0]
    assert np.abs(healthy.mean(axis=0)).max() < 1e-8
    assert healthy.std(axis=0) == pytest.approx([1, 1], abs=0.05)
    assert np.abs(np.corrcoef(healthy[:, 0], table["age"][y == 0])[0, 1]) < 1e-8
    assert z[y == 1, 0].mean() == pytest.approx(-2, abs=0.4)


def test_residuals_are_those_of_ordinary_least_squares():
    table, y = cohort()
    ours = PolynomialHarmonizer(output="residual").fit_transform(plain(table), y)
    age, sex, etiv = (table[name].to_numpy(float) for name in ("age", "sex", "etiv"))
    design = np.stack([np.ones(len(age)), age, age**2, sex, etiv / 1e6, (etiv / 1e6) ** 2,
                       age * sex], axis=1)  # fmt: skip
    values = table["left_hippocampus_volume"].to_numpy()
    coef = np.linalg.lstsq(design[y == 0], values[y == 0])[0]
    np.testing.assert_allclose(ours[:, 0], values - design @ coef, atol=1e-5)


def test_people_outside_the_fit_never_change_it():
    table, y = cohort()
    first = PolynomialHarmonizer().fit(plain(table)[:100], y[:100])
    changed = plain(table)[:100].copy()
    changed.loc[y[:100] == 1, "left_hippocampus_volume"] = 0.0
    again = clone(first).fit(changed, y[:100])
    np.testing.assert_array_equal(first.coef_, again.coef_)
    assert first.n_fit_ == (y[:100] == 0).sum()
    everyone = PolynomialHarmonizer(fit_on="everyone").fit(changed)
    assert np.abs(everyone.coef_ - first.coef_).max() > 1


def test_raw_output_is_the_measures_and_covariates_come_when_asked():
    table, y = cohort()
    raw = PolynomialHarmonizer(output="raw", keep_covariates=True).fit(plain(table), y)
    names = ["left_hippocampus_volume", "lh_entorhinal_thickness", "age", "sex", "etiv"]
    assert raw.get_feature_names_out().tolist() == names
    np.testing.assert_array_equal(raw.transform(plain(table)), plain(table)[names])
    framed = clone(raw).set_output(transform="pandas").fit_transform(plain(table), y)
    assert framed.columns.tolist() == names


def test_a_site_offset_is_removed_and_an_unknown_site_follows_the_policy():
    table, y = cohort()
    table.loc[table["site"] == "B", "left_hippocampus_volume"] += 500
    harmonizer = PolynomialHarmonizer(site="site").fit(table, y)
    z = harmonizer.transform(table)[y == 0, 0]
    is_b = (table["site"] == "B")[y == 0]
    assert abs(z[is_b].mean() - z[~is_b].mean()) < 1e-6
    moved = table.assign(site="C")
    with pytest.raises(DataFault, match=r"site without people in the fit: C.*unknown_site"):
        harmonizer.transform(moved)
    mean = clone(harmonizer).set_params(unknown_site="mean").fit(table, y)
    share = (table["site"] == "B")[y == 0].mean()
    parts = [mean.transform(table.assign(site=name)) for name in "AB"]
    expected = (1 - share) * parts[0] + share * parts[1]
    np.testing.assert_allclose(mean.transform(moved), expected, atol=1e-8)


def test_a_spread_that_grows_with_age_is_divided_out():
    rng = np.random.default_rng(0)
    age = rng.uniform(50, 90, 4000)
    table = pd.DataFrame({"measure": (age / 50 - 0.5) * rng.standard_normal(4000), "age": age})
    z = PolynomialHarmonizer(("age",), fit_on="everyone", spread="age").fit_transform(table)[:, 0]
    assert z[age < 60].std() == pytest.approx(1, abs=0.07)
    assert z[age > 80].std() == pytest.approx(1, abs=0.07)
    constant = PolynomialHarmonizer(("age",), fit_on="everyone").fit_transform(table)[:, 0]
    assert constant[age > 80].std() > 1.5 * constant[age < 60].std()


def test_thickness_without_head_size_does_not_look_at_it():
    table, y = cohort()
    harmonizer = PolynomialHarmonizer(thickness_etiv=False).fit(plain(table), y)
    first = harmonizer.transform(plain(table))
    second = harmonizer.transform(plain(table).assign(etiv=1e6))
    np.testing.assert_array_equal(first[:, 1], second[:, 1])
    assert np.abs(first[:, 0] - second[:, 0]).min() > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"output": "zscore"}, "did you mean 'z-score'"),
        ({"fit_on": "control"}, "did you mean 'controls'"),
        ({"degree": 4}, "degree 4"),
        ({"spread": "agee"}, "did you mean 'age'"),
    ],
)
def test_settings_that_cannot_be_used_are_named(options, words):
    table, y = cohort()
    with pytest.raises(ConfigFault, match=words):
        PolynomialHarmonizer(**options).fit(plain(table), y)


def test_tables_that_cannot_be_used_are_named():
    table, y = cohort(40)
    table = plain(table)
    with pytest.raises(DataFault, match=r"did you mean 'etiv'.*"):
        PolynomialHarmonizer(("age", "sex", "eTIVs")).fit(table, y)
    with pytest.raises(DataFault, match=r"1 missing.*subject 3, lh_entorhinal_thickness"):
        PolynomialHarmonizer(fit_on="everyone").fit(
            table.assign(lh_entorhinal_thickness=table["lh_entorhinal_thickness"].mask(
                table.index == 3)))  # fmt: skip
    with pytest.raises(ConfigFault, match="fit_on='everyone'"):
        PolynomialHarmonizer().fit(table)
    with pytest.raises(DataFault, match="for a polynomial of"):
        PolynomialHarmonizer().fit(table[:6], np.zeros(6))
    with pytest.raises(DataFault, match=r"do not vary.*flat"):
        PolynomialHarmonizer().fit(table.assign(flat=1.0), y)
    with pytest.raises(DataFault, match="no measure is left"):
        PolynomialHarmonizer().fit(table[["age", "sex", "etiv"]], y)


def test_combat_learns_from_training_people_and_is_applied_to_others(monkeypatch):
    """A stand-in with the package's call signature, which removes the mean of each site."""

    def learn(data, covars, eb, seed):
        offsets = {s: data[covars["SITE"] == s].mean(axis=0) for s in covars["SITE"].unique()}
        return {"offsets": offsets, "rows": len(data), "columns": list(covars)}, data

    def apply(data, covars, model):
        return data - np.stack([model["offsets"][site] for site in covars["SITE"]])

    package = types.ModuleType("neuroHarmonize")
    package.harmonizationLearn, package.harmonizationApply = learn, apply
    monkeypatch.setitem(sys.modules, "neuroHarmonize", package)
    table, _ = cohort()
    combat = ComBat().fit(table[:150])
    assert combat.model_["rows"] == 150
    assert combat.model_["columns"] == ["SITE", "age", "sex"]
    held_out = combat.transform(table[150:])
    measures = table[["left_hippocampus_volume", "lh_entorhinal_thickness"]]
    mean = measures[:150].groupby(table["site"][:150]).mean()
    expected = measures[150:].to_numpy() - mean.loc[table["site"][150:]].to_numpy()
    np.testing.assert_allclose(held_out, expected)
    with pytest.raises(DataFault, match="without people in the fit: C"):
        combat.transform(table[150:].assign(site="C"))
    with pytest.raises(DataFault, match="a single person"):
        combat.fit(table.assign(site=["D", *table["site"][1:]]))


def test_combat_without_its_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "neuroHarmonize", None)
    with pytest.raises(ConfigFault, match=r"ComBat needs neuroHarmonize.*neurodecode\[combat\]"):
        ComBat().fit(cohort()[0])


def test_combat_removes_the_site_of_people_it_was_not_learned_from():
    table, _ = cohort(400)
    rng = np.random.default_rng(1)
    noise = pd.DataFrame(rng.standard_normal((400, 6)), columns=[f"r{i}_volume" for i in range(6)])
    table = pd.concat([table, noise], axis=1)
    measures = [name for name in table if name.endswith("_volume")]
    table.loc[table["site"] == "B", measures] *= 1.3
    table.loc[table["site"] == "B", measures] += 5
    combat = ComBat().fit(table[:300])
    held_out = combat.transform(table[300:])
    is_b = (table["site"] == "B")[300:].to_numpy()
    gap = np.abs(held_out[is_b].mean(axis=0) - held_out[~is_b].mean(axis=0))
    assert (gap[2:] < 0.6).all()
    with pytest.raises(DataFault, match="without people in the fit: C"):
        combat.transform(table[300:].assign(site="C"))
