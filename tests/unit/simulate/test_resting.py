"""The simulated resting-state study: what differs between groups, and what does not."""

import itertools
import json

import nibabel
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm

from neurodecode.datasets.resting import mask_loader, phenotype_loader, resting_loader
from neurodecode.datasets.resting.spectrum import power_above
from neurodecode.datasets.simulate import SIMULATORS
from neurodecode.datasets.simulate.forward_model import TRUTH
from neurodecode.datasets.simulate.resting_optimal import optimal_accuracy
from neurodecode.datasets.simulate.resting_people import draw_people
from neurodecode.datasets.simulate.resting_scan import draw_block, draw_motion
from neurodecode.datasets.simulate.resting_settings import RHO, SITES, RestingSettings
from neurodecode.faults import ConfigFault

NAME = "simulated-resting"
SMALL = {"n_subjects": 6, "voxel_mm": 15, "n_regions": 2, "n_networks": 3, "region_ml": 60}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resting")
    SIMULATORS["resting"](folder, **SMALL)
    return folder


def make_settings(**changed):
    options = {
        "n_subjects": 400, "n_sites": 2, "voxel_mm": 15, "n_regions": 4, "region_ml": 60.0,
        "n_networks": 3, "effect": 0.6, "prevalence": 0.5, "site_confound": 0.4, "motion": 1.0,
        "motion_confound": 0.5, "phenotype_effect": 0.4, "missing_iq": 0.1, "filtered": True,
        "random_state": 0,
    }  # fmt: skip
    return RestingSettings(**{**options, **changed})


def adjacency(*, tight):
    correlation = np.corrcoef(draw_block(20_000, np.random.default_rng(3), tight=tight).T)
    connected = correlation > 0.25
    np.fill_diagonal(connected, False)
    return connected.astype(int)


def test_loose_and_tight_blocks_have_equal_degrees_and_different_triangles():
    loose, tight = adjacency(tight=False), adjacency(tight=True)
    assert set(loose.sum(1)) == set(tight.sum(1)) == {14}
    triangles = [set((a * (a @ a)).sum(1) // 2) for a in (loose, tight)]
    assert triangles == [{46}, {91}]


def test_connected_pairs_have_the_same_covariance_in_both_states():
    for tight in (False, True):
        courses = draw_block(20_000, np.random.default_rng(4), tight=tight)
        covariance = np.cov(courses.T)
        connected = adjacency(tight=tight) > 0
        np.testing.assert_allclose(covariance[connected], RHO, atol=0.03)
        np.fill_diagonal(connected, True)
        np.testing.assert_allclose(covariance[~connected], 0, atol=0.03)


def test_motion_has_the_displacement_that_was_asked_for():
    from neurodecode.datasets.resting.recording import framewise_displacement

    motion = draw_motion(0.2, 5000, np.random.default_rng(0))
    assert framewise_displacement(motion).mean() == pytest.approx(0.2, rel=0.05)


def test_the_loader_of_athena_reads_the_simulated_study(study):
    people = phenotype_loader(NAME)(study)
    assert len(people) == 6
    assert people["group"].isin([0, 1]).all()
    mask = np.asarray(nibabel.load(mask_loader(NAME)(study)).dataobj) > 0
    for subject, person in people.iterrows():
        (scan,) = resting_loader(NAME)(study, subject)
        t_r, n_times = SITES[int(person["site"][-1]) - 1]
        image = nibabel.load(scan.image)
        assert scan.t_r == pytest.approx(t_r)
        assert image.shape == (*mask.shape, n_times)
        assert scan.motion.shape == (n_times, 6)
        assert scan.notes == ()
        courses = np.asarray(image.dataobj)
        assert not courses[~mask].any()
        assert courses[mask].any(axis=1).all()


def test_sites_differ_in_their_share_of_cases():
    people = draw_people(make_settings(n_sites=3))
    np.testing.assert_allclose(people.groupby("site")["group"].mean(), [0.7, 0.5, 0.3], atol=0.01)


def test_the_truth_names_every_region_and_its_voxels(study):
    regions = np.asarray(nibabel.load(study / TRUTH / "effect_regions.nii.gz").dataobj)
    assert np.unique(regions).tolist() == [0, 1, 2]
    assert np.bincount(regions[regions > 0])[1:].tolist() == [60, 60]
    people = pd.read_csv(study / TRUTH / "people.tsv", sep="\t")
    assert {"tight_1", "tight_2", "mean_mm"} <= set(people)
    assert json.loads((study / TRUTH / "model.json").read_text())["effect"] == 0.6


def test_unfiltered_images_have_their_own_name_and_band(tmp_path):
    SIMULATORS["resting"](tmp_path, **SMALL | {"n_subjects": 2}, n_sites=1, filtered=False)
    (scan,) = resting_loader(NAME)(tmp_path, "10001", filtered=False)
    assert scan.image.name == "snwmrda0010001_session_1_rest_1.nii.gz"
    courses = np.asarray(nibabel.load(scan.image).dataobj)
    assert power_above(courses[courses.any(axis=3)].T, scan.t_r) == pytest.approx(0.56, abs=0.02)


def test_same_seed_same_bytes(tmp_path):
    options = SMALL | {"n_subjects": 2, "n_sites": 1}
    first = SIMULATORS["resting"](tmp_path / "a", **options)
    again = SIMULATORS["resting"](tmp_path / "b", **options)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_subjects": 5, "n_sites": 3}, "n_subjects 5 -> give 6 or more"),
        ({"n_sites": 9}, "n_sites 9"),
        ({"effect": 1.5}, "effect 1.5 -> give 0 to 1"),
        ({"motion": -1}, "motion -1"),
        ({"n_regions": 8, "region_ml": 300.0}, "8 regions of"),
    ],
)
def test_options_out_of_range_are_named(tmp_path, options, message):
    with pytest.raises(ConfigFault, match=message):
        SIMULATORS["resting"](tmp_path, **{**SMALL, **options})


def write_truth(folder, settings):
    (folder / TRUTH).mkdir(parents=True)
    (folder / TRUTH / "model.json").write_text(json.dumps(vars(settings)))
    people = draw_people(settings)
    people.to_csv(folder / TRUTH / "people.tsv", sep="\t")
    return people


def test_ceiling_of_the_regions_is_the_bayes_rule_of_binomial_counts(tmp_path):
    write_truth(tmp_path, make_settings(site_confound=0.0))
    k = np.arange(5)
    best = 0.5 * np.maximum(binom.pmf(k, 4, 0.2), binom.pmf(k, 4, 0.8)).sum()
    assert optimal_accuracy(tmp_path, knows=["regions"]) == pytest.approx(best)


def test_ceiling_of_motion_is_that_of_two_normal_distributions(tmp_path):
    write_truth(tmp_path, make_settings(motion_confound=0.8))
    assert optimal_accuracy(tmp_path, knows=["motion"]) == pytest.approx(norm.cdf(0.4))


def test_ceiling_agrees_with_the_answers_of_the_observer(tmp_path):
    settings = make_settings(n_subjects=40_000)
    people = write_truth(tmp_path, settings)
    tight = people.filter(like="tight_").sum(axis=1).to_numpy()
    scores = binom.logpmf(tight, 4, 0.8) - binom.logpmf(tight, 4, 0.2)
    share = np.array([settings.prevalence_of(site) for site in people["site"]])
    scores = scores + np.log(share / (1 - share))
    d = settings.motion_confound
    scores += d * ((np.log(people["mean_mm"] / 0.15) / 0.5) - d / 2)
    d = settings.phenotype_effect
    iq = (people["full_iq"].to_numpy() - 110) / 14
    scores += np.where(people["full_iq"] == -999, 0, -d * (iq + d / 2))
    odds = np.log(norm.cdf(d / 2) / norm.cdf(-d / 2))
    scores += np.where(people["male"] == 1, odds, -odds)
    right = np.mean((scores > 0) == (people["group"] == 1))
    assert optimal_accuracy(tmp_path) == pytest.approx(right, abs=0.01)


def test_more_knowledge_is_never_worse(tmp_path):
    write_truth(tmp_path, make_settings())
    kinds = ("regions", "site", "motion", "phenotype")
    for size, balanced in itertools.product(range(4), (False, True)):
        known = optimal_accuracy(tmp_path, knows=kinds[:size], balanced=balanced)
        assert optimal_accuracy(tmp_path, knows=kinds[: size + 1], balanced=balanced) >= known


def test_unknown_knowledge_gets_the_nearest(tmp_path):
    write_truth(tmp_path, make_settings())
    with pytest.raises(ConfigFault, match="did you mean 'motion'"):
        optimal_accuracy(tmp_path, knows=["motions"])
