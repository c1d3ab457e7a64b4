"""The loop that the nested search is timed against gives the same scores."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.mci.claims import nested_claims
from neurodecode.benchmarks.mci.evaluation import evaluate_unit
from neurodecode.benchmarks.mci.measure import gaps_of, measure_unit
from neurodecode.benchmarks.mci.plain import plain_nested_search
from neurodecode.config import apply_overrides, read_yaml, validate
from neurodecode.morphometry import SearchSettings, nested_search

CONFIGS = Path(__file__).parents[3] / "configs" / "bench"


def test_the_plain_loop_gives_the_scores_of_the_cached_search():
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 30)
    table = pd.DataFrame(
        rng.standard_normal((60, 8)),
        [f"p{i}" for i in range(60)],
        [f"r{i}_volume" for i in range(8)],
    )
    table = table.assign(age=rng.uniform(60, 85, 60), sex=rng.integers(0, 2, 60), etiv=y + 1.0)
    table["etiv"] += rng.standard_normal(60)
    settings = SearchSettings(
        classifiers=("gaussian nb", "fine gaussian svm", "medium knn", "fine tree", "rusboost"),
        rankings=("relieff", "mrmr"), n_features=(2, 6), preset_features=4, n_replicates=1,
        n_outer=3, n_inner=2, n_candidates=3, balance="undersample",
    )  # fmt: skip
    keys = ["classifier", "harmonisation", "replicate", "subject"]
    ours = nested_search(table, y, settings)
    plain = plain_nested_search(table, y, settings)
    both = ours.predictions.merge(plain, on=keys, suffixes=("", "_plain"), validate="1:1")
    assert len(both) == len(plain) == len(ours.predictions) == 600
    np.testing.assert_allclose(both["score"], both["score_plain"], atol=1e-9)
    inner = plain.drop_duplicates([*keys[:3], "fold"])
    merged = ours.chosen.merge(inner, on=[*keys[:3], "fold"], suffixes=("", "_plain"))
    assert len(merged) == 30
    np.testing.assert_allclose(merged["inner"], merged["inner_plain"], atol=1e-12)


@pytest.fixture(scope="module")
def small():
    """Return the smallest benchmark's settings and what one of its jobs measured."""
    smaller = ["benchmark.nested.candidates=2", "benchmark.nested.n_people=80"]
    tree = apply_overrides(read_yaml(CONFIGS / "mci_smoke.yaml"), smaller)
    config = validate(BenchConfig, tree)
    return config, measure_unit(config, "nested-workers-1-repeat-1", [])


def test_equal_scores_give_a_ratio_of_seconds_per_fold(small):
    config, measured = small
    assert measured["gaps"]["scores"] < 1e-9
    found = evaluate_unit(config, "nested-workers-1-repeat-1", measured)
    seconds = measured["seconds_per_fold"]
    assert [row.value for row in found.rows] == [seconds["plain"] / seconds["ours"]]


def test_scores_that_differ_give_none(small):
    config, measured = small
    other = {**measured, "gaps": {"scores": 1e-3, "inner": 0.0}}
    found = evaluate_unit(config, "nested-workers-1-repeat-1", other)
    assert found.rows == []
    claims = nested_claims(other["gaps"], [], config)
    assert [claim.verdict for claim in claims] == ["fails", "holds", "not tested"]


def test_a_person_that_the_plain_loop_has_alone_is_a_difference():
    row = {"classifier": "lda", "harmonisation": "raw", "replicate": 0, "fold": 0}
    plain = pd.DataFrame([{**row, "subject": s, "score": 0.1, "inner": 0.5} for s in "ab"])
    chosen = pd.DataFrame([{**row, "inner": 0.5}])
    assert gaps_of(plain, chosen, plain) == {"scores": 0.0, "inner": 0.0}
    assert gaps_of(plain[:1], chosen, plain)["scores"] == float("inf")
