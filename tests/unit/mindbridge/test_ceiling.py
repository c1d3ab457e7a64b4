"""The best possible retrieval is asked of the very stimuli and sets that models are asked of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.simulate.responses_optimal import optimal_scores
from neurodecode.mindbridge.ceiling import optimal_hits
from neurodecode.mindbridge.evaluation import BACKWARD, FORWARD, evaluate_unit
from neurodecode.mindbridge.retrieval import retrieve_by
from neurodecode.mindbridge.sections import possible_section
from neurodecode.mindbridge.training import train_unit
from neurodecode.mindbridge.units import unit_of

NAME = "simulated-responses"
RIDGE = {"models": ["ridge"], "ridge": {"alphas": [100.0]}}


def best_of_all(study, root):
    """Return the share of test stimuli that are likeliest among all, asked trial by trial."""
    store = study.store("01")
    test = store.trials[store.trials["part"] == "test"]
    names = sorted(test["stimulus"].unique())
    hits = []
    for name in names:
        mean = store.signals[test.index[test["stimulus"] == name]].mean(axis=0)
        hits.append(names[optimal_scores(root, "01", mean[None], names).argmax()] == name)
    return np.array(hits, dtype=float)


def test_among_all_test_stimuli_it_is_the_share_of_the_likeliest(simulated, responses):
    study = simulated(evaluation={"set_size": 15, "n_sets": 1})
    found = optimal_hits(study, "01", responses / NAME)
    np.testing.assert_array_equal(found, best_of_all(study, responses / NAME))
    assert 1 / 15 < found.mean() < 1


def test_it_is_asked_in_the_sets_of_the_run(simulated, responses):
    study = simulated()
    whole = simulated(evaluation={"set_size": 15, "n_sets": 1})
    assert optimal_hits(study, "01", responses / NAME).mean() >= (
        optimal_hits(whole, "01", responses / NAME).mean()
    )
    never = simulated(evaluation={"set_size": 2, "n_sets": 1})
    assert np.isfinite(optimal_hits(never, "01", responses / NAME)).sum() == 2


def test_every_subject_has_its_own_ceiling_for_image_retrieval_only(simulated, responses, tmp_path):
    study = simulated(**RIDGE)
    unit = unit_of("ridge.seed-42", study.subjects)
    train_unit(study, unit, tmp_path)
    result = evaluate_unit(study, unit, tmp_path, responses / NAME)
    rows = {(row.metric, row.subject): row for row in result.rows}
    for subject in study.subjects:
        best = np.nanmean(optimal_hits(study, subject, responses / NAME))
        assert rows[FORWARD, subject].ceiling == pytest.approx(best)
        assert rows[BACKWARD, subject].ceiling is None
        assert rows[FORWARD, subject].chance == rows[BACKWARD, subject].chance == 1 / 8
    assert rows[FORWARD, "01"].ceiling != rows[FORWARD, "02"].ceiling


@pytest.mark.parametrize("sections", [{"target": {"image": "category"}}, {}])
def test_real_responses_and_targets_that_stimuli_share_have_no_ceiling(
    simulated, responses, tmp_path, sections
):
    study = simulated(**RIDGE, **sections)
    unit = unit_of("ridge.seed-42", study.subjects)
    train_unit(study, unit, tmp_path)
    root = responses / NAME if sections else None
    assert {row.ceiling for row in evaluate_unit(study, unit, tmp_path, root).rows} == {None}


def test_likeness_of_any_kind_is_ranked_in_the_same_sets():
    likeness = np.random.default_rng(0).standard_normal((20, 20))
    found = retrieve_by(likeness, set_size=5, n_sets=50, seed=3).brain_to_image
    again = retrieve_by(100 * likeness - 7, set_size=5, n_sets=50, seed=3).brain_to_image
    np.testing.assert_array_equal(found.by_query, again.by_query)


def test_the_report_says_what_is_reached_of_what_is_possible():
    row = {"model": "bridge", "value": 0.4, "chance": 0.1, "ceiling": 0.7}
    rows = pd.DataFrame([{**row, "level": "group", "subject": None},
                         {**row, "level": "subject", "subject": "01", "value": 0.25}])  # fmt: skip
    ((text, table),) = (section.blocks for section in possible_section(rows, "bridge"))
    assert "0.400 of a possible 0.700 (all subjects); 0.250 of a possible 0.700 (01)" in text
    assert [line[-1] for line in table.rows] == ["0.500", "0.250"]
    assert possible_section(rows.assign(ceiling=np.nan), "bridge") == []
