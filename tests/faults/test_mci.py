"""Faults of tables of brain measures, as somebody with a table of their own meets them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

MINE = """
description: my own table
data: {dataset: local}
cohort: {field_strength: null}
groups: [control, case]
classifiers: [gaussian nb]
"""
SPOILT = "p07"


@pytest.fixture
def table():
    """Return plausible measures of forty people, a row each."""
    rng = np.random.default_rng(0)
    n = 40
    return pd.DataFrame({
        "subject": [f"p{k:02d}" for k in range(n)], "group": np.arange(n) % 2,
        "age": rng.uniform(60, 85, n).round(1), "sex": rng.integers(0, 2, n),
        "etiv": rng.normal(1.5e6, 1e5, n).round(), "site": "a",
        "left_hippocampus_volume": rng.normal(3800, 300, n).round(1),
        "right_hippocampus_volume": rng.normal(3900, 300, n).round(1),
        "lh_entorhinal_thickness": rng.normal(3.3, 0.2, n).round(3),
    })  # fmt: skip


@pytest.fixture
def line_of(tmp_path, typed):
    """Return a function that runs the experiment on a table and returns its user's one line.

    ``code``: 1 where a job failed, 2 where nothing was begun.
    """

    def run(table, *settings, code=1, until="prepare"):
        (tmp_path / "mine.yaml").write_text(MINE)
        table.to_csv(tmp_path / "measures.csv", index=False)
        overrides = [word for setting in settings for word in ("--set", setting)]
        result = typed("run", "mci", tmp_path / "mine.yaml", "--out", tmp_path / "run",
                         "--set", f"data.path={tmp_path / 'measures.csv'}",
                         "--until", until, *overrides)  # fmt: skip
        said = result.stdout + result.stderr
        assert result.returncode == code, said
        assert "Traceback" not in said
        lines = [line for line in said.splitlines() if line.startswith("error:")]
        assert len(lines) == 1, said
        assert " -> " in lines[0] or "did you mean" in lines[0]
        return lines[0]

    return run


def visits(table, **columns):
    """Return the table as first visits, and a second visit without scan two years later."""
    first = table.drop(columns="group").assign(
        day=0, impaired=0, scan=[f"{s}_1" for s in table["subject"]], **columns
    )
    later = first[["subject"]].assign(day=2200, impaired=table["group"], scan="")
    return pd.concat([first, later], ignore_index=True)


@pytest.mark.fault(12, "mci")
def test_a_renamed_column_is_answered_with_the_nearest_one(table, line_of):
    line = line_of(table, "data.options={columns: {age: age_years}}")
    assert "no column 'age_years'" in line
    assert "'age'" in line


def test_a_missing_covariate_is_named(table, line_of):
    line = line_of(table.drop(columns="etiv"))
    assert "unknown column 'etiv'" in line
    assert "rename it in the table, or name another" in line


@pytest.mark.fault(5, "mci")
def test_volumes_in_cm3_are_recognised_by_their_size(table, line_of):
    volumes = [name for name in table if name.endswith("_volume")]
    table[volumes] = (table[volumes] / 1000).round(4)
    line = line_of(table)
    assert "left_hippocampus_volume and 1 more looks like cm3" in line
    assert "give units=convert" in line


def test_a_person_in_two_rows_is_named(table, line_of):
    twice = pd.concat([table, table[table["subject"] == SPOILT].assign(group=0)])
    line = line_of(twice)
    assert f"subject {SPOILT} occurs twice" in line
    assert "keep one row of each" in line


def test_one_scan_under_two_names_is_found_by_its_measures(table, line_of):
    row = table["subject"] == SPOILT
    copied = table[row].assign(subject="p99", age=71)
    line = line_of(pd.concat([table, copied]))
    assert f"the same measures of {SPOILT} and p99" in line
    assert "would leak" in line


def test_a_scan_that_is_named_twice_is_found(table, line_of):
    found = visits(table)
    line = line_of(pd.concat([found, found[found["scan"] == f"{SPOILT}_1"]]))
    assert f"subject {SPOILT}" in line
    assert "this scan is named twice" in line


def test_a_person_in_both_groups_is_named(table, line_of):
    both = visits(table, group=table["group"])
    later = (both["subject"] == SPOILT) & (both["scan"] == "")
    both.loc[later, "group"] = 1 - table.loc[table["subject"] == SPOILT, "group"].iloc[0]
    line = line_of(both)
    assert f"subject {SPOILT} is in both groups" in line


def test_unknown_follow_up_is_said(table, line_of):
    found = visits(table)
    line = line_of(found[found["scan"] != ""])
    assert "follow-up unknown: nobody has diagnoses on two days" in line
    assert "add the table of later diagnoses" in line


@pytest.mark.fault(14, "mci")
def test_one_class_left_after_filtering_is_said_with_what_the_steps_left_out(table, line_of):
    line = line_of(visits(table), "cohort.years=3", "cohort.minimum_follow_up=3")
    assert "no case is left" in line
    assert "impaired later than 3 years: 20" in line


def test_people_without_age_are_counted_with_both_ways_to_go_on(table, line_of):
    table.loc[table["subject"] == SPOILT, "age"] = np.nan
    line = line_of(table)
    assert f"1 of 40 people lack age, sex, etiv; first: subject {SPOILT}, age" in line
    assert "cohort.missing_covariates=drop" in line


def test_a_file_that_is_not_there_is_named(table, line_of, tmp_path):
    line = line_of(table, f"data.path={tmp_path / 'nowhere.csv'}")
    assert "file or folder not found" in line
    assert "nowhere.csv" in line


def test_wrong_names_are_answered_before_anything_runs(table, line_of):
    line = line_of(table, "classifiers=[gaussian nbs]", code=2)
    assert "unknown classifier 'gaussian nbs', did you mean 'gaussian nb'?" in line
    line = line_of(table, "cohort.label=sex", code=2)
    assert "sex is told apart, so it cannot be regressed out" in line


@pytest.mark.fault(3, "mci")
def test_row_3_measures_that_are_the_same_in_everybody_stop_the_run(table, line_of):
    same = {"left_hippocampus_volume": 3800, "right_hippocampus_volume": 3900}
    line = line_of(table.assign(**same).drop(columns="lh_entorhinal_thickness"))
    assert "no measure differs between people: left_hippocampus_volume" in line
    assert "check the table" in line


@pytest.mark.fault(15, "mci")
def test_row_15_a_single_site_is_told_with_what_is_possible(table, line_of):
    line = line_of(table, "forms=[sites]", until="train")
    assert "site" in line
