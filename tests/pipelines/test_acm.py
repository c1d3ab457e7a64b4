"""The acm pipeline from the command line to the report, on its smallest experiment."""

from __future__ import annotations

import json

import pandas as pd
import pytest


def test_the_run_ends_with_the_path_of_its_report(finished):
    said = (finished / "done").read_text()
    assert said.rstrip().splitlines()[-1].startswith("report: ")
    assert said.rstrip().endswith("report.html")


def test_progress_has_one_line_per_job_with_what_and_how_long(finished):
    lines = [x for x in (finished / "done").read_text().splitlines() if x.startswith("  done")]
    rules = [line.split()[2] for line in lines]
    assert (rules[0], rules[-1]) == ("fetch", "report")
    assert sorted(rules[1:-1]) == ["evaluate"] * 2 + ["prepare"] * 2 + ["train"] * 2
    assert all(line.endswith(" s") for line in lines)
    assert "40 trials x 13 channels x 385 samples" in "".join(lines)


def test_every_metric_has_a_chance_level_and_an_interval(finished):
    rows = pd.DataFrame(json.loads((finished / "report.json").read_text())["metrics"])
    assert set(rows["split"]) == {"within_session", "cross_session"}
    assert rows[["value", "chance", "ci_low", "ci_high", "p_value", "n"]].notna().all().all()
    assert (rows["ci_low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["ci_high"]).all()


def test_the_group_is_the_mean_of_its_subjects(finished):
    rows = pd.DataFrame(json.loads((finished / "report.json").read_text())["metrics"])
    keys = ["model", "split"]
    subjects = rows[rows["level"] == "subject"].groupby(keys)["value"].mean()
    group = rows[rows["level"] == "group"].set_index(keys)["value"]
    pd.testing.assert_series_equal(subjects.sort_index(), group.sort_index())


def test_scores_are_those_of_the_saved_predictions(finished):
    from sklearn.metrics import roc_auc_score

    rows = pd.DataFrame(json.loads((finished / "report.json").read_text())["metrics"])
    found = pd.read_parquet(finished / "evaluate" / "01" / "predictions.parquet")
    mine = found[(found["model"] == "TS+SVM") & (found["split"] == "within_session")]
    folds = mine.groupby(["session", "fold"])
    by_fold = folds.apply(
        lambda part: roc_auc_score(part["y_true"] == "right_hand", part["score_right_hand"])
    )
    row = rows.query("model == 'TS+SVM' and split == 'within_session' and subject == '01'")
    value = row.loc[row["level"] == "subject", "value"].item()
    assert by_fold.groupby("session").mean().mean() == pytest.approx(value)


def test_no_trial_is_in_training_and_test(finished):
    overlaps = json.loads((finished / "report.json").read_text())["audit"]
    units = {(row["split"], row["unit"]) for row in overlaps}
    assert ("within_session", "trial") in units
    assert ("cross_session", "session") in units
    assert ("within_session", "signal content") in units
    assert all(row["overlap"] == 0 for row in overlaps)


def test_the_record_says_what_the_run_was_made_with(finished):
    record = json.loads((finished / "run.json").read_text())
    assert record["status"] == "complete"
    assert record["seed"] == 42
    assert {"numpy", "mne", "moabb", "pyriemann", "snakemake"} <= set(record["versions"])
    assert record["headline"]["chance"] == 0.5
    assert record["peak_memory_mb"] > 50
    assert record["jobs"] == 8
    assert all(len(digest) == 64 for digest in record["input_sha256"].values())


def test_a_finished_run_has_nothing_left_to_do(run_copy, command):
    result = command("run", "acm", "smoke", "--out", run_copy)
    assert result.returncode == 0
    assert "everything is up to date" in result.stdout


def test_the_record_of_a_run_stays_when_nothing_was_computed(run_copy, command):
    before = (run_copy / "run.json").read_text()
    command("run", "acm", "smoke", "--out", run_copy)
    assert (run_copy / "run.json").read_text() == before


def test_a_changed_setting_reruns_what_reads_it_and_no_more(run_copy, command):
    result = command("run", "acm", "smoke", "--out", run_copy, "-n", "--set", "model.order=3")
    rules = {line.split()[2] for line in result.stdout.splitlines() if "would run" in line}
    assert rules == {"train", "evaluate", "report"}


@pytest.mark.parametrize(
    ("module", "rules"),
    [
        ("riemann/claims.py", {"report"}),
        ("riemann/decoders.py", {"train", "evaluate", "report"}),
        ("signals/checks.py", {"prepare", "train", "evaluate", "report"}),
        ("datasets/simulate/gaussian.py", {"fetch", "prepare", "train", "evaluate", "report"}),
        ("workflow/progress.py", set()),
    ],
)
def test_an_edited_module_reruns_exactly_the_rules_that_use_it(
    run_copy, project_copy, command, module, rules
):
    path = project_copy / "neurodecode" / module
    path.write_text(path.read_text() + "\nEDITED = True\n")
    result = command(
        "run", "acm", "smoke", "--out", run_copy, "-n", cwd=project_copy,
        PYTHONPATH=str(project_copy),
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    found = {line.split()[2] for line in result.stdout.splitlines() if "would run" in line}
    assert found == rules


def test_a_dry_run_leaves_the_run_as_it_was(run_copy, command):
    before = {p: p.stat().st_mtime_ns for p in run_copy.glob("*.json")}
    command("run", "acm", "smoke", "--out", run_copy, "-n", "--set", "seed=7")
    assert {p: p.stat().st_mtime_ns for p in before if p.name == "run.json"} == {
        p: t for p, t in before.items() if p.name == "run.json"
    }
    assert '"seed": 42' in (run_copy / "run.json").read_text()
    assert "seed: 42" in (run_copy / "config.yaml").read_text()


def test_the_report_can_be_built_again_from_its_artefacts(run_copy, command):
    before = json.loads((run_copy / "report.json").read_text())
    (run_copy / "report.html").unlink()
    (run_copy / "report.json").unlink()
    result = command("report", run_copy)
    assert result.returncode == 0, result.stderr
    assert json.loads((run_copy / "report.json").read_text()) == before


def test_the_graph_is_drawn_without_graphviz(run_copy, command):
    result = command("run", "acm", "smoke", "--out", run_copy, "--dag", PATH="")
    assert result.returncode == 0, result.stdout + result.stderr
    drawing = (run_copy / "dag.svg").read_text()
    assert drawing.startswith("<svg")
    assert drawing.count("<rect") == 9  # eight jobs and the target
    assert "flowchart" in (run_copy / "dag.mmd").read_text()


def test_runs_lists_the_run_with_score_and_chance(finished, command):
    result = command("runs", finished)
    assert "complete" in result.stdout
    assert "0.50" in result.stdout


def test_comparing_a_run_with_itself_finds_no_difference(finished, command):
    result = command("compare", finished, finished)
    assert result.returncode == 0, result.stderr
    assert "difference +0.000" in result.stdout


def test_one_rule_can_be_forced_and_a_run_can_stop_early(run_copy, command):
    arguments = ("run", "acm", "smoke", "--out", run_copy, "-n")
    forced = command(*arguments, "--force", "evaluate").stdout
    assert "would run  evaluate" in forced
    assert "would run  train" not in forced
    stopped = command(*arguments, "--set", "seed=1", "--until", "prepare").stdout
    assert "would run  prepare" in stopped
    assert "would run  train" not in stopped


def test_a_page_combines_several_runs(finished, command, tmp_path):
    page = tmp_path / "meta.html"
    result = command("meta", finished, finished, "--out", page)
    assert result.returncode == 0, result.stderr
    text = page.read_text()
    assert "ACM+TS+SVM minus TS+SVM" in text
    assert "all data sets" in text


def test_the_search_and_the_takens_based_choice_run_to_the_report(command, tmp_path):
    folder = tmp_path / "run"
    result = command("run", "acm", "smoke_search", "--out", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    content = json.loads((folder / "report.json").read_text())
    verdicts = {claim["key"]: claim["verdict"] for claim in content["claims"]}
    assert verdicts["A4"] != "not tested"
    assert "Inner score, mean over outer folds" in (folder / "report.html").read_text()
    chosen = pd.read_parquet(folder / "model" / "01" / "selection.parquet").query("chosen")
    assert set(chosen.query("model == 'TS+SVM, grid'")["order"]) == {1}
    assert set(chosen.query("model == 'ACM+MDM, grid'")["order"]) <= {1, 2, 3}
    assert any((folder / "search" / "01").rglob("*.json"))


def test_a_decoder_that_left_the_run_gives_the_scores_of_the_run(finished, command, tmp_path):
    decoders = finished / "model" / "01" / "decoders"
    names = {path.name for path in decoders.iterdir()}
    assert len(names) == 6
    study = finished / "raw" / "simulated-motor-imagery"
    file = study / "sub-01" / "ses-1" / "eeg" / "sub-01_ses-1_task-imagery_eeg.vhdr"
    out = tmp_path / "predictions.parquet"
    folder = decoders / "cross_session.subject-01-session-1"
    result = command("predict", folder, file, "-o", out)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "20 of 20 trials decoded" in result.stdout
    own = pd.read_parquet(finished / "evaluate" / "01" / "predictions.parquet")
    own = own.query("model == 'ACM+TS+SVM' and split == 'cross_session' and session == '1'")
    found = pd.read_parquet(out)
    for name in ("left_hand", "right_hand"):
        mine = found[found["candidate"] == name].sort_values("trial")["score"]
        assert mine.tolist() == own[f"score_{name}"].tolist()
