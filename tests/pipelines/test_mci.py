"""The mci pipeline from the command line to the report, on its smallest experiment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

METRICS = ["accuracy", "roc_auc", "f1", "mcc_prime", "balanced_accuracy", "brier"]


@pytest.fixture(scope="session")
def measured(tmp_path_factory, worker_id, command):
    """Return the folder of a finished ``mci smoke`` run; do not change it."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    folder = base / "mci-smoke"
    with FileLock(base / "mci-smoke.lock"):
        if not (folder / "done").exists():
            result = command("run", "mci", "smoke", "--out", folder, timeout=1800)
            assert result.returncode == 0, result.stdout + result.stderr
            (folder / "done").write_text(result.stdout)
    return folder


@pytest.fixture(scope="session")
def content(measured):
    """Return what ``report.json`` holds."""
    return json.loads((measured / "report.json").read_text())


@pytest.fixture(scope="session")
def rows(content):
    """Return all scores of models."""
    table = pd.DataFrame(content["metrics"])
    return table[table["split"] != "null"]


def test_the_run_ends_with_its_report(measured):
    assert (measured / "done").read_text().rstrip().endswith("report.html")
    assert (measured / "report.html").stat().st_size > 10_000


def test_everybody_is_in_one_store_and_the_excluded_people_are_counted(measured, content):
    plan = json.loads((measured / "plan.json").read_text())
    assert list(plan["stores"]) == ["cohort"]
    assert all(stores == ["cohort"] for stores in plan["units"].values())
    flow = pd.DataFrame(content["flow"])
    assert flow["left"].iloc[0] == 100
    assert flow["left"].iloc[-1] == 90
    assert (flow["left"].shift() - flow["left"]).iloc[1:].tolist() == flow["dropped"][1:].tolist()
    assert (flow["dropped"] == 2).sum() == 5


def test_every_model_has_every_score_with_chance_and_three_intervals(rows):
    for _, part in rows.groupby(["model", "split"]):
        assert list(part["metric"]) == METRICS
    assert set(rows["split"]) == {"balanced", "imbalanced"}
    assert rows["model"].nunique() == 3 * 2 + 4
    bounds = ["chance", "ci_low", "ci_high", "replicate_low", "replicate_high"]
    assert rows[bounds].notna().all().all()
    assert (rows["ci_low"] <= rows["ci_high"]).all()
    tested = rows["metric"].isin(["roc_auc", "mcc_prime", "balanced_accuracy"])
    assert rows.loc[tested, "p_value"].notna().all()
    assert rows.loc[~tested, "p_value"].isna().all()


def test_balanced_groups_are_of_equal_size_in_every_replicate(measured):
    found = pd.read_parquet(measured / "evaluate" / "balanced" / "predictions.parquet")
    mine = found[(found["classifier"] == "gaussian nb") & (found["harmonisation"] == "z-score")]
    counts = mine.groupby(["replicate", "y_true"]).size()
    assert (counts == 27).all()
    assert not mine.duplicated(["replicate", "subject"]).any()


def test_scores_are_those_of_the_saved_predictions(measured, rows):
    found = pd.read_parquet(measured / "evaluate" / "imbalanced" / "predictions.parquet")
    mine = found[(found["classifier"] == "rusboost") & (found["harmonisation"] == "raw")]
    right = (mine["y_true"] == mine["y_pred"]).groupby(mine["replicate"]).mean().mean()
    chosen = rows.query("model == 'rusboost, raw' and split == 'imbalanced'").set_index("metric")
    assert chosen["value"]["accuracy"] == pytest.approx(right)
    assert chosen["chance"]["accuracy"] == pytest.approx(0.7)


def test_the_best_possible_score_is_that_of_what_a_model_can_see(rows):
    best = rows.query("metric == 'roc_auc' and split == 'imbalanced'").set_index("model")["ceiling"]
    assert best["age-sex-eTIV"] < best["gaussian nb, z-score"] < best["gaussian nb, raw"]
    assert np.isnan(float(best["all control"]))


def test_planted_regions_are_recovered_without_false_findings(content):
    recovered = content["recovered"]
    assert recovered["n_planted"] == 12
    assert recovered["n_found"] >= 2
    assert recovered["n_false"] <= 1
    regions = pd.DataFrame(content["regions"])
    assert len(regions) == 165
    assert "entorhinal" in regions["measure"][0] or "hippocampus" in regions["measure"][0]


def test_the_leaky_order_is_marked_and_lifts_noise(content):
    table = pd.DataFrame(content["metrics"])
    null = table[table["split"] == "null"]
    assert null.loc[null["leaks"] == True, "model"].str.contains("leaks").all()  # noqa: E712
    values = null.set_index("model")["value"]
    for data in ("noise", "groups shuffled"):
        leaky = values[f"{data}, selection before folds (leaks)"]
        assert leaky > values[f"{data}, selection in folds"] + 0.05


def test_nobody_is_on_both_sides_of_a_fold(content):
    audit = pd.DataFrame(content["audit"])
    assert (audit["overlap"] == 0).all()
    assert audit["leaks"].isna().all()
    assert set(audit["unit"]) == {"subject", "signal content"}
    assert len(audit[audit["unit"] == "subject"]) == 2 * 2 * 3


def test_every_claim_has_its_row_and_what_is_not_in_the_run_is_not_judged(content):
    verdicts = {claim["key"]: claim["verdict"] for claim in content["claims"]}
    assert list(verdicts) == [f"C{k}" for k in range(1, 8)]
    assert [key for key, verdict in verdicts.items() if verdict == "not tested"] == ["C6"]
    assert {claim["evidence"] for claim in content["claims"]} == {"simulated"}


def test_every_part_of_the_report_is_on_the_page(measured):
    page = (measured / "report.html").read_text()
    titles = ("Scores: balanced", "Scores: imbalanced", "Comparisons: balanced", "Baselines",
              "Regions", "Selection", "What harmonisation removes", "Inner and outer scores",
              "Calibration", "Null test", "Claims", "Leak audit", "Models", "Cohort",
              "Provenance")  # fmt: skip
    assert [title for title in titles if f"{title}</h2>" not in page] == []
    assert "posterior above 1/2" in page


@pytest.mark.parametrize(
    ("setting", "rules"),
    [
        ("description=another", {"report"}),
        ("evaluation.n_resamples=150", {"evaluate", "report"}),
        ("search.degree=1", {"train", "report"}),
        ("cohort.years=3", {"prepare", "train", "evaluate", "report"}),
    ],
)
def test_a_changed_setting_reruns_what_reads_it(measured, command, tmp_path, setting, rules):
    copy = Path(shutil.copytree(measured, tmp_path / "run"))
    result = command("run", "mci", "smoke", "--out", copy, "-n", "--set", setting)
    found = {line.split()[2] for line in result.stdout.splitlines() if "would run" in line}
    assert found == rules | ({"evaluate"} if "train" in rules else set())


@pytest.mark.realdata
def test_impairment_is_told_from_brain_volume_beside_head_size_in_oasis(
    realdata, command, tmp_path
):
    place = tmp_path / "data" / "OASIS-1"
    place.mkdir(parents=True)
    for path in (realdata / "oasis1_oasis2_tables").rglob("oasis_cross-sectional.csv"):
        shutil.copyfile(path, place / path.name)
    result = command(
        "run", "mci", "oasis1", "--out", tmp_path / "run", "--set", "search.replicates=2",
        "--set", "classifiers=[logistic]", "--set", "forms=[imbalanced]", "--set", "jobs=form",
        "--set", "harmonisations=[residual, raw]", "--set", "search.candidates=1", timeout=900,
        NEURODECODE_DATA=str(tmp_path / "data"), NEURODECODE_OFFLINE="1",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    rows = pd.DataFrame(json.loads((tmp_path / "run" / "report.json").read_text())["metrics"])
    scores = rows[rows["metric"] == "roc_auc"].set_index("model")
    residual, raw = scores.loc["logistic, residual"], scores.loc["logistic, raw"]
    assert residual["n"] == 198
    assert residual["ci_low"] > residual["chance"]
    assert residual["ci_low"] > raw["value"]  # a brain's volume says little without the head's
