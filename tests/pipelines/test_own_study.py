"""A BIDS tree that mne-bids wrote of real recordings, decoded with one command."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

pytestmark = pytest.mark.realdata
SMALL = ("decoders=[TS+SVM]", "signals.channels=[C3, Cz, C4]", "evaluation.protocols=[cross_run]",
         "evaluation.n_bootstrap=100", "evaluation.n_permutations=100")  # fmt: skip


@pytest.fixture(scope="module")
def tree(realdata, tmp_path_factory):
    """Return EEGMMIDB's runs of imagined fists as mne-bids' example writes them, untouched."""
    import mne
    import mne_bids

    root = tmp_path_factory.mktemp("own") / "eegmmidb"
    for run, number in enumerate((4, 8, 12), start=1):
        file = next((realdata / "eegmmidb_S001").rglob(f"S001R{number:02d}.edf"))
        raw = mne.io.read_raw_edf(file, verbose="error")
        raw.info["line_freq"] = 50
        path = mne_bids.BIDSPath(subject="001", session="01", task="MotorImagery",
                                 run=f"{run:02d}", root=root)  # fmt: skip
        mne_bids.write_raw_bids(raw, path, overwrite=True, verbose="error")
    return root


@pytest.fixture(scope="module")
def run(tree, command, tmp_path_factory):
    """Return the folder of a run that one command made of the tree."""
    folder = tmp_path_factory.mktemp("run") / "run"
    settings = [word for setting in SMALL for word in ("--set", setting)]
    result = command("run", "acm", "--bids", tree, "--out", folder, "--until", "evaluate",
                     *settings)  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert "the two events that fit, T1 and T2, left out: T0 (45)" in result.stdout
    return folder


def test_a_held_back_run_is_predicted_with_the_score_of_the_evaluation(
    tree, run, command, tmp_path
):
    decoder = run / "model/001/decoders/cross_run.subject-001-session-01-run-03"
    recording = next(tree.rglob("*_run-03_eeg.edf"))
    out = tmp_path / "predictions.parquet"
    result = command("predict", decoder, recording, "--drop-extra", "--out", out)
    assert result.returncode == 0, result.stdout + result.stderr
    said = pd.read_parquet(out).query("candidate == 'T2'")
    kept = pd.read_parquet(run / "evaluate/001/predictions.parquet")
    kept = kept[kept["fold"] == "subject 001, session 01, run 03"]
    assert said["score"].tolist() == kept["score_T2"].tolist()
    score = roc_auc_score(said["true"] == "T2", said["score"])
    card = json.loads((decoder / "model.json").read_text())["held_out"]
    assert score == pytest.approx(card["value"], rel=1e-12)  # the last bit is that of the sum
    assert (card["metric"], card["n"]) == ("roc_auc", 15)


def test_every_run_was_held_back_and_none_leaked(run):
    found = json.loads((run / "evaluate/001/metrics.json").read_text())
    (row,) = (row for row in found["rows"] if row["level"] == "subject")
    assert (row["split"], row["n"]) == ("cross_run", 45)
    audit = [row for row in found["audit"] if row["unit"] == "run"]
    assert len(audit) == 3
    assert all(row["overlap"] == 0 for row in audit)
