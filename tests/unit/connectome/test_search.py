"""Names of models, and what is chosen inside the training part alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.connectome.config_search import MaskSection, SearchSection
from neurodecode.connectome.decoders import decoder_of
from neurodecode.connectome.loading import answers_of
from neurodecode.connectome.search import Search
from neurodecode.faults import ConfigFault, DataFault

SETTINGS = SearchSection(
    masks=(MaskSection(quantile=0.5), MaskSection(quantile=0.9)), n_components=(2, 5),
    inner_folds=2,
)  # fmt: skip


@pytest.fixture
def maps():
    """Return maps of 40 people by threshold, the second of which tells the groups, and groups."""
    rng = np.random.default_rng(0)
    groups = np.tile([0, 1], 20)
    told = rng.standard_normal((40, 60))
    told[:, :6] += 2.0 * groups[:, None]
    noise = rng.standard_normal((40, 60))
    both = {"theta 0.3": noise.astype(np.float32), "theta 0.5": told.astype(np.float32)}
    return both, groups


def searched(maps, groups, train, name="3-cycles+mask", settings=SETTINGS):
    people = pd.DataFrame({"site": "a", "group": groups, "subject": np.arange(40).astype(str)})
    return Search(decoder_of(name), settings, people, groups, train, seed=0).run(maps)


def test_the_threshold_that_tells_the_groups_is_chosen(maps):
    models, threshold, scores = searched(*maps, np.arange(30))
    assert threshold == "theta 0.5"
    assert set(models) == {"theta 0.3", "theta 0.5"}
    assert scores.groupby("threshold")["best"].sum().tolist() == [1, 1]
    assert len(scores) == 2 * 2 * 2
    kept = models["theta 0.5"].mask
    assert kept[:6].all()
    assert kept.sum() in (6, 30)


def test_nothing_of_the_test_part_changes_an_honest_model(maps):
    both, groups = maps
    train = np.arange(30)
    first = searched(both, groups, train)
    spoilt = {name: values.copy() for name, values in both.items()}
    for values in spoilt.values():
        values[30:] = 1e3
    swapped = groups.copy()
    swapped[30:] = 1 - swapped[30:]
    second = searched(spoilt, swapped, train)
    pd.testing.assert_frame_equal(first[2], second[2])
    for threshold, model in first[0].items():
        assert (model.mask == second[0][threshold].mask).all()
        assert (model.classifier.coef_ == second[0][threshold].classifier.coef_).all()


def test_a_leaky_mask_does_look_at_the_test_part(maps):
    both, groups = maps
    name = "3-cycles+mask from all (leaks)"
    first = searched(both, groups, np.arange(30), name)
    swapped = groups.copy()
    swapped[30:] = 1 - swapped[30:]
    second = searched(both, swapped, np.arange(30), name)
    assert (first[0]["theta 0.3"].mask != second[0]["theta 0.3"].mask).any()


def test_masks_that_keep_no_voxel_are_passed_over_and_named_if_all_do(maps):
    both, groups = maps
    flat = {"theta 0.9": np.zeros((40, 60), dtype=np.float32)}
    models, threshold, _ = searched({**both, **flat}, groups, np.arange(30))
    assert threshold == "theta 0.5"
    assert "theta 0.9" not in models
    with pytest.raises(DataFault, match=r"no mask keeps a voxel.*3-cycles\+mask"):
        searched(flat, groups, np.arange(30))


def test_equal_priors_undo_the_share_of_cases_that_a_baseline_learnt():
    probability = np.array([0.15, 0.25, 0.6])
    trained = np.array([1, 0, 0, 0, 0])
    assert answers_of(probability, trained, "equal", balanced=False).tolist() == [0, 1, 1]
    assert answers_of(probability, trained, "empirical", balanced=False).tolist() == [0, 0, 1]
    assert answers_of(probability, trained, "equal", balanced=True).tolist() == [0, 0, 1]


def test_a_name_says_feature_mask_and_forms():
    found = decoder_of("distance degree+mask, confounds removed, labels shuffled")
    assert (found.map, found.mask, found.adjustment) == ("distance_degree", "mask",
                                                         "confounds removed")  # fmt: skip
    assert found.shuffled
    assert found.slug == "distance-degree-mask-confounds-removed-labels-shuffled"
    assert decoder_of("3-cycles+mask from all (leaks)").leaks is not None
    assert decoder_of("phenotype").baseline


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("4-cycles", "unknown model '4-cycles', did you mean '3-cycles'"),
        ("3-cycles+masks", "unknown addition to 3-cycles 'masks', did you mean 'mask'"),
        ("phenotype+mask", "unknown addition to phenotype 'mask'"),
        ("degree, label shuffled", "did you mean 'labels shuffled'"),
        ("degree, confounds removed, site-normalised", "names 2 adjustments"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(name, words):
    with pytest.raises(ConfigFault, match=words.replace("(", r"\(").replace("+", r"\+")):
        decoder_of(name)
