"""Faults that show when folds are made: rows 14 (one class in a fold) and 15 (one session)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.faults import DataFault
from neurodecode.riemann.protocols import fit_unit
from neurodecode.signals import write_store


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Return a writer of stores; nothing may be fitted on them."""
    monkeypatch.setattr(
        "neurodecode.riemann.protocols.fit_folds", lambda *_, **__: pytest.fail("a fit was tried")
    )

    def write(subject, **sessions):
        labels = [label for session in sessions.values() for label in session]
        names = [name.lstrip("s") for name, session in sessions.items() for _ in session]
        signals = np.random.default_rng(0).standard_normal((len(labels), 3, 50))
        table = pd.DataFrame({"subject": subject, "session": names, "label": labels})
        table["run"], table["trial"] = "0", range(len(table))
        info = {"channels": ["C3", "Cz", "C4"], "sfreq": 100.0}
        return write_store(tmp_path / subject, signals, table, info).folder

    return write


def fault(config, stores, name):
    with pytest.raises(DataFault) as caught:
        fit_unit(config, stores, name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


BOTH = ["left", "right"] * 4


@pytest.mark.fault(14, "acm")
def test_row_14_a_session_of_one_class_is_named_with_the_counts(store, experiment, tmp_path):
    config = experiment(tmp_path, evaluation={"protocols": ["cross_session"]})
    line = fault(config, [store("01", s0=BOTH, s1=["left"] * 8)], "01")
    assert "too few trials of class right (left: 8, right: 0)" in line
    assert "subject 01, session 0, training part" in line


@pytest.mark.fault(14, "acm")
def test_row_14_too_few_trials_for_the_folds_are_told_before_any_fit(store, experiment, tmp_path):
    config = experiment(tmp_path, evaluation={"n_splits": 5})
    line = fault(config, [store("01", s0=[*["left"] * 8, "right", "right"])], "01")
    assert "too few trials of class right (left: 8, right: 2)" in line
    assert "each of 5 folds" in line
    assert "fewer folds" in line


@pytest.mark.fault(14, "acm")
def test_row_14_a_subject_of_one_class_has_nothing_to_decode(store, experiment, tmp_path):
    line = fault(experiment(tmp_path), [store("01", s0=["left"] * 8)], "01")
    assert "a single class, left: nothing to decode" in line


@pytest.mark.fault(15, "acm")
def test_row_15_a_single_session_is_told_with_what_is_possible(store, experiment, tmp_path):
    config = experiment(tmp_path, evaluation={"protocols": ["cross_session"]})
    line = fault(config, [store("01", s0=BOTH)], "01")
    assert "cross_session needs two sessions, there is one [subject 01]" in line
    assert line.endswith("possible here: within_session")


@pytest.mark.fault(15, "acm")
def test_row_15_a_single_subject_is_told_with_what_is_possible(store, experiment, tmp_path):
    config = experiment(tmp_path, evaluation={"protocols": ["cross_subject"]})
    line = fault(config, [store("01", s0=BOTH, s1=BOTH)], "01")
    assert "cross_subject needs two subjects, there is one [subject 01]" in line
    assert "possible here: within_session; cross_session" in line


def test_row_15_no_protocol_is_fitted_before_all_have_their_folds(store, experiment, tmp_path):
    protocols = ["within_session", "cross_session"]
    config = experiment(tmp_path, evaluation={"protocols": protocols, "n_splits": 2})
    assert "cross_session needs two sessions" in fault(config, [store("01", s0=BOTH)], "01")
