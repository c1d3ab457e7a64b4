"""The image pipeline from the command line to the report, on its smallest experiment."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

REPOSITORY = Path(__file__).parents[2]
KEYS = ["I1", "I1b", "I2", "I2b", "I3", "I4", "I4b", "I5", "I5b", "I6", "I7"]
ONE = (
    "--set", "decoders=[contrastive]",
    "--set", "time.sliding=null",
    "--set", "generation.generator=null",
    "--set", "evaluation.stream_trials=0",
)  # fmt: skip
"""One decoder only."""
WINDOWS = ["sliding.-400_0", "sliding.0_400", "sliding.400_800"]


@pytest.fixture(scope="session")
def viewed(tmp_path_factory, worker_id, command):
    """Return the folder of a finished ``image smoke`` run; do not change it."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    folder = base / "image-smoke"
    with FileLock(base / "image-smoke.lock"):
        if not (folder / "done").exists():
            result = command("run", "image", "smoke", "--out", folder, timeout=900)
            assert result.returncode == 0, result.stdout + result.stderr
            (folder / "done").write_text(result.stdout)
    return folder


@pytest.fixture(scope="session")
def content(viewed):
    """Return what ``report.json`` holds."""
    return json.loads((viewed / "report.json").read_text())


def test_the_run_ends_with_its_report(viewed):
    assert (viewed / "done").read_text().rstrip().endswith("report.html")
    assert (viewed / "report.html").stat().st_size > 10_000


def test_every_score_has_a_chance_level_and_the_number_of_candidates(content):
    rows = pd.DataFrame(content["metrics"])
    assert rows[["value", "chance"]].notna().all().all()
    top = rows[(rows["metric"] == "top-5 accuracy") & rows["split"].str.startswith("small")]
    assert content["n_candidates"] == 8
    assert top["chance"].unique() == pytest.approx([5 / 8])
    redrawn = pd.DataFrame(content["redrawn"])
    assert redrawn["value"].notna().all()
    identified = redrawn[redrawn["metric"].str.endswith("two-way")]
    assert (identified["chance"] == 0.5).all()


def test_single_trials_repetitions_and_participants_are_scored_apart(content):
    rows = pd.DataFrame(content["metrics"])
    assert {"small set, single trials", "small set, averaged over repetitions",
            "small set, averaged over repetitions and participants",
            "large set, single trials"} <= set(rows["split"])  # fmt: skip
    together = rows[rows["split"] == "small set, averaged over repetitions and participants"]
    assert set(together["level"]) == {"group"}
    assert set(together["unit"]) == {"picture"}


def test_nothing_that_is_tested_is_trained_on(content):
    rows = content["audit"]
    assert {row["unit"] for row in rows} == {"image", "category", "picture content"}
    assert all(row["overlap"] == 0 and row["n_test"] > 0 for row in rows)


def test_every_claim_has_its_row(content):
    assert [claim["key"] for claim in content["claims"]] == KEYS
    verdicts = {claim["key"]: claim["verdict"] for claim in content["claims"]}
    assert all(verdicts[key] != "not tested" for key in ("I1", "I5", "I7"))
    assert {claim["evidence"] for claim in content["claims"]} == {"simulated"}


def test_the_best_possible_score_and_the_shuffled_control_are_shown(viewed, content):
    rows = pd.DataFrame(content["metrics"])
    assert rows["ceiling"].between(0, 1).all()
    assert "contrastive, pictures shuffled" in set(rows["model"])
    page = (viewed / "report.html").read_text()
    assert "best possible" in page
    assert "on pictures in random order" in page


def test_every_part_of_the_report_is_on_the_page(viewed):
    page = (viewed / "report.html").read_text()
    titles = ("Retrieval", "Number of candidates", "Time course", "Redrawn pictures", "Decoders",
              "Aggregation over time", "Sensors", "Real time", "Pictures")  # fmt: skip
    assert [title for title in titles if title not in page] == []
    assert "transductive, as published" in page
    assert "among 8 candidate pictures" in page


def test_scores_are_those_of_the_saved_predictions(viewed, content):
    found = pd.read_parquet(viewed / "evaluate" / "ridge.seed-1" / "predictions.parquet")
    rows = pd.DataFrame(content["metrics"])
    mine = rows.query("model == 'ridge' and level == 'subject' and metric == 'top-1 accuracy'")
    mine = mine[mine["split"] == "small set, single trials"]
    single = found.query("average == 'single' and set == 'small'")
    expected = (single["rank"] == 1).groupby(single["participant"]).mean()
    assert mine.set_index("subject")["value"].to_dict() == pytest.approx(expected.to_dict())


def test_a_picture_is_redrawn_for_each_of_the_small_set(viewed):
    folder = viewed / "evaluate" / "generation.full"
    pictures = np.load(folder / "pictures.npy", allow_pickle=False)
    assert pictures.shape == (8, 64, 64, 3)
    assert len(pd.read_parquet(folder / "predictions.parquet")) == 8


def test_every_window_is_a_job_of_its_own_with_its_point_on_the_curve(viewed, content):
    assert sorted(p.name for p in (viewed / "model").glob("sliding.*")) == sorted(WINDOWS)
    course = pd.DataFrame(content["time_course"])
    points = course.groupby("model")[["start", "stop"]].apply(lambda t: t.to_numpy().tolist())
    assert points.to_dict() == {
        name: [[-0.4, 0.0], [0.0, 0.4], [0.4, 0.8]]
        for name in ("ridge, hog", "ridge, colour_histogram")
    }


def jobs_of(result):
    """Return rule and unit of the jobs that a dry run names."""
    assert result.returncode == 0, result.stdout + result.stderr
    return {tuple(line.split()[2:4]) for line in result.stdout.splitlines() if "would run" in line}


def test_a_second_run_computes_nothing_and_a_lost_window_is_computed_alone(
    viewed, command, tmp_path
):
    copy = Path(shutil.copytree(viewed, tmp_path / "run"))
    result = command("run", "image", "smoke", "--out", copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "everything is up to date" in result.stdout
    for folder in ("model", "evaluate"):
        shutil.rmtree(copy / folder / WINDOWS[1])
    (copy / "report.html").unlink()
    jobs = jobs_of(command("run", "image", "smoke", "--out", copy, "-n"))
    expected = {("train", WINDOWS[1]), ("evaluate", WINDOWS[1])}
    assert {job for job in jobs if job[0] != "report"} == expected


@pytest.mark.parametrize(
    ("setting", "rules"),
    [
        ("evaluation.n_bootstrap=300", {"evaluate", "report"}),
        ("generation.averages=[repetitions]", {"evaluate", "report"}),
        ("references={somebody: 0.5}", {"report"}),
        ("training.learning_rate=0.1", {"train", "evaluate", "report"}),
    ],
)
def test_a_changed_setting_reruns_what_reads_it_and_no_more(
    viewed, command, tmp_path, setting, rules
):
    copy = Path(shutil.copytree(viewed, tmp_path / "run"))
    jobs = jobs_of(command("run", "image", "smoke", "--out", copy, "-n", "--set", setting))
    assert {job[0] for job in jobs} == rules


def test_a_further_window_trains_that_window_only(viewed, command, tmp_path):
    copy = Path(shutil.copytree(viewed, tmp_path / "run"))
    windows = "{length: 0.4, start: -0.5, stop: 0.0, step: 0.1}"
    setting = f"time.sliding={windows}"
    jobs = jobs_of(command("run", "image", "smoke", "--out", copy, "-n", "--set", setting))
    assert {job for job in jobs if job[0] == "train"} == {("train", "sliding.-500_-100")}


def test_a_wrong_name_is_answered_with_the_nearest_before_anything_runs(command, tmp_path):
    for setting, words in (
        ("embedding.target=hogg", "did you mean 'hog'"),
        ("generation.generator=face", "did you mean 'faces'"),
        ("decoders=[contrastive, rigde]", "did you mean 'ridge'"),
    ):
        result = command("run", "image", "smoke", "--out", tmp_path / "run", "--set", setting)
        assert result.returncode != 0
        assert words in result.stdout + result.stderr
        assert "Traceback" not in result.stdout + result.stderr
    assert not (tmp_path / "run" / "stores").exists()


def wait_for(condition, seconds):
    """Return whether a condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def at_work_in(folder):
    """Return whether a process has its place in a folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder:
                return True
        except OSError:
            continue
    return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")
def test_a_run_killed_in_training_goes_on_and_ends_with_the_same_numbers(command, tmp_path):
    folders = {name: (tmp_path / name).resolve() for name in ("killed", "whole")}
    # Enough epochs that the kill falls into the training.
    arguments = ["run", "image", "smoke", *ONE, "--set", "trainer.max_epochs=20",
                 "--set", "trainer.patience=20"]  # fmt: skip
    run = subprocess.Popen(
        [sys.executable, "-m", "neurodecode", *arguments, "--out", str(folders["killed"])],
        cwd=REPOSITORY, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    model = folders["killed"] / "model" / "contrastive.seed-1" / "contrastive"
    try:
        assert wait_for((model / "checkpoints" / "last.ckpt.sha256").exists, 300)
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    assert wait_for(lambda: not at_work_in(folders["killed"]), 20), "a job outlived its run"
    assert not (folders["killed"] / "report.html").exists()
    for folder in folders.values():
        result = command(*arguments, "--out", folder, timeout=600)
        assert result.returncode == 0, result.stdout + result.stderr
    infos = [json.loads((f / "model" / "contrastive.seed-1" / "contrastive" / "model.json")
                        .read_text()) for f in folders.values()]  # fmt: skip
    assert infos[0]["fit"]["resumed_from"] == "last.ckpt"
    assert infos[1]["fit"]["resumed_from"] == ""
    assert infos[0]["sha256"] == infos[1]["sha256"]
    first, second = (
        json.loads((f / "report.json").read_text())["metrics"] for f in folders.values()
    )
    assert first == second


@pytest.mark.slow
def test_a_folder_of_ones_own_in_bids_runs_to_the_report(command, tmp_path):
    from neurodecode.datasets.simulate.viewing import simulate_viewing

    study, run = tmp_path / "my study", tmp_path / "run"
    simulate_viewing(
        study, n_participants=1, n_categories=12, images_per_category=3, n_test_categories=4,
        test_repetitions=2, n_channels=8, pictures="drawn", early=("colour_histogram",),
        late="hog",
    )  # fmt: skip
    result = command(
        "run", "image", "smoke", "--out", run, "--set", "decoders=[ridge]",
        "--set", "time.sliding=null", "--set", "evaluation.headline_average=participants",
        "--set", "data.dataset=local", "--set", f"data.path={study}",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads((run / "report.json").read_text())
    assert {claim["evidence"] for claim in content["claims"]} == {"real"}
    assert all(row["overlap"] == 0 for row in content["audit"])
    rows = pd.DataFrame(content["metrics"])
    assert rows["ceiling"].isna().all()
    assert not rows["split"].str.contains("participants").any()  # there is one
    group = rows.query("level == 'group' and metric == 'top-1 accuracy'")
    assert group["ci_low"].notna().all()
    assert (group["unit"] == "picture").all()


@pytest.mark.realdata
@pytest.mark.slow
def test_real_faces_and_houses_end_with_a_report(realdata, command, tmp_path):
    root = tmp_path / "root"
    (root / "muse-n170").mkdir(parents=True)
    for subject in ("subject1", "subject2", "subject3", "subject11"):
        (root / "muse-n170" / subject).symlink_to(realdata / "muse_erp" / "visual_N170" / subject)
    result = command(
        "run", "image", "real_n170", "--out", tmp_path / "run", "--set", "data.subjects=['1']",
        "--set", "trainer.max_epochs=2", "--set", "time.sliding.step=0.4",
        NEURODECODE_DATA=str(root), NEURODECODE_OFFLINE="1",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads((tmp_path / "run" / "report.json").read_text())
    rows = pd.DataFrame(content["metrics"])
    assert (rows.query("metric == 'top-1 accuracy'")["chance"] == 0.5).all()
    assert {claim["evidence"] for claim in content["claims"]} == {"real"}
    assert all(row["overlap"] == 0 for row in content["audit"])
    verdicts = {claim["key"]: claim["verdict"] for claim in content["claims"]}
    assert verdicts["I5b"] == "not tested"  # when the pictures vanished is unknown
