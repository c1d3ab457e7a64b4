"""A control decoder is judged by chance, and only where it can be judged."""

from __future__ import annotations

import pandas as pd
import pytest

from neurodecode.evaluation.control import control_at_chance


def rows_of(values, chance=0.5):
    row = {"model": "control", "split": "here", "chance": chance}
    group = {**row, "level": "group", "value": 0.9}
    return pd.DataFrame([{**row, "level": "subject", "value": v} for v in values] + [group])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.44, 0.53, 0.5, 0.56, 0.48, 0.51], "at chance, as it must"),
        ([0.58, 0.63, 0.6, 0.57, 0.62, 0.59], "NOT at chance"),
        ([0.4, 0.37, 0.41, 0.39, 0.42, 0.38], "NOT at chance"),
        ([0.7, 0.7, 0.7, 0.7], "4 subjects are too few to judge"),
        ([0.7], "1 subject is too few to judge"),
    ],
)
def test_the_control_is_judged_by_its_99_percent_interval_over_subjects(values, words):
    said = control_at_chance(rows_of(values), "control", "here", "on permuted labels")
    assert words in said
    assert "trained on permuted labels" in said


def test_chance_is_the_rows_own():
    values = [0.01, 0.02, 0.0, 0.015, 0.012, 0.008]
    assert "at chance, as" in control_at_chance(rows_of(values, 0.01), "control", "here", "x")
    assert "NOT" in control_at_chance(rows_of(values, 0.05), "control", "here", "x")


def test_the_mean_is_over_subjects_and_not_the_group_row():
    assert "scores 0.700" in control_at_chance(rows_of([0.6, 0.8]), "control", "here", "x")


@pytest.mark.parametrize(("model", "split"), [("other", "here"), ("control", "elsewhere")])
def test_nothing_is_said_of_a_control_that_was_not_run(model, split):
    assert control_at_chance(rows_of([0.5] * 6), model, split, "x") is None
