"""The speech pipeline from the command line to the report, on its smallest experiment."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock

import neurodecode
from neurodecode.decoders.commands import Input, predict_file
from neurodecode.decoders.recordings import open_recording

REPOSITORY = Path(__file__).parents[2]
ONE = (
    "--set", "decoders=[contrastive]",
    "--set", "curve.numbers=[]",
    "--set", "adaptation.minutes=[]",
)  # fmt: skip
"""One decoder only."""


@pytest.fixture(scope="session")
def heard(tmp_path_factory, worker_id, command):
    """Return the folder of a finished ``speech smoke`` run; do not change it."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    folder = base / "speech-smoke"
    with FileLock(base / "speech-smoke.lock"):
        if not (folder / "done").exists():
            result = command("run", "speech", "smoke", "--out", folder, timeout=900)
            assert result.returncode == 0, result.stdout + result.stderr
            (folder / "done").write_text(result.stdout)
    return folder


@pytest.fixture(scope="session")
def content(heard):
    """Return what ``report.json`` holds."""
    return json.loads((heard / "report.json").read_text())


def test_the_run_ends_with_its_report(heard):
    assert (heard / "done").read_text().rstrip().endswith("report.html")
    assert (heard / "report.html").stat().st_size > 10_000


def test_every_score_has_a_chance_level(content):
    rows = pd.DataFrame(content["metrics"])
    assert rows[["value", "chance"]].notna().all().all()
    top = rows[rows["metric"] == "top-10 accuracy"]
    assert top["chance"].unique() == pytest.approx([10 / content["n_candidates"]])
    assert {"group", "subject"} == set(rows["level"])


def test_no_test_sentence_is_in_training(content):
    rows = content["audit"]
    assert {row["unit"] for row in rows} == {"sentence text"}
    assert all(row["overlap"] == 0 and row["n_test"] > 0 for row in rows)


def test_every_claim_has_its_row(content):
    keys = [claim["key"] for claim in content["claims"]]
    assert keys == ["S1", "S2", "S3", "S4", "S4b", "S5", "S6", "S7", "S8", "S8b", "S9"]
    verdicts = {claim["key"]: claim["verdict"] for claim in content["claims"]}
    assert all(verdicts[key] != "not tested" for key in ("S1", "S3", "S4", "S4b", "S5", "S6", "S7"))
    assert {claim["evidence"] for claim in content["claims"]} == {"simulated"}


def test_the_best_possible_score_and_the_shuffled_control_are_shown(heard, content):
    rows = pd.DataFrame(content["metrics"])
    segment = rows[~rows["metric"].str.startswith("word ")]
    assert segment["ceiling"].between(0, 1).all()
    assert "contrastive, targets shuffled" in set(rows["model"])
    page = (heard / "report.html").read_text()
    assert "best possible" in page
    assert "on targets in random order" in page


def test_curve_adaptation_and_sensors_are_on_the_page(heard):
    page = (heard / "report.html").read_text()
    for title in ("Training participants", "A new participant", "Sensors", "Story", "Decoders"):
        assert title in page


def test_scores_are_those_of_the_saved_predictions(heard, content):
    name = "ridge-mel.seed-2036"
    found = pd.read_parquet(heard / "evaluate" / name / "predictions.parquet")
    rows = pd.DataFrame(content["metrics"])
    mine = rows.query("model == 'ridge, Mel' and level == 'subject' and metric == 'top-1 accuracy'")
    expected = (found["rank"] == 1).groupby(found["participant"]).mean()
    assert mine.set_index("subject")["value"].to_dict() == pytest.approx(expected.to_dict())


@pytest.mark.parametrize("name", ["contrastive-deep-mel.seed-2036", "ridge-mel.seed-2036"])
def test_a_decoder_that_left_the_run_ranks_its_recordings_as_the_run_did(heard, tmp_path, name):
    folder = heard / "model" / name / "decoder"
    decoder = neurodecode.load_decoder(folder)
    own = pd.read_parquet(heard / "evaluate" / name / "predictions.parquet")
    for subject in decoder.participants:
        mine = own[own["participant"] == subject]
        (path,) = (heard / "raw").rglob(f"sub-{subject}*_eeg.vhdr")
        found = decoder.predict(
            open_recording(path), mine["anchor"].tolist(), participant=subject,
            true=mine["segment"].tolist(), top=len(decoder.segments.segments),
        )  # fmt: skip
        shown = found[found["candidate"] == found["true"]]
        assert shown["rank"].tolist() == mine["rank"].tolist()
        assert shown["probability"].astype("float32").tolist() == mine["probability"].tolist()
    predict_file(Input(folder, subject), path, tmp_path / "p.parquet")  # words are its trials
    known = pd.read_parquet(tmp_path / "p.parquet").query("rank == 1 and true_rank > 0")
    ranks = known.set_index(known["onset"].round(3))["true_rank"]
    assert ranks.loc[mine["anchor"].round(3)].tolist() == mine["rank"].tolist()


def test_a_second_run_computes_nothing(heard, command, tmp_path):
    copy = Path(shutil.copytree(heard, tmp_path / "run"))
    result = command("run", "speech", "smoke", "--out", copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "everything is up to date" in result.stdout


@pytest.mark.parametrize(
    ("setting", "rules"),
    [
        ("evaluation.batch_size=7", {"evaluate", "report"}),
        ("references={somebody: 0.5}", {"report"}),
        ("training.learning_rate=0.1", {"train", "evaluate", "report"}),
    ],
)
def test_a_changed_setting_reruns_what_reads_it_and_no_more(
    heard, command, tmp_path, setting, rules
):
    copy = Path(shutil.copytree(heard, tmp_path / "run"))
    result = command("run", "speech", "smoke", "--out", copy, "-n", "--set", setting)
    found = {line.split()[2] for line in result.stdout.splitlines() if "would run" in line}
    assert found == rules


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
    arguments = ["run", "speech", "smoke", *ONE, "--set", "trainer.max_epochs=20",
                 "--set", "trainer.patience=20"]  # fmt: skip
    run = subprocess.Popen(
        [sys.executable, "-m", "neurodecode", *arguments, "--out", str(folders["killed"])],
        cwd=REPOSITORY, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    checkpoints = folders["killed"] / "model" / "contrastive.seed-2036" / "checkpoints"
    try:
        assert wait_for((checkpoints / "last.ckpt.sha256").exists, 300)
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    assert wait_for(lambda: not at_work_in(folders["killed"]), 20), "a job outlived its run"
    assert not (folders["killed"] / "report.html").exists()
    for folder in folders.values():
        result = command(*arguments, "--out", folder, timeout=600)
        assert result.returncode == 0, result.stdout + result.stderr
    infos = [json.loads((f / "model" / "contrastive.seed-2036" / "model.json").read_text())
             for f in folders.values()]  # fmt: skip
    assert infos[0]["fit"]["resumed_from"] == "last.ckpt"
    assert infos[1]["fit"]["resumed_from"] == ""
    assert infos[0]["sha256"] == infos[1]["sha256"]
    first, second = (
        json.loads((f / "report.json").read_text())["metrics"] for f in folders.values()
    )
    assert first == second


def test_a_folder_of_ones_own_in_bids_runs_to_the_report(command, tmp_path):
    from neurodecode.datasets.simulate.listening import simulate_listening

    study, run = tmp_path / "my study", tmp_path / "run"
    simulate_listening(study, n_participants=2, n_sentences=30, n_channels=8)
    result = command(
        "run", "speech", "smoke", "--out", run, *ONE, "--set", "data.dataset=local",
        "--set", f"data.path={study}",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads((run / "report.json").read_text())
    assert {claim["evidence"] for claim in content["claims"]} == {"real"}
    assert all(row["overlap"] == 0 for row in content["audit"])
    assert pd.DataFrame(content["metrics"])["ceiling"].isna().all()
