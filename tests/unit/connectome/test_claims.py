"""Verdicts follow the answers, and nothing is judged that a run has not."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from neurodecode.connectome.claims import Evidence, adhd_claims
from neurodecode.connectome.evaluation import CHOSEN
from neurodecode.connectome.scores import Scores
from neurodecode.evaluation.diagnosis_scores import DiagnosisSettings, score_diagnoses

SETTINGS = DiagnosisSettings(n_resamples=200, n_permutations=99, seed=0)
N = 200


def scores_of(shares):
    """Return the scores of models that are right in such shares of 200 people."""
    true = np.tile([0, 1], N // 2)
    tables, rows = [], []
    for seed, (model, share) in enumerate(shares.items()):
        right = np.random.default_rng(seed).permutation(np.arange(N) < share * N)
        called = np.where(right, true, 1 - true)
        table = pd.DataFrame({
            "subject": np.arange(N).astype(str), "site": "a", "fold": "fold 0", "y_true": true,
            "y_pred": called, "score": called.astype(float), "model": model,
            "split": "stratified", "kind": CHOSEN,
        })  # fmt: skip
        tables.append(table)
        rows += [{**asdict(row), "site": None} for row in score_diagnoses(table, SETTINGS)]
    return Scores(pd.DataFrame(rows), pd.concat(tables, ignore_index=True), pd.DataFrame())


def verdicts(shares, **options):
    found = Evidence("real", scores_of(shares), list(shares), "stratified", **options)
    return {claim.key: claim.verdict for claim in adhd_claims(found)}


def test_features_that_tell_the_groups_apart_hold_and_guesses_do_not():
    assert verdicts({"3-cycles": 0.7})["D1"] == "holds"
    assert verdicts({"3-cycles": 0.5})["D1"] == "not shown"
    assert verdicts({"3-cycles": 0.3})["D1"] == "fails"


def test_three_cycles_must_beat_every_other_map_of_the_paper():
    best = {"3-cycles+mask": 0.9, "degree+mask": 0.6, "weight+mask": 0.6}
    assert verdicts(best)["D2"] == "holds"
    assert verdicts({**best, "weight+mask": 0.9})["D2"] == "not shown"
    assert verdicts({**best, "degree+mask": 1.0})["D2"] == "fails"
    assert verdicts({**best, "clustering+mask": 1.0})["D2"] == "holds"  # is not the paper's


def test_a_mask_is_compared_with_the_same_feature_without_it():
    assert verdicts({"edges+mask": 0.9, "edges": 0.6})["D3"] == "holds"
    assert verdicts({"3-cycles+mask": 0.6, "3-cycles": 0.9})["D3"] == "fails"


def test_the_published_accuracy_is_a_test_for_its_own_people_only():
    assert verdicts({"3-cycles": 0.9})["D4"] == "not tested"
    assert verdicts({"3-cycles": 0.9}, published=True)["D4"] == "holds"
    assert verdicts({"3-cycles": 0.5}, published=True)["D4"] == "fails"


def test_what_is_left_is_that_of_the_maps_without_confounds():
    base = {"3-cycles+mask": 0.9, "phenotype": 0.8}
    assert verdicts({**base, "3-cycles+mask, confounds removed": 0.7})["D5"] == "holds"
    assert verdicts({**base, "3-cycles+mask, confounds removed": 0.5})["D5"] == "not shown"
    assert verdicts(base)["D5"] == "not tested"


def test_a_leaky_mask_is_compared_with_its_honest_twin():
    pair = {"degree+mask": 0.5, "degree+mask from all (leaks)": 0.9}
    assert verdicts(pair)["D6"] == "holds"
    assert verdicts({"degree+mask from all (leaks)": 0.9})["D6"] == "not tested"


@pytest.mark.parametrize("models", [("all control",), ("phenotype", "site")])
def test_a_run_without_maps_tests_no_claim(models):
    found = verdicts(dict.fromkeys(models, 0.6))
    assert set(found.values()) == {"not tested"}
