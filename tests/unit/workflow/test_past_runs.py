"""Every run is listed with what it is: also one that failed, was killed, or cannot be read."""

from __future__ import annotations

import json

import pytest

from neurodecode.workflow.past_runs import Score, past_runs
from neurodecode.workflow.tables import show_runs


def by_name(reports):
    return {run.name: run for run in past_runs(reports)}


def test_the_newest_run_is_first_and_unreadable_ones_are_last(reports):
    names = [run.name for run in past_runs(reports)]
    assert names[:2] == ["mci/better", "mci/demo"]
    assert {name.split("/")[0] for name in names[-2:]} == {"old"}


@pytest.mark.parametrize(
    ("name", "status", "current"),
    [
        ("mci/demo", "complete", True),
        ("mci/failed", "failed", False),
        ("acm/killed", "interrupted", False),
        ("acm/now", "running", False),
        ("acm/again", "failed", False),
    ],
)
def test_the_status_is_what_became_of_the_run(reports, name, status, current):
    run = by_name(reports)[name]
    assert (run.status, run.is_current) == (status, current)


def test_a_run_of_another_computer_is_taken_to_be_at_work(reports):
    holder = reports / "acm" / "now" / "run.lock.json"
    holder.write_text(json.dumps({"pid": 2**22 + 1, "host": "another"}))
    assert by_name(reports)["acm/now"].status == "running"
    holder.write_text("[]")
    assert by_name(reports)["acm/now"].status == "interrupted"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"pipeline": "acm"', "not a whole JSON file"),
        ("[1, 2]", "no table of entries"),
        ('{"pipeline": "acm"}', "entry 'experiment': field required"),
        ('{"pipeline": "a", "experiment": "b", "status": "complete", "started": "2026",'
         ' "headline": {"metric": "AUC"}}', "entry 'headline.value'"),
        ('{"pipeline": "a", "experiment": "b", "status": "complete", "started": "2026",'
         ' "headline": {"metric": "AUC", "value": NaN}}', "entry 'headline.value'"),
    ],
)  # fmt: skip
def test_a_broken_or_older_record_says_what_is_wrong_with_it(write_run, text, problem):
    folder = write_run("acm/demo")
    (folder / "run.json").write_text(text)
    (run,) = past_runs(folder.parents[1])
    assert (run.status, run.record, run.score) == ("unreadable", None, None)
    assert problem in run.problem


def test_a_run_json_that_is_no_file_is_unreadable(write_run):
    folder = write_run("acm/demo")
    (folder / "run.json").unlink()
    (folder / "run.json").mkdir()
    (run,) = past_runs(folder.parents[1])
    assert "cannot be read" in run.problem


def test_bounds_that_are_missing_or_of_a_single_value_are_no_interval():
    whole = Score(metric="AUC", value=0.5, ci_low=0.4, ci_high=0.6, n=3)
    assert whole.text == "0.500 [0.400, 0.600]"
    for changed in ({"ci_low": None}, {"ci_high": None}, {"n": 1}):
        score = whole.model_copy(update=changed)
        assert score.interval is None
        assert score.text == "0.500, no interval"


def test_the_table_lists_every_run_without_a_traceback(reports, capsys, monkeypatch):
    monkeypatch.setattr("neurodecode.workflow.tables.console.width", 250)
    show_runs(reports, page=True)
    said = capsys.readouterr().out
    assert "0.630 [0.560, 0.700] of an earlier run" in said
    assert "0.630, no interval" in said
    assert said.count("unreadable") == 2
    assert "<b>form" in said
    assert (reports / "index.html").is_file()
