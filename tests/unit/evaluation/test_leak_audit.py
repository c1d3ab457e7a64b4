import numpy as np
import pandas as pd
import pytest

from neurodecode.evaluation import (
    PROTOCOLS,
    Fold,
    assert_no_leak,
    audit_folds,
    audit_frame,
    cross_subject,
    hash_signals,
    random_trials,
    signal_overlap,
    unit_keys,
)
from neurodecode.faults import DataFault, LeakFault


@pytest.fixture
def trials():
    return pd.DataFrame(
        {
            "subject": ["a", "a", "a", "b", "b", "b"],
            "session": ["0", "0", "1", "0", "0", "1"],
            "trial": [0, 1, 0, 0, 1, 0],
            "sentence": ["x", "y", "z", "x", "w", "v"],
            "label": [0, 1, 0, 1, 0, 1],
        }
    )


def _fold(train, test):
    return Fold(np.array(train), np.array(test), "fold 0")


def test_audit_counts_units_on_each_side_and_on_both(trials):
    rows = audit_folds(
        [_fold([0, 1, 2], [3, 4, 5])], trials, ["subject", "sentence"], split="cross_subject"
    )
    subject, sentence = rows
    assert (subject.n_units_train, subject.n_units_test, subject.overlap) == (1, 1, 0)
    assert (sentence.n_train, sentence.n_test) == (3, 3)
    assert (sentence.n_units_train, sentence.n_units_test, sentence.overlap) == (3, 3, 1)
    assert sentence.examples == ("x",)


def test_session_of_two_subjects_is_two_sessions(trials):
    row = audit_folds([_fold([0, 1, 2], [3, 4, 5])], trials, "session")[0]
    assert (row.n_units_train, row.overlap) == (2, 0)
    assert unit_keys(trials, "session")[2] == "subject a, session 1"


def test_leak_stops_the_run_and_names_unit_fold_and_examples(trials):
    rows = audit_folds([_fold([0, 1, 2], [3, 4, 5])], trials, "sentence", split="cross_subject")
    with pytest.raises(LeakFault, match=r"1 sentence in both.*: x.*split cross_subject, fold 0"):
        assert_no_leak(rows)
    assert_no_leak(audit_folds(cross_subject(trials), trials, "subject"))


def test_declared_leak_is_shown_but_does_not_stop_the_run(trials):
    leaks = PROTOCOLS["random_trials"].leaks
    folds = random_trials(trials, n_splits=3)
    rows = audit_folds(folds, trials, "subject", split="random_trials", leaks=leaks)
    assert sum(row.overlap for row in rows) > 0
    assert_no_leak(rows)
    assert set(audit_frame(rows)["leaks"]) == {leaks}


def test_same_signal_under_two_names_is_found_by_content(trials):
    signals = np.random.default_rng(0).normal(size=(6, 3, 10)).astype(np.float32)
    folds = [_fold([0, 1, 2], [3, 4, 5])]
    assert_no_leak(signal_overlap(hash_signals(signals), folds))
    signals[4] = signals[1]
    rows = signal_overlap(hash_signals(signals), folds, split="cross_subject")
    assert (rows[0].overlap, rows[0].examples) == (1, ("rows 1 and 4",))
    with pytest.raises(LeakFault, match=r"signal content in both.*rows 1 and 4"):
        assert_no_leak(rows)


def test_declared_leak_does_not_excuse_duplicated_signals():
    rows = signal_overlap(["h", "h"], [_fold([0], [1])], leaks="sessions are shared")
    with pytest.raises(LeakFault):
        assert_no_leak(rows)


def test_hash_depends_on_every_sample_and_on_the_shape():
    signal = np.zeros((1, 2, 4))
    changed = signal.copy()
    changed[0, 1, 3] = 1e-300
    hashes = [hash_signals(s)[0] for s in (signal, changed, signal.reshape(1, 4, 2))]
    assert len(set(hashes)) == 3
    assert len(hashes[0]) == 64


def test_strided_signals_hash_like_their_copy():
    signals = np.random.default_rng(0).normal(size=(4, 6, 8))[:, ::2, ::-1]
    assert hash_signals(signals) == hash_signals(signals.copy())


def test_unit_without_a_column_is_a_fault_and_rows_are_trials_by_default(trials):
    with pytest.raises(DataFault, match="no column 'clip'"):
        audit_folds([], trials, "clip")
    assert unit_keys(trials.drop(columns="trial"), "trial")[3] == "row 3"
