"""The loop that the nested search is timed against gives the same scores."""

import numpy as np
import pandas as pd

from neurodecode.benchmarks.mci.plain import plain_nested_search
from neurodecode.morphometry import SearchSettings, nested_search


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
