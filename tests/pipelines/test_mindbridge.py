"""The mindbridge pipeline from the command line to the report, on its smallest experiment."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock


@pytest.fixture(scope="session")
def bridged(tmp_path_factory, worker_id, command):
    """Return the folder of a finished ``mindbridge smoke`` run; do not change it."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    folder = base / "mindbridge-smoke"
    with FileLock(base / "mindbridge-smoke.lock"):
        if not (folder / "done").exists():
            result = command("run", "mindbridge", "smoke", "--out", folder, timeout=900)
            assert result.returncode == 0, result.stdout + result.stderr
            (folder / "done").write_text(result.stdout)
    return folder


@pytest.fixture(scope="session")
def content(bridged):
    """Return what ``report.json`` holds."""
    return json.loads((bridged / "report.json").read_text())


def test_the_run_ends_with_its_report(bridged):
    assert (bridged / "done").read_text().rstrip().endswith("report.html")
    assert (bridged / "report.html").stat().st_size > 10_000


def test_every_score_has_a_chance_level_and_every_model_both_directions(content):
    rows = pd.DataFrame(content["metrics"])
    assert rows[["value", "chance"]].notna().all().all()
    assert rows["chance"].to_numpy() == pytest.approx(0.1)
    directions = rows.groupby("model")["metric"].nunique()
    assert len(directions) == 6
    assert (directions == 2).all()


def test_the_best_possible_score_is_that_of_the_same_sets_for_everybody(bridged, content):
    rows = pd.DataFrame(content["metrics"])
    forward = rows[rows["metric"] == "image retrieval, top-1"]
    assert forward["ceiling"].between(0.1, 1).all()
    spread = forward.groupby(["level", "subject"], dropna=False)["ceiling"].agg(np.ptp)
    assert spread.to_numpy() == pytest.approx(0)
    assert rows.loc[rows["metric"] == "brain retrieval, top-1", "ceiling"].isna().all()
    page = (bridged / "report.html").read_text()
    assert "of a possible" in page
    assert "best possible" in page


def test_no_test_stimulus_of_anybody_trains_anybody(bridged, content):
    trials = pd.read_parquet(bridged / "seen" / "trials.parquet")
    tested = set(trials.loc[trials["part"] == "test", "stimulus"])
    assert tested
    assert not tested & set(trials.loc[trials["part"].isin(["train", "valid"]), "stimulus"])
    assert sum(row["overlap"] for row in content["audit"]) == 0


def test_new_subjects_are_tuned_in_every_way_and_signals_synthesised_for_every_pair(content):
    tuning = pd.DataFrame(content["tuning"])
    assert set(tuning["model"]) == {"reset", "full", "scratch", "reset, no cycle"}
    assert set(tuning["length"]) == {10, 20}
    pairs = {(row["source"], row["subject"]) for row in content["synthesis"]}
    assert len(pairs) == 6
    assert all(source != subject for source, subject in pairs)


def test_each_claim_is_answered_once(content):
    keys = [claim["key"] for claim in content["claims"]]
    assert len(keys) == len(set(keys))
    assert {key[:2] for key in keys} == {f"M{i}" for i in range(1, 8)}


def test_the_same_command_does_nothing_the_second_time(bridged, command):
    result = command("run", "mindbridge", "smoke", "--out", bridged)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "everything is up to date" in result.stdout
