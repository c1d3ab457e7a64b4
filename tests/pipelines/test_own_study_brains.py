"""Trees of fMRIPrep and FreeSurfer that a laboratory has, from the folder to the report."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from neurodecode.decoders.commands import Input, predict_file

PEOPLE, GRID, N_TIMES = 24, (4, 5, 4), 64
MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
STRUCTURES = {"Lateral-Ventricle": 12000, "Hippocampus": 3800, "Amygdala": 1600, "Caudate": 3400}
PARCELS = ("entorhinal", "temporalpole", "cuneus", "insula")


def participants(root, groups):
    """Write participants.tsv: a diagnosis in words, two sites, ages without meaning."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame({
        "participant_id": [f"sub-{k + 1:02d}" for k in range(PEOPLE)],
        "diagnosis": [groups[k % 2] for k in range(PEOPLE)],
        "site": [("Here", "There")[k // 2 % 2] for k in range(PEOPLE)],
        "age": rng.uniform(60, 75, PEOPLE).round(1), "sex": [("F", "M")[k // 4 % 2]
                                                             for k in range(PEOPLE)],
    })  # fmt: skip
    table.to_csv(root / "participants.tsv", sep="\t", index=False)


@pytest.fixture(scope="module")
def resting(tmp_path_factory):
    """Return a data set with fMRIPrep's derivatives; voxels of a corner agree in patients."""
    import nibabel

    root, rng = tmp_path_factory.mktemp("own") / "rest", np.random.default_rng(0)
    affine = np.diag([12.0, 12, 12, 1])  # a slab: only a part of the brain is covered
    affine[:3, 3] = -18, -24, -18
    for k in range(PEOPLE):
        person = f"sub-{k + 1:02d}"
        folder = root / "derivatives" / "fmriprep" / person / "func"
        folder.mkdir(parents=True)
        space = folder / f"{person}_task-rest_space-MNI152NLin2009cAsym"
        bold = rng.standard_normal((*GRID, N_TIMES))
        bold[:2, :3, :2] += 2.0 * (k % 2) * rng.standard_normal(N_TIMES)
        image = nibabel.Nifti1Image((1000 + 20 * bold).astype(np.float32), affine)
        image.header.set_zooms((12, 12, 12, 2.0))
        nibabel.save(image, f"{space}_desc-preproc_bold.nii.gz")
        inside = np.ones(GRID, np.uint8)
        inside[0, 0, 0] = k > 0  # the first mask is smaller: what all share is one voxel less
        nibabel.save(nibabel.Nifti1Image(inside, affine), f"{space}_desc-brain_mask.nii.gz")
        confounds = {name: np.cumsum(0.01 * rng.standard_normal(N_TIMES)) for name in MOTION}
        confounds |= {name: rng.standard_normal(N_TIMES) for name in ("csf", "white_matter")}
        confounds |= {"cosine00": np.cos(np.pi * (np.arange(N_TIMES) + 0.5) / N_TIMES)}
        table = folder / f"{person}_task-rest_desc-confounds_timeseries.tsv"
        pd.DataFrame(confounds).to_csv(table, sep="\t", index=False)
        table.with_suffix(".json").write_text("{}")
    participants(root, ("HC", "ADHD"))
    return root


@pytest.fixture(scope="module")
def brains(tmp_path_factory):
    """Return a data set with FreeSurfer's derivatives; the hippocampus of patients is smaller."""
    root, rng = tmp_path_factory.mktemp("own") / "memory", np.random.default_rng(0)
    for k in range(PEOPLE):
        folder = root / "derivatives" / "freesurfer" / f"sub-{k + 1:02d}" / "stats"
        folder.mkdir(parents=True)
        etiv = 1.5e6 * rng.normal(1, 0.05)
        lines = [f"# Measure EstimatedTotalIntraCranialVol, eTIV, Estimated, {etiv:.1f}, mm^3",
                 "# ColHeaders Index SegId NVoxels Volume_mm3 StructName"]  # fmt: skip
        for side in ("Left", "Right"):
            for name, volume in STRUCTURES.items():
                smaller = 0.7 if name == "Hippocampus" and k % 2 else 1.0
                value = volume * smaller * rng.normal(1, 0.05)
                lines.append(f"{len(lines)} {len(lines)} {value:.0f} {value:.1f} {side}-{name}")
        (folder / "aseg.stats").write_text("\n".join(lines) + "\n")
        for side in ("lh", "rh"):
            rows = [f"{name} 700 {rng.normal(500, 20):.0f} {rng.normal(1500, 60):.0f} "
                    f"{rng.normal(2.6, 0.1):.3f}" for name in PARCELS]  # fmt: skip
            head = "# ColHeaders StructName NumVert SurfArea GrayVol ThickAvg\n"
            (folder / f"{side}.aparc.stats").write_text(head + "\n".join(rows) + "\n")
    participants(root, ("HC", "MCI"))
    return root


def report_of(folder):
    return json.loads((folder / "report.json").read_text())


@pytest.fixture(scope="module")
def diagnosed(own_run, resting, tmp_path_factory):
    """Return the folder of a finished run of ``adhd`` on the data set, and its survey."""
    folder = tmp_path_factory.mktemp("run") / "rest"
    survey = own_run(
        "adhd", resting, folder, "split.n_folds=2", "scans.parcels=0", "scans.smoothing_fwhm=null",
        "models=[degree+mask, motion]", "maps.features=[degree]", "maps.thetas=[0.3]",
        "maps.densities=[]", "search.masks=[{quantile: 0.8}]", "search.n_components=[5]",
        "evaluation.n_resamples=100", "evaluation.n_permutations=50",
    )  # fmt: skip
    return folder, survey


def test_groups_of_derivatives_are_told_apart_and_the_report_counts_everybody(diagnosed):
    folder, survey = diagnosed
    assert "groups: column diagnosis of participants.tsv" in " ".join(survey.notes)
    row = report_of(folder)["headline"]
    assert row["n"] == PEOPLE
    assert row["ci_low"] > row["chance"] == 0.5
    assert f"{np.prod(GRID) - 1} voxels" in (folder / "report.html").read_text()


def test_people_left_out_are_diagnosed_from_the_same_folder_as_in_the_run(
    diagnosed, resting, tmp_path
):
    out, decoders = tmp_path / "found.parquet", diagnosed[0] / "model/stratified/decoders"
    predict_file(Input(decoders / "stratified.fold-0"), resting, out)
    own = pd.read_parquet(diagnosed[0] / "evaluate/stratified/predictions.parquet")
    own = own.query("model == 'degree+mask' and kind == 'chosen' and fold == 'fold 0'")
    found = pd.read_parquet(out).set_index("person").loc[own["subject"]]
    np.testing.assert_array_equal(found["probability"], own["score"])
    assert set(found["true"]) == {"control", "case"}


@pytest.fixture(scope="module")
def measured(own_run, brains, tmp_path_factory):
    """Return the folder of a finished run of ``mci`` on the data set, and its survey."""
    folder = tmp_path_factory.mktemp("run") / "memory"
    survey = own_run(
        "mci", brains, folder, "search.replicates=1", "search.outer_folds=3", "search.degree=1",
        "search.inner_folds=2", "search.candidates=1", "search.rankings=[anova]",
        "search.covariates=[age]",
        "search.preset_features=4", "search.n_features=[2, 4]", "forms=[imbalanced]",
        "harmonisations=[residual]", "classifiers=[gaussian nb]", "baselines=[all control]",
        "null_test.draws=0", "evaluation.n_resamples=100",
    )  # fmt: skip
    return folder, survey


def test_groups_of_stats_files_are_told_apart_and_other_groups_judge_no_claim(measured):
    folder, survey = measured
    assert "groups of participants.tsv: HC is 0, MCI is 1" in survey.notes
    row = report_of(folder)["headline"]
    assert row["n"] == PEOPLE
    assert row["ci_low"] > row["chance"] == 0.5
    assert {claim["verdict"] for claim in report_of(folder)["claims"]} == {"not tested"}


def test_people_left_out_are_called_from_the_same_folder_as_in_the_run(measured, brains, tmp_path):
    out, folder = tmp_path / "found.parquet", measured[0]
    (decoder,) = folder.glob("model/*/decoders/imbalanced.replicate-0-fold-0")
    predict_file(Input(decoder), brains, out)
    own = pd.read_parquet(folder / "evaluate/imbalanced.residual/predictions.parquet")
    own = own.query("replicate == 0 and fold == 0 and classifier == 'gaussian nb'")
    found = pd.read_parquet(out).set_index("person").loc[own["subject"]]
    np.testing.assert_array_equal(found["score"], own["score"])
    assert (found["true"] == "case").tolist() == (own["y_true"] == 1).tolist()


def test_new_people_without_a_diagnosis_are_called_too(measured, brains, tmp_path):
    table = pd.read_csv(brains / "participants.tsv", sep="\t").drop(columns="diagnosis")
    people, out = tmp_path / "new" / "freesurfer", tmp_path / "found.parquet"
    people.mkdir(parents=True)
    for person in sorted((brains / "derivatives/freesurfer").iterdir())[:3]:
        (people / person.name).symlink_to(person)
    table.to_csv(people.parent / "participants.tsv", sep="\t", index=False)
    (decoder,) = measured[0].glob("model/*/decoders/imbalanced.replicate-0-fold-0")
    predict_file(Input(decoder), people, out)
    assert pd.read_parquet(out)["true"].tolist() == ["", "", ""]


@pytest.mark.parametrize("pipeline", ["adhd", "mci"])
def test_changed_participants_above_the_derivatives_rerun_the_run(
    pipeline, resting, brains, diagnosed, measured, tmp_path
):
    from neurodecode.workflow.plan import make_plan
    from neurodecode.workflow.project import find_project

    study, folder = {"adhd": (resting, diagnosed[0]), "mci": (brains, measured[0])}[pipeline]
    assert "../../participants.tsv" in json.loads((folder / "run.json").read_text())["input_sha256"]
    project = find_project()
    chosen = project.pipeline(pipeline)
    config = chosen.load(str(folder / "config.yaml"))

    def planned():
        return make_plan(project, chosen, study.name, config).fingerprints["fetch"]

    before, table = planned(), study / "participants.tsv"
    assert before == json.loads((folder / "plan.json").read_text())["fingerprints"]["fetch"]
    text = table.read_text()
    table.write_text(text + "sub-99\tHC\tHere\t70\tF\n")
    after = planned()
    table.write_text(text)
    assert after != before


def test_the_manifest_names_files_of_one_table_once(tmp_path):
    from neurodecode.datasets.local_files import names_below, table_files

    (tmp_path / "a.csv").write_text("subject\n")
    assert names_below(tmp_path, table_files(tmp_path / "a.csv")) == ["a.csv"]
    assert names_below(tmp_path, table_files(tmp_path)) == ["a.csv"]
