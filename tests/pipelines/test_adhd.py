"""The adhd pipeline from the command line to the report, on its smallest experiment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from neurodecode.config import read_yaml

REPOSITORY = Path(__file__).parents[2]
MODELS = read_yaml(REPOSITORY / "configs" / "adhd" / "smoke.yaml")["models"]
CONTROL, LEAKY = "3-cycles+mask, labels shuffled", "3-cycles+mask from all (leaks)"
PROTOCOLS = ("stratified", "leave_one_site_out")


@pytest.fixture(scope="session")
def rested(tmp_path_factory, worker_id, command):
    """Return the folder of a finished ``adhd smoke`` run; do not change it."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    folder = base / "adhd-smoke"
    with FileLock(base / "adhd-smoke.lock"):
        if not (folder / "done").exists():
            result = command("run", "adhd", "smoke", "--out", folder, timeout=1800)
            assert result.returncode == 0, result.stdout + result.stderr
            (folder / "done").write_text(result.stdout)
    return folder


@pytest.fixture(scope="session")
def content(rested):
    """Return what ``report.json`` holds."""
    return json.loads((rested / "report.json").read_text())


@pytest.fixture(scope="session")
def rows(content):
    """Return all scores over all sites."""
    table = pd.DataFrame(content["metrics"])
    return table[table["site"].isna()]


def test_the_run_ends_with_its_report(rested):
    assert (rested / "done").read_text().rstrip().endswith("report.html")
    assert (rested / "report.html").stat().st_size > 10_000


def test_one_job_of_prepare_reads_many_people(rested):
    plan = json.loads((rested / "plan.json").read_text())
    assert [len(people) for people in plan["stores"].values()] == [24, 24]
    assert "prepare  people-1  24 people, 570 voxels or regions" in (rested / "done").read_text()


def test_every_model_has_every_score_with_chance_and_interval(rows):
    for _, part in rows.groupby(["model", "split"]):
        assert list(part["metric"]) == ["balanced_accuracy", "accuracy", "sensitivity",
                                        "specificity", "roc_auc"]  # fmt: skip
    assert list(dict.fromkeys(rows["model"])) == MODELS
    assert set(rows["split"]) == set(PROTOCOLS)
    assert rows[["chance", "ci_low", "ci_high"]].notna().all().all()
    assert (rows["ci_low"] <= rows["value"] + 1e-12).all()
    assert (rows["value"] <= rows["ci_high"] + 1e-12).all()
    balanced = rows[rows["metric"] == "balanced_accuracy"]
    assert (balanced["chance"] == 0.5).all()
    assert balanced["p_value"].notna().all()


def test_scores_are_those_of_the_saved_predictions(rested, rows):
    found = pd.read_parquet(rested / "evaluate" / "stratified" / "predictions.parquet")
    mine = found[(found["model"] == "3-cycles+mask") & (found["kind"] == "chosen")]
    assert mine["subject"].nunique() == len(mine) == 48
    right = mine["y_true"] == mine["y_pred"]
    expected = right.groupby(mine["y_true"]).mean().mean()
    chosen = rows.query("model == '3-cycles+mask' and split == 'stratified'").set_index("metric")
    assert chosen["value"]["balanced_accuracy"] == pytest.approx(expected)
    assert chosen["value"]["accuracy"] == pytest.approx(right.mean())


def test_the_chosen_answers_are_those_of_the_threshold_chosen_in_training(rested, content):
    found = pd.read_parquet(rested / "evaluate" / "stratified" / "predictions.parquet")
    mine = found[found["model"] == "3-cycles"].set_index("subject")
    chosen = mine[mine["kind"] == "chosen"]
    for choice in content["choices"]:
        if choice["model"] == "3-cycles" and choice["split"] == "stratified":
            people = chosen.index[chosen["fold"] == choice["fold"]]
            same = mine[mine["kind"] == choice["threshold"]].loc[people]
            assert np.array_equal(same["score"], chosen.loc[people, "score"])


def test_the_clustering_effect_is_found_by_three_cycles_and_not_by_degree(rows):
    values = rows.query("metric == 'balanced_accuracy' and split == 'stratified'")
    values = values.set_index("model")["value"]
    assert values["3-cycles"] > 0.7
    assert values["3-cycles"] > values["degree+mask"] + 0.1
    assert values[LEAKY] > values["3-cycles+mask"]
    assert values["all control"] == 0.5


def test_the_leaky_mask_is_marked_in_the_audit_and_nothing_else_leaks(content):
    audit = pd.DataFrame(content["audit"])
    declared = audit["leaks"].notna()
    assert set(audit.loc[declared, "split"]) == {f"{name}: {LEAKY}" for name in PROTOCOLS}
    assert (audit.loc[declared, "overlap"] > 0).all()
    assert (audit.loc[~declared, "overlap"] == 0).all()
    units = audit[~declared].groupby("split")["unit"].unique()
    assert "signal content" in units["stratified"]
    assert "site" in units["leave_one_site_out"]


def test_the_best_possible_score_is_that_of_what_a_model_can_see(rows):
    best = rows.query("metric == 'balanced_accuracy' and split == 'leave_one_site_out'")
    best = best.set_index("model")["ceiling"].astype(float)
    assert best["site"] == pytest.approx(0.5)
    assert best["phenotype"] < best["3-cycles+mask"]


def test_every_claim_has_its_row_and_those_of_this_run_are_tested(content):
    verdicts = {claim["key"]: claim["verdict"] for claim in content["claims"]}
    assert list(verdicts) == ["D1", "D2", "D3", "D4", "D5", "D6"]
    assert [key for key, verdict in verdicts.items() if verdict == "not tested"] == ["D4"]
    assert verdicts["D1"] == verdicts["D6"] == "holds"
    assert {claim["evidence"] for claim in content["claims"]} == {"simulated"}


def test_every_part_of_the_report_is_on_the_page(rested):
    page = (rested / "report.html").read_text()
    titles = ("Scores: stratified", "Comparisons: stratified", "People and confounds",
              "Protocols side by side", "Sites", "Thresholds", "Honest and leaky mask", "Maps",
              "ADHD-200 scoring", "Throughput", "Claims", "Leak audit", "Models", "Data",
              "Provenance")  # fmt: skip
    assert [title for title in titles if f"{title}</h2>" not in page] == []
    assert "prepare x 2" in page
    assert "Control: trained on groups in random order" in page


@pytest.mark.parametrize(
    ("setting", "rules"),
    [
        ("evaluation.n_resamples=150", {"evaluate", "report"}),
        ("description=another", {"report"}),
        ("search.priors=empirical", {"train", "evaluate", "report"}),
        ("maps.thetas=[0.4]", {"prepare", "train", "evaluate", "report"}),
    ],
)
def test_a_changed_setting_reruns_what_reads_it_and_no_more(
    rested, command, tmp_path, setting, rules
):
    copy = Path(shutil.copytree(rested, tmp_path / "run"))
    result = command("run", "adhd", "smoke", "--out", copy, "-n", "--set", setting)
    found = {line.split()[2] for line in result.stdout.splitlines() if "would run" in line}
    assert found == rules


def test_the_same_command_does_nothing_the_second_time(rested, command, tmp_path):
    copy = Path(shutil.copytree(rested, tmp_path / "run"))
    result = command("run", "adhd", "smoke", "--out", copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "everything is up to date" in result.stdout


@pytest.fixture
def own(tmp_path):
    """Lay out eight people as fMRIPrep does, whose masks differ by a voxel."""
    import nibabel as nib

    root, rng = tmp_path / "my study", np.random.default_rng(0)
    affine, shape = np.diag([20.0, 20.0, 20.0, 1.0]), (6, 7, 6)
    rows = []
    for k in range(8):
        label = f"{k + 1:02d}"
        place = root / f"sub-{label}" / "func"
        place.mkdir(parents=True)
        space = place / f"sub-{label}_task-rest_space-MNI152NLin2009cAsym"
        image = nib.Nifti1Image(rng.standard_normal((*shape, 70)).astype(np.float32), affine)
        image.header.set_zooms((20, 20, 20, 2.0))
        nib.save(image, f"{space}_desc-preproc_bold.nii.gz")
        inside = np.zeros(shape, dtype=np.uint8)
        inside[1:5, 1:6, 1:5] = 1
        inside[1, 1, min(k, 3) + 1] = 0
        nib.save(nib.Nifti1Image(inside, affine), f"{space}_desc-brain_mask.nii.gz")
        names = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z", "csf", "white_matter"]
        confounds = pd.DataFrame(rng.standard_normal((70, 8)) / 50, columns=names)
        confounds.to_csv(place / f"sub-{label}_task-rest_desc-confounds_timeseries.tsv", sep="\t",
                         index=False)  # fmt: skip
        rows.append({"participant_id": f"sub-{label}", "group": ("HC", "patient", "n/a")[k % 3],
                     "site": "here", "age": 20 + k, "sex": "F"})  # fmt: skip
    pd.DataFrame(rows).to_csv(root / "participants.tsv", sep="\t", index=False)
    return root


def test_derivatives_of_fmriprep_are_read_over_the_voxels_that_all_masks_share(
    own, command, tmp_path
):
    result = command(
        "run", "adhd", "own_study", "--out", tmp_path / "run", "--until", "prepare",
        "--set", f"data.path={own}", "--set", "data.options={controls: [HC], strategy: [motion]}",
        "--set", "scans.parcels=4", "--set", "scans.smoothing_fwhm=null", timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert "6 people of 1 sites, 3 case, 2 without diagnosis left out" in result.stdout
    store = tmp_path / "run" / "stores" / "people-1"
    info = json.loads((store / "store.json").read_text())
    assert info["subjects"] == ["01", "02", "04", "05", "07", "08"]
    assert info["n_voxels"] == 4 * 5 * 4 - 3  # the kept people's masks lack three voxels
    people = pd.read_parquet(store / "people.parquet")
    assert list(people["group"]) == [0, 1, 0, 1, 0, 1]
    assert people["mean_fd"].gt(0).all()
    with np.load(store / "courses.npz") as courses:
        assert courses["01"].shape == (70, 4)


@pytest.mark.realdata
@pytest.mark.slow
def test_adults_are_told_from_children_by_their_region_networks(realdata, command, tmp_path):
    place = tmp_path / "data" / "dev-movie"
    place.mkdir(parents=True)
    for name in ("aal116_timeseries.npz", "basc064_timeseries.npz", "participants.csv"):
        shutil.copyfile(realdata / "dev_movie_fmri" / name, place / name)
    result = command(
        "run", "adhd", "dev_movie", "--out", tmp_path / "run", "--set", "maps.thetas=[0.3]",
        "--set", "maps.densities=[]", "--set", "models=[3-cycles, correlation, all control]",
        "--set", "search.n_components=[15]", "--set", "data.people_per_store=80", timeout=900,
        NEURODECODE_DATA=str(tmp_path / "data"), NEURODECODE_OFFLINE="1",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads((tmp_path / "run" / "report.json").read_text())
    rows = pd.DataFrame(content["metrics"]).query("metric == 'balanced_accuracy'")
    values = rows[rows["site"].isna()].set_index("model")
    assert (values["n"] == 155).all()
    assert values["ci_low"]["3-cycles"] > 0.6
    assert values["ci_low"]["correlation"] > 0.8
