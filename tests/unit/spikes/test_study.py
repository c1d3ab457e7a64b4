"""A study reads its stores, divides windows, and lets nothing cross that must not."""

from __future__ import annotations

import numpy as np
import pytest

import neurodecode.spikes.study as module
from neurodecode.evaluation.audit import AuditRow
from neurodecode.faults import DataFault, LeakFault
from neurodecode.spikes.preparation import STORE, describe
from neurodecode.spikes.study import valid_rows

TRIALS = {"protocol": "trial_wise", "targets": ["odour"], "split": {"n_folds": 4, "folds": "all"}}


def test_what_was_stored_comes_back(study, session):
    one = session(notes=("remarkable",))
    found = study(one).sessions("01")[0].session
    np.testing.assert_array_equal(found.times, one.times)
    assert list(found.behaviour) == ["speed", "side"]
    assert found.behaviour["side"].is_class
    assert found.notes == ("remarkable",)


def test_a_session_is_described_for_the_report(session, trials):
    said = describe(session(trials=trials()))
    assert (said["units"], said["trials"], said["behaviour"]) == (4, 8, ["speed", "side"])
    assert said["rate_hz"] == pytest.approx(said["spikes"] / 4 / 24)


def test_a_subject_may_have_several_sessions(study, session):
    made = study(session(), session(session="b", seed=1, n_units=6))
    assert [one.label for one in made.sessions("01")] == ["sub-01_ses-a", "sub-01_ses-b"]
    assert (made.folders["01"] / STORE).is_file()


def test_held_out_blocks_share_no_moment_with_training(study):
    made = study(split={"n_blocks": 10, "folds": "all", "gap_seconds": 0.2})
    recorded = made.sessions("01")[0]
    folds = made.folds(recorded)
    assert len(folds) == 5
    tested = np.concatenate([fold.test for fold in folds])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(recorded.windows)))
    table = recorded.windows
    for fold in folds:
        for row in fold.test:
            near = (table["seen_stop"] > table["seen_start"][row] - 0.2 + 1e-9) & (
                table["seen_start"] < table["seen_stop"][row] + 0.2 - 1e-9
            )
            assert not near.iloc[fold.train].any()
    assert all(row.overlap == 0 for row in made.audit())


def test_only_the_folds_that_are_asked_for_are_run(study):
    some = study(split={"n_blocks": 10, "folds": [1, 3], "gap_seconds": 0.2})
    assert [fold.name for fold in some.folds(some.sessions("01")[0])] == ["fold 1", "fold 3"]


def test_trials_are_held_out_whole_and_stratified(study, session, trials):
    made = study(session(trials=trials()), **{**TRIALS, "split": {
        "n_folds": 4, "folds": "all", "stratify": "odour"}})  # fmt: skip
    recorded = made.sessions("01")[0]
    for fold in made.folds(recorded):
        parts = [set(recorded.windows["trial"].iloc[rows]) for rows in (fold.train, fold.test)]
        assert not parts[0] & parts[1]
        assert set(recorded.windows["odour"].iloc[fold.test]) == {"mint", "rose"}


def test_the_released_draw_leaks_and_its_audit_says_so(study):
    made = study(protocol="random_windows", split={"n_blocks": 10, "folds": [0, 1]})
    folds = made.folds(made.sessions("01")[0])
    assert len(folds) == 1
    rows = made.audit()
    assert all("neighbouring windows" in row.leaks for row in rows)
    assert max(row.overlap for row in rows) > 0
    np.testing.assert_array_equal(valid_rows(folds[0]), folds[0].test)  # as released


def test_a_leak_stops_the_split(study, monkeypatch):
    made = study()
    row = AuditRow("blocked_time", "fold 0", "time_block", 9, 1, 9, 1, 1, ("block 3",), None)
    monkeypatch.setattr(module, "audit_spikes", lambda *_: [row])
    with pytest.raises(LeakFault, match="block 3"):
        made.folds(made.sessions("01")[0])


def test_too_few_trials_for_the_folds_are_counted(study, session, trials):
    made = study(session(trials=trials(n=3)), **TRIALS)
    with pytest.raises(DataFault, match="3 trials for 4 folds"):
        made.folds(made.sessions("01")[0])
