"""The nested search leaks nothing, repeats itself, and does what its settings say."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.morphometry import (
    BASELINES,
    SearchSettings,
    baseline_search,
    gap_table,
    nested_search,
    null_test,
    score_table,
)

SETTINGS = SearchSettings(
    harmonisations=("raw", "z-score"), classifiers=("gaussian nb", "linear svm"),
    rankings=("relieff", "anova"), n_features=(1, 6), preset_features=4, n_replicates=2,
    n_outer=3, n_inner=3, n_candidates=4, seed=7,
)  # fmt: skip


def cohort(n=48, p=10, effect=1.5, seed=0, share=0.5):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < share * n).astype(int)
    columns = ["left_hippocampus_volume", *(f"lh_r{i}_thickness" for i in range(1, p))]
    people = [f"p{i:02d}" for i in range(n)]
    table = pd.DataFrame(rng.standard_normal((n, p)), people, columns)
    table.loc[y == 1, columns[:2]] -= effect
    return table.assign(
        age=rng.uniform(60, 85, n), sex=rng.integers(0, 2, n), etiv=rng.normal(1.5e6, 1e5, n),
        site=rng.choice(["A", "B"], n),
    ), y  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return nested_search(*cohort(), SETTINGS)


def test_every_person_is_predicted_once_per_model_and_replicate(found):
    counts = found.predictions.groupby(["classifier", "harmonisation", "replicate"]).size()
    assert (counts == 48).all()
    assert len(counts) == 8
    keys = ["classifier", "harmonisation", "replicate", "subject"]
    assert not found.predictions.duplicated(keys).any()
    truth = dict(zip(cohort()[0].index, cohort()[1], strict=True))
    assert (found.predictions["subject"].map(truth) == found.predictions["y_true"]).all()


def test_results_do_not_depend_on_the_number_of_workers(found):
    again = nested_search(*cohort(), replace(SETTINGS, n_jobs=2))
    pd.testing.assert_frame_equal(found.predictions, again.predictions)
    pd.testing.assert_frame_equal(found.chosen, again.chosen)


def test_another_seed_draws_other_folds(found):
    other = nested_search(*cohort(), replace(SETTINGS, seed=8, search="preset"))
    folds = [r.predictions[r.predictions["harmonisation"] == "raw"].groupby("subject")["fold"].sum()
             for r in (found, other)]  # fmt: skip
    assert (folds[0] != folds[1]).any()


def test_people_left_out_change_nothing_but_their_own_predictions():
    table, y = cohort()
    settings = replace(SETTINGS, n_replicates=1)
    first = nested_search(table, y, settings)
    tested = first.predictions.query("fold == 0")["subject"].unique()
    changed = table.copy()
    numbers = [name for name in table if name != "site"]
    changed.loc[tested, numbers] = changed.loc[tested, numbers] * 3 + 100
    second = nested_search(changed, y, settings)
    rows = [r.chosen.query("fold == 0").drop(columns="outer") for r in (first, second)]
    pd.testing.assert_frame_equal(*rows)


def test_the_search_takes_the_candidate_with_the_best_inner_score(found):
    preset = nested_search(*cohort(), replace(SETTINGS, search="preset"))
    assert (found.chosen["inner"] >= preset.chosen["inner"] - 1e-12).all()
    assert found.chosen["inner"].mean() > preset.chosen["inner"].mean()
    assert set(preset.chosen["n_features"]) == {4}
    assert set(preset.chosen["ranking"]) == {"relieff"}
    assert found.chosen["n_features"].between(1, 6).all()
    assert set(json.loads(found.chosen["parameters"].iloc[0])) == {"smoothing"}
    assert (found.chosen["measures"].map(len) == found.chosen["n_features"]).all()


def test_a_bayesian_search_repeats_itself_and_scores_no_worse_than_its_preset():
    settings = replace(SETTINGS, search="bayes", n_replicates=1, harmonisations=("raw",))
    runs = [nested_search(*cohort(), settings) for _ in range(2)]
    pd.testing.assert_frame_equal(runs[0].predictions, runs[1].predictions)
    preset = nested_search(*cohort(), replace(settings, search="preset"))
    assert (runs[0].chosen["inner"] >= preset.chosen["inner"] - 1e-12).all()


def test_undersampling_draws_as_many_controls_as_converters_anew():
    table, y = cohort(share=0.25)
    found = nested_search(table, y, replace(SETTINGS, balance="undersample", search="preset",
                                            harmonisations=("raw",)))  # fmt: skip
    people = found.predictions.query("classifier == 'gaussian nb'").groupby("replicate")
    assert people["y_true"].mean().tolist() == [0.5, 0.5]
    first, second = (set(part["subject"]) for _, part in people)
    assert first != second


def test_drawn_people_take_part_and_no_others():
    table, y = cohort()
    draws = [np.r_[0:12, 24:36], np.r_[6:18, 30:42]]
    settings = replace(SETTINGS, search="preset", harmonisations=("raw",))
    found = nested_search(table, y, settings, draws=draws)
    for replicate, part in found.predictions.groupby("replicate"):
        assert set(part["subject"]) == set(table.index[draws[replicate]])
    with pytest.raises(DataFault, match="1 draws for 2 replicates"):
        nested_search(table, y, settings, draws=draws[:1])


def test_the_prevalence_rule_calls_about_as_many_converters_as_there_are():
    table, y = cohort(n=96, share=0.2, effect=0.7)
    settings = replace(SETTINGS, search="preset", classifiers=("rusboost", "linear svm"),
                       harmonisations=("raw",), n_replicates=1)  # fmt: skip
    matched = nested_search(table, y, replace(settings, threshold="prevalence")).predictions
    by_model = matched.groupby("classifier")["y_pred"].mean()
    assert by_model.to_numpy() == pytest.approx([0.2, 0.2], abs=0.12)
    plain = nested_search(table, y, settings).predictions
    svm = plain[plain["classifier"] == "linear svm"]
    assert ((svm["score"] > 0) == (svm["y_pred"] == 1)).all()
    assert svm["posterior"].between(0, 1).all()
    for _, fold in svm.groupby("fold"):
        assert abs(fold["score"].corr(fold["posterior"], method="spearman")) > 0.999
    rest = plain[plain["classifier"] == "rusboost"]
    assert (rest["score"] == rest["posterior"]).all()


def test_mcc_is_maximised_where_it_is_the_criterion():
    table, y = cohort(share=0.3)
    settings = replace(SETTINGS, criterion="mcc_prime", n_replicates=1, harmonisations=("raw",))
    found = nested_search(table, y, settings)
    assert found.chosen["inner"].between(0.5, 1).all()
    assert (gap_table(found)["criterion"] == "mcc_prime").all()


def test_a_candidate_that_cannot_be_fitted_is_passed_over_and_named_if_all_fail(monkeypatch):
    import neurodecode.morphometry.nested as nested

    real = nested.fit_model

    def fails(name, parameters, *args, **options):
        if name == "lda" and parameters["shrinkage"] == 0.0:
            raise np.linalg.LinAlgError("singular")
        return real(name, parameters, *args, **options)

    monkeypatch.setattr(nested, "fit_model", fails)
    settings = replace(SETTINGS, classifiers=("lda",), harmonisations=("raw",), n_replicates=1)
    found = nested_search(*cohort(), settings)
    assert all(json.loads(row)["shrinkage"] > 0 for row in found.chosen["parameters"])
    with pytest.raises(DataFault, match=r"no candidate could be fitted.*LinAlgError: singular"):
        nested_search(*cohort(), replace(settings, search="preset"))


def test_all_baselines_run_by_the_same_folds(found):
    table, y = cohort(effect=2.5)
    for name in BASELINES:
        made = baseline_search(name, table, y, SETTINGS)
        assert set(made.predictions["classifier"]) == {name}
        columns = ["replicate", "subject", "fold"]
        ours, theirs = (
            r.predictions[columns].drop_duplicates().sort_values(columns, ignore_index=True)
            for r in (found, made)
        )
        pd.testing.assert_frame_equal(ours, theirs)
        scores = score_table(made, n_resamples=20).query("harmonisation == 'raw'")
        value = scores.set_index("metric")["value"]
        if name == "hippocampus":
            assert value["roc_auc"] > 0.8
        elif name == "all control":
            assert (value["accuracy"], value["f1"], value["mcc_prime"]) == (0.5, 0.0, 0.5)
            assert value["roc_auc"] == 0.5
        else:
            assert value["roc_auc"] < 0.8
    with pytest.raises(ConfigFault, match="did you mean 'hippocampus'"):
        baseline_search("hipocampus", table, y, SETTINGS)
    with pytest.raises(DataFault, match="no column for the baseline of hippocampus"):
        baseline_search("hippocampus", table.drop(columns="left_hippocampus_volume"), y, SETTINGS)


def test_noise_scores_at_chance_in_folds_and_above_it_when_the_selection_leaks():
    draws = null_test(8, n_subjects=100, n_measures=120)
    mean = draws.groupby("order")["roc_auc"].mean()
    assert mean["selection in folds"] == pytest.approx(0.5, abs=0.06)
    assert mean["selection before folds (leaks)"] > 0.58


def test_a_leaky_search_is_marked_in_its_scores():
    table, y = cohort()
    settings = replace(SETTINGS, search="preset", leaky_selection=True, n_replicates=1)
    scores = score_table(nested_search(table, y, settings), n_resamples=10)
    assert scores["marks"].str.startswith("leaks").all()


def test_sites_are_taken_out_by_name():
    table, y = cohort()
    settings = replace(SETTINGS, site_term=True, search="preset", n_replicates=1)
    with_sites = nested_search(table, y, settings).predictions
    without = nested_search(table, y, replace(settings, site_term=False)).predictions
    same = with_sites["score"] == without["score"]
    assert same[with_sites["harmonisation"] == "raw"].all()
    assert not same[with_sites["harmonisation"] == "z-score"].all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"harmonisations": ("zscore",)}, "did you mean 'z-score'"),
        ({"classifiers": ("gausian nb",)}, "did you mean 'gaussian nb'"),
        ({"rankings": ("anovas",)}, "did you mean 'anova'"),
        ({"search": "bayesian"}, "did you mean 'bayes'"),
        ({"n_features": (9, 3)}, "fewest, most"),
        ({"n_inner": 1}, "n_inner 1 is below 2"),
        ({"classifiers": ()}, "classifiers is empty"),
    ],
)
def test_settings_that_cannot_be_used_are_named(change, words):
    with pytest.raises(ConfigFault, match=words):
        replace(SETTINGS, **change)


def test_tables_that_cannot_be_used_are_named():
    table, y = cohort()
    with pytest.raises(DataFault, match=r"more than once \[p00\]"):
        nested_search(table.rename(index={"p01": "p00"}), y, SETTINGS)
    with pytest.raises(DataFault, match="must be 0"):
        nested_search(table, y + 1, SETTINGS)
    with pytest.raises(DataFault, match=r"1 missing.*subject p03"):
        nested_search(table.assign(lh_r1_thickness=table["age"].mask(table.index == "p03")), y,
                      SETTINGS)  # fmt: skip
    with pytest.raises(DataFault, match="too few trials of class 1"):
        nested_search(table, (np.arange(48) < 2).astype(int), SETTINGS)
    with pytest.raises(ConfigFault, match="age cannot be a measure"):
        nested_search(table, y, SETTINGS, measures=["age"])
    with pytest.raises(DataFault, match="did you mean 'lh_r1_thickness'"):
        nested_search(table, y, SETTINGS, measures=["lh_r1_thicknes"])
