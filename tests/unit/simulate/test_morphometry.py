"""Simulated anatomy: tables, people, confounds and ceiling are what the model states."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef, roc_auc_score

from neurodecode.datasets import find_card
from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.morphometry import morphometry_loader
from neurodecode.datasets.morphometry.cohort import build_cohort
from neurodecode.datasets.morphometry.names import select_measures
from neurodecode.datasets.simulate import SIMULATORS
from neurodecode.datasets.simulate.morphometry import simulate_morphometry
from neurodecode.datasets.simulate.morphometry_optimal import (
    KNOWN,
    optimal_probabilities,
    optimal_scores,
)
from neurodecode.datasets.simulate.morphometry_truth import MEASURES, MorphometryTruth
from neurodecode.faults import ConfigFault, DataFault

CATALOG = Path(__file__).parents[3] / "data" / "catalog"
SMALL = {"n_people": 20, "n_excluded": 5}
read = morphometry_loader("simulated-morphometry")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a data set of many people with one scan each."""
    path = tmp_path_factory.mktemp("morphometry")
    simulate_morphometry(path, n_people=1200, n_excluded=5, n_scans=1, effect=1.5)
    return path


@pytest.fixture(scope="module")
def cohort(folder):
    return build_cohort(read(folder))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small")
    simulate_morphometry(path, **SMALL)
    return path


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }


def test_the_tables_are_those_of_freesurfer(small):
    assert sorted(path.name for path in small.glob("*.tsv")) == [
        "aseg.volume.tsv", "lh.aparc.thickness.tsv", "lh.aparc.volume.tsv",
        "rh.aparc.thickness.tsv", "rh.aparc.volume.tsv",
    ]  # fmt: skip
    aseg = pd.read_csv(small / "aseg.volume.tsv", sep="\t", index_col=0)
    assert aseg.index.name == "Measure:volume"
    assert {"Left-Thalamus", "3rd-Ventricle", "CSF", "CC_Mid_Anterior", "Left-VentralDC",
            "Left-Accumbens-area", "Left-Inf-Lat-Vent", "Brain-Stem"} < set(aseg)  # fmt: skip
    assert aseg.columns[-1] == "EstimatedTotalIntraCranialVol"
    chosen = select_measures(read(small)).filter(regex="_(volume|thickness)$")
    assert sorted(chosen) == sorted(MEASURES)


def test_the_card_fetches_it_and_the_same_seed_gives_the_same_bytes(small, tmp_path):
    fetch(find_card("simulated-morphometry", [CATALOG]), root=tmp_path, options=SMALL)
    again = hashes(tmp_path / "simulated-morphometry")
    again.pop("manifest.json", None)
    assert again == hashes(small)
    SIMULATORS["morphometry"](tmp_path / "other", **SMALL, random_state=1)
    assert not set(hashes(tmp_path / "other").values()) & {
        value for name, value in again.items() if not name.endswith(("people.csv", ".json"))
    }


def test_more_people_leave_the_first_ones_as_they_are(small, tmp_path):
    simulate_morphometry(tmp_path, **{**SMALL, "n_people": 40})
    first, more = read(small).set_index("scan"), read(tmp_path).set_index("scan")
    scans = [scan for scan in first.index if scan]
    pd.testing.assert_frame_equal(first.loc[scans], more.loc[scans])


def test_people_to_leave_out_are_left_out_for_their_reason(small):
    cohort = build_cohort(read(small))
    kinds = pd.read_csv(small / "derivatives/truth/people.csv", index_col="subject")["kind"]
    found = cohort.table["group"].map({0: "stable", 1: "converter"})
    assert found.to_dict() == kinds[kinds.isin(["stable", "converter"])].to_dict()
    assert cohort.n_converters == 6
    reasons = {kinds[subject]: reason for subject, reason in cohort.reasons.items()}
    assert reasons == {
        "reverter": "impaired, then healthy again",
        "late": "impaired later than 5 years",
        "short": "followed for less than 5 years",
        "1.5 T": "no scan at 3 T",
        "impaired": "no scan while healthy",
    }


def test_deviations_have_the_stated_covariance_and_shift(folder, cohort):
    truth = MorphometryTruth.read(folder)
    deviations, group = truth.deviations(cohort.table), cohort.table["group"].to_numpy()
    error = 4 * np.sqrt(1 / 360 + 1 / 840)
    found = deviations[group == 1].mean(axis=0) - deviations[group == 0].mean(axis=0)
    np.testing.assert_allclose(found, truth.shift, atol=error)
    stable = deviations[group == 0]
    np.testing.assert_allclose(stable.mean(axis=0), 0, atol=4 / np.sqrt(840))
    np.testing.assert_allclose(np.cov(stable.T), truth.covariance, atol=0.25)
    left, right = (MEASURES.index(f"{side}_hippocampus_volume") for side in ("left", "right"))
    assert truth.covariance[left, right] == pytest.approx(0.75)
    assert np.linalg.eigvalsh(truth.covariance).min() > 0.1


def test_only_the_four_parts_differ_and_in_the_stated_direction(folder):
    truth = MorphometryTruth.read(folder)
    parts = {name.split("_", 1)[1].rpartition("_")[0] for name in truth.planted}
    assert parts == {"entorhinal", "hippocampus", "lateral_ventricle", "lateralorbitofrontal"}
    shift = dict(zip(MEASURES, truth.shift, strict=True))
    assert shift["left_lateral_ventricle_volume"] > 0 > shift["rh_entorhinal_thickness"]
    assert shift["left_inf_lat_vent_volume"] == 0


def test_ageing_head_size_and_age_gap_are_in_the_tables(cohort):
    table = cohort.table
    assert (table[list(MEASURES)] > 0).all().all()
    gap = table.groupby("group")["age"].mean().diff().iloc[-1]
    assert gap == pytest.approx(3, abs=1.5)
    stable = table[table["group"] == 0]
    assert stable["left_hippocampus_volume"].corr(stable["age"]) < -0.25
    assert stable["3rd_ventricle_volume"].corr(stable["age"]) > 0.25
    assert stable["left_putamen_volume"].corr(stable["etiv"]) > 0.2
    assert abs(stable["lh_insula_thickness"].corr(stable["etiv"])) < 0.15
    by_site = stable.groupby("site")["lh_insula_thickness"].mean()
    assert np.ptp(by_site) > 0.03


@pytest.mark.parametrize("known", KNOWN)
@pytest.mark.parametrize("share", [None, 0.5])
def test_the_ceiling_is_what_the_optimal_decoder_scores(folder, cohort, known, share):
    expected = optimal_scores(folder, known=known, share=share)
    probabilities = optimal_probabilities(folder, cohort.table, known=known, share=share)
    group = cohort.table["group"].to_numpy()
    weights = np.ones(len(group))
    if share is not None:
        weights = np.where(group == 1, 0.5 / group.mean(), 0.5 / (1 - group.mean()))
    chosen = probabilities > 0.5
    options = {"sample_weight": weights}
    assert roc_auc_score(group, probabilities) == pytest.approx(expected.auc, abs=0.05)
    assert accuracy_score(group, chosen, **options) == pytest.approx(expected.accuracy, abs=0.05)
    assert f1_score(group, chosen, **options) == pytest.approx(expected.f1, abs=0.08)
    mcc = (matthews_corrcoef(group, chosen, **options) + 1) / 2
    assert mcc == pytest.approx(expected.mcc_prime, abs=0.05)


def test_probabilities_are_calibrated(folder, cohort):
    probabilities = optimal_probabilities(folder, cohort.table)
    for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 1)):
        inside = (probabilities >= low) & (probabilities < high)
        hits = cohort.table["group"].to_numpy()[inside]
        error = 4 * np.sqrt(0.25 / inside.sum())
        assert hits.mean() == pytest.approx(probabilities[inside].mean(), abs=error)


def test_no_decoder_that_is_fitted_beats_the_ceiling(folder, cohort):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import cross_val_score

    deviations = MorphometryTruth.read(folder).deviations(cohort.table)
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    auc = cross_val_score(model, deviations, cohort.table["group"], scoring="roc_auc").mean()
    assert 0.8 < auc < optimal_scores(folder, known="deviations").auc + 0.03


def test_without_effect_and_gap_everything_is_chance(tmp_path):
    simulate_morphometry(tmp_path, **SMALL, effect=0.0, age_gap=0.0)
    for known in KNOWN:
        scores = optimal_scores(tmp_path, known=known)
        assert (scores.auc, scores.balanced_accuracy, scores.mcc_prime) == (0.5, 0.5, 0.5)
        assert scores.accuracy == pytest.approx(0.7)
        assert scores.f1 == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_people": 3}, "n_people 3 -> give 4 or more"),
        ({"n_sites": 0}, "n_sites 0"),
        ({"n_scans": 4}, "n_scans 4 -> give at most 3"),
        ({"effect": -1.0}, "effect -1"),
        ({"site_effect": -0.1}, "site_effect -0.1"),
        ({"converter_share": 0.0}, "0 converters among 20 people"),
        ({"converter_share": 1.0}, "20 converters among 20 people"),
    ],
)
def test_options_out_of_range_are_refused(tmp_path, options, words):
    with pytest.raises(ConfigFault, match=words):
        simulate_morphometry(tmp_path, **{**SMALL, **options})


def test_absent_truth_and_tables_are_named(tmp_path, small):
    with pytest.raises(DataFault):
        optimal_scores(tmp_path)
    with pytest.raises(DataFault, match=r"visits.csv"):
        read(tmp_path)
    with pytest.raises(ConfigFault, match="did you mean 'everything'"):
        optimal_scores(small, known="everythin")
    with pytest.raises(ConfigFault, match="share 1 -> give"):
        optimal_scores(small, share=1.0)


def test_a_scan_without_measures_is_named(tmp_path):
    simulate_morphometry(tmp_path, **SMALL)
    for path in tmp_path.glob("*.tsv"):
        lines = path.read_text().splitlines()
        path.write_text("\n".join([*lines[:1], *lines[2:]]) + "\n")
    with pytest.raises(DataFault, match=r"no measures of scan sub-0001_ses-01.*drop_subject"):
        read(tmp_path)
    assert "sub-0001_ses-01" not in set(read(tmp_path, missing="drop_subject")["scan"])
